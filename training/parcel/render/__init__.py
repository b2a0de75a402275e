"""Parcels in hands and on tables, drawn by code with their truth."""
