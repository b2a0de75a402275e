"""From observations to a report: pure, no media, no clock, no network, integers only."""
