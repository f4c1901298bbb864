"""Texts into vectors, whatever they come in, and cosines between them."""
