"""Sentences found by their vectors: an index on disk, exact and approximate search, mining, retrieval scores."""
