"""How footage moves: the table of motion, what stands out in it, trees grown on drawn edits."""
