"""By what a run selects its step: the metric of metrics.csv, and the key in results.json."""

from __future__ import annotations

from sentcse.config.evaluation import LABEL_FREE, LAST
from sentcse.records.layout import VALIDATION, score_key, spearman_metric


def selecting_metric(select: str | None) -> str | None:
    """The metric that `evaluation.select` names; None where nothing is compared."""
    if select is None or select == LAST:
        return None
    return f"{VALIDATION}{select}" if select in LABEL_FREE else spearman_metric(select, "dev")


def selecting_key(select: str | None) -> str | None:
    """The key of the selecting score in `best` and `initial` of results.json; None where nothing is compared."""
    if select is None or select == LAST:
        return None
    return select if select in LABEL_FREE else score_key(select, "dev")


def selects_by_labels(select: str | None) -> bool:
    """Whether the step was chosen by the Spearman of a dev task."""
    return select is not None and select not in (*LABEL_FREE, LAST)
