"""One file, one question about the footage. A new file here is a new detector: nothing is registered by hand."""
