"""Rendered parcels, and the networks that learn from them how a parcel lies."""
