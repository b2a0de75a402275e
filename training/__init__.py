"""How the learned numbers were made: draw edits into honest takes, measure each interval, fit, export."""
