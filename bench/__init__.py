"""Measuring parcelproof: speed as a ratio against bare decoding and a peer."""
