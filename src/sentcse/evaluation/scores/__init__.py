"""How it is scored: vectors, Spearman, geometry, transfer classifiers, MTEB."""
