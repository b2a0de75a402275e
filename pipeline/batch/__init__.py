"""Many files: where they come from, and how they are worked off."""
