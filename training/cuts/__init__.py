"""How the trees of cuts are grown: draw edits into honest takes, measure each interval, fit."""
