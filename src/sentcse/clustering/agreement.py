"""How far clusters agree with labels that were given."""

from __future__ import annotations

from collections.abc import Sequence

from sentcse.clustering.partition import Assigned


def agreement(assigned: Assigned, labels: Sequence[str]) -> dict[str, float]:
    """Purity, normalised mutual information and adjusted Rand index, each at most 1.

    Purity is the share of sentences whose label is the most frequent one of their cluster: it grows with the number of
    clusters. The others do not; the adjusted Rand index is 0 on average where clusters are drawn by chance. Noise
    counts as a cluster of its own.
    """
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
    from sklearn.metrics.cluster import contingency_matrix

    table = contingency_matrix(labels, assigned)
    return {
        "purity": float(table.max(axis=0).sum() / table.sum()),
        "nmi": float(normalized_mutual_info_score(labels, assigned)),
        "ari": float(adjusted_rand_score(labels, assigned)),
    }
