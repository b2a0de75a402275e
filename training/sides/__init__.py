"""Six sides: rendered parcels and the nets that learn a parcel's orientation from them. Recipe, never part of the product."""
