"""Order IDs, tracking numbers and symbologies: forms, check digits, candidates, comparison."""
