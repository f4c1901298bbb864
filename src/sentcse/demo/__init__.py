"""A page to try encoders on: search as one types, cosines of pasted sentences, a map of clusters."""
