"""What stands in the bytes of a file: boxes of ISO media, headers of coded pictures."""
