"""What runs inside the box, with hostile media, and nowhere else."""
