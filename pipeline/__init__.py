"""The way of one submission: observe in the box, judge, say, render."""

__version__ = "0.2.0"
