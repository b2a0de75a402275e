"""Workers on a queue: the same work as a batch, on many machines."""
