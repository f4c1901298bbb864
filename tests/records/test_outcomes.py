"""What became of a sweep's jobs, in this sitting."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from sentcse.records.outcomes import JobOutcome, Outcomes


def test_an_outcome_is_read_back_until_it_is_forgotten_or_damaged(tmp_path: Path) -> None:
    outcomes = Outcomes(tmp_path)
    assert outcomes.read("run") is None
    outcomes.write("run", JobOutcome("failed", "a reason", 1.5))
    assert outcomes.read("run") == JobOutcome("failed", "a reason", 1.5)
    assert not outcomes.is_busy("run")
    (outcomes.folder / "run.json").write_text('{"status"')
    assert outcomes.read("run") is None
    outcomes.forget("run")
    outcomes.forget("run")
    outcomes.write("run", JobOutcome("busy", None, 0.1))
    assert outcomes.is_busy("run")


def test_what_has_begun_is_known_sitting_by_sitting(tmp_path: Path) -> None:
    """A folder of an earlier sitting does not say that a job has begun in this one."""
    outcomes = Outcomes(tmp_path)
    assert not outcomes.has_begun("a")
    outcomes.begin("a")
    assert outcomes.has_begun("a")
    assert outcomes.read("a") is None
    outcomes.forget("a")
    assert not outcomes.has_begun("a")
    outcomes.write("a", JobOutcome("failed", "no", 1.0))
    assert outcomes.has_begun("a")


def test_a_job_is_open_from_its_begin_to_its_end(tmp_path: Path) -> None:
    outcomes = Outcomes(tmp_path)
    seen = [outcomes.is_open("a")]
    for step in (outcomes.begin, lambda run: outcomes.write(run, JobOutcome("done", None, 2.0)), outcomes.forget):
        step("a")
        seen.append(outcomes.is_open("a"))
    assert seen == [False, True, False, False]
    assert not outcomes.has_begun("b")


def test_seconds_since_a_begin(tmp_path: Path) -> None:
    outcomes = Outcomes(tmp_path)
    assert outcomes.seconds_since_begin("a") == 0
    outcomes.begin("a")
    (file,) = outcomes.folder.iterdir()
    for moment, least, most in ((time.time() - 100, 100, 200), (time.time() + 1000, 0, 0)):
        os.utime(file, (moment, moment))
        assert least <= outcomes.seconds_since_begin("a") <= most


@pytest.mark.parametrize("text", ["[]", "null", '{"status": "well", "reason": null, "seconds": 1.0}', '{"format": 2}'])
def test_an_outcome_of_another_shape_is_none(tmp_path: Path, text: str) -> None:
    outcomes = Outcomes(tmp_path)
    outcomes.begin("a")
    (outcomes.folder / "a.json").write_text(text)
    assert outcomes.read("a") is None
    assert outcomes.is_open("a")
