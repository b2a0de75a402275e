"""Sample media drawn by our own code, with the truth beside them."""
