from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sweeping import results

from sentcse.errors import SentcseError
from sentcse.records.checked_json import checked
from sentcse.records.contents import RESULTS


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"seconds": "12"}, "is damaged: seconds should be a valid number, got '12'"),
        ({"seconds": float("nan")}, "is damaged: seconds should be a finite number, got nan"),
        ({"best": {"step": 1.5}}, "is damaged: best step must be a whole number, but is 1.5"),
        ({"best": {"step": 1, "stsb_dev": "80"}}, "is damaged: best stsb_dev must be a finite number or null"),
        ({"best": {"step": 1, "stsb_dev": float("inf")}}, "is damaged: best stsb_dev must be a finite number"),
        ({"best": {"step": 1, "stsb_dev": 10**400}}, "is damaged: best stsb_dev must be a finite number"),
        ({"best": 1}, "is damaged: best should be a valid dictionary, got 1"),
        ({"test": {"stsb": 1.0}}, "is damaged: test.stsb should be a valid dictionary"),
        ({"test": {"../stsb": {"spearman": 1.0, "pairs": 1}}}, r"is damaged: test\.\.\./stsb"),
        ({"data": {"source": "a", "sha256": "b", "sentences": "64"}}, "is damaged: data.sentences should be a valid"),
        ({"data": {}}, "is damaged: data.source, data.sha256, data.sentences is missing in it"),
        ({"versions": [1]}, "is damaged: versions should be a valid dictionary"),
    ],
)
def test_what_is_of_another_shape_is_named(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SentcseError, match=sentence):
        checked({**results(), **changes}, RESULTS, Path("results.json"))
