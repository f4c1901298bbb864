"""A long training holds as much memory, as many files and as much disk at its end as in its middle."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from soak import Sample, Soaked, soak

SECONDS = float(os.environ.get("SENTCSE_SOAK_SECONDS", "30"))
"""1800 is the real one; docs/reliability.md has its figures."""


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 300)
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="what a process holds is read from /proc")
def test_a_training_does_not_grow(tmp_path: Path) -> None:
    found = soak(tmp_path, SECONDS)
    assert found.steps > 20
    assert found.flat, found


@pytest.mark.parametrize(
    ("after", "flat"),
    [
        (Sample(100_000, 10, 5_000), True),
        (Sample(101_000, 12, 9_000), True),
        (Sample(103_000, 10, 5_000), False),
        (Sample(100_000, 13, 5_000), False),
        (Sample(100_000, 10, 9_200), False),
    ],
)
def test_growth_is_seen(after: Sample, flat: bool) -> None:
    assert Soaked(30.0, 100, Sample(100_000, 10, 5_000), after, 1).flat is flat
