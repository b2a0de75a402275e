"""The seller's side: a copy that fits an upload form, nothing cut, bound to its original."""
