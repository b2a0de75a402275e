"""Reading codes and print, and making numbers and facts of what was read."""
