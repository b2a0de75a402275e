"""The box: the child that reads media, the protocol with it, and who asks it."""
