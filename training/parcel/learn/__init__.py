"""The networks that learn from them, and how they are checked and shipped."""
