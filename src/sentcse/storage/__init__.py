"""Encoders and language models: in from folders, checkpoints and the hub, out to them."""
