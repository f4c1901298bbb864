"""Studies of made runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from made_runs import Made, make_runs

from sentcse.studies.collect import collect
from sentcse.studies.part import Part
from sentcse.studies.study import Study


@pytest.fixture
def study_of(tmp_path: Path) -> Callable[[Iterable[Made]], Study]:
    """The study of these runs, and of those that the test has made before."""

    def study_of(runs: Iterable[Made]) -> Study:
        make_runs(tmp_path, runs)
        return collect([tmp_path])

    return study_of


@pytest.fixture
def part_of(study_of: Callable[[Iterable[Made]], Study]) -> Callable[[Iterable[Made]], Part]:
    """The only part of that study."""

    def part_of(runs: Iterable[Made]) -> Part:
        (part,) = study_of(runs).parts
        return part

    return part_of
