from __future__ import annotations

import pytest

from sentcse.records.selecting import selecting_key, selecting_metric, selects_by_labels


@pytest.mark.parametrize(
    ("select", "metric", "key", "labels"),
    [
        ("stsb", "val/stsb_spearman", "stsb_dev", True),
        ("pairs", "val/pairs_spearman", "pairs_dev", True),
        ("info_nce", "val/info_nce", "info_nce", False),
        ("alignment_uniformity", "val/alignment_uniformity", "alignment_uniformity", False),
        ("rtd_accuracy", "val/rtd_accuracy", "rtd_accuracy", False),
        ("last", None, None, False),
        (None, None, None, False),  # a generator's run
    ],
)
def test_what_selects(select: str | None, metric: str | None, key: str | None, labels: bool) -> None:
    assert (selecting_metric(select), selecting_key(select), selects_by_labels(select)) == (metric, key, labels)
