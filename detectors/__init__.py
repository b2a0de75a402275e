"""One file, one question about the footage: a new file here is a new detector."""
