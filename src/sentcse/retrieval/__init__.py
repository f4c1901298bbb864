"""Sentences found by their vectors: encoded corpora, indexes, exact and approximate search, mining, scores."""
