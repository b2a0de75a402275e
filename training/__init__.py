"""How the learned numbers were made: a project of its own, never part of the product."""
