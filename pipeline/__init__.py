"""The way of one submission: ingest, decode, fan out, link, weigh, judge, strength, report."""

__version__ = "0.1.0"
