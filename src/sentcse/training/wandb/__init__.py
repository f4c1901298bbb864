"""Weights & Biases: a run's identity there, what is sent, what is owed, panels."""
