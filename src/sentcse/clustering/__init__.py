"""Clusters of sentences: found, described in words and typical sentences, compared with labels, and drawn."""
