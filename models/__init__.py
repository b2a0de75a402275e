"""What is declared: records, policies, detector cards. Imports nothing of ours."""
