from __future__ import annotations

import pytest

from sentcse.sweeps.progress import expected_seconds, in_words, seconds_left


def test_jobs_are_expected_to_take_what_their_like_took() -> None:
    kinds = ["short", "long", "short", "long", "other"]
    assert expected_seconds(kinds, {0: 10.0, 1: 40.0}) == [10, 40, 10, 40, 25]


def test_one_after_the_other() -> None:
    left = seconds_left(["a"] * 4, {0: 10.0}, worked={0: 10.0}, running={1: 0, 2: 0, 3: 0}, elapsed=10.0)
    assert left == pytest.approx(30)


def test_two_side_by_side_take_half() -> None:
    measured = {0: 10.0, 1: 10.0}
    left = seconds_left(["a"] * 4, measured, worked=measured, running={2: 0.0, 3: 0.0}, elapsed=10.0)
    assert left == pytest.approx(10)


def test_the_first_of_two_side_by_side_does_not_double_the_estimate() -> None:
    """Two of four equal jobs run; one has ended, the other is about to."""
    left = seconds_left(["a"] * 4, {0: 10.0}, worked={0: 10.0}, running={1: 10.0, 2: 0.0, 3: 0.0}, elapsed=10.0)
    assert left == pytest.approx(10)


def test_what_jobs_leave_out_is_counted() -> None:
    """Starting takes as long again as the job: the rest will take twice its time."""
    left = seconds_left(["a", "b", "b"], {0: 10.0, 1: 30.0}, worked={0: 10.0}, running={2: 0.0}, elapsed=20.0)
    assert left == pytest.approx(60)


def test_jobs_of_earlier_sittings_say_how_long_but_not_how_fast() -> None:
    left = seconds_left(["a", "b", "b"], {0: 10.0, 1: 50.0}, worked={0: 10.0}, running={2: 0.0}, elapsed=10.0)
    assert left == pytest.approx(50)


def test_a_continued_job_says_how_fast_but_not_how_long() -> None:
    """Job 1 had done most of its work in an earlier sitting."""
    left = seconds_left(["a", "a", "a"], {0: 50.0}, worked={1: 5.0}, running={2: 0.0}, elapsed=5.0)
    assert left == pytest.approx(50)


def test_a_job_beyond_its_time_is_about_to_end() -> None:
    left = seconds_left(["a", "a"], {0: 10.0}, worked={0: 10.0}, running={1: 40.0}, elapsed=50.0)
    assert left == 0


def test_nothing_is_known_before_a_job_is_done() -> None:
    assert seconds_left(["a", "a"], {}, worked={}, running={0: 3.0, 1: 0.0}, elapsed=5.0) is None
    assert in_words(None) == "time left unknown"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "about 1 s left"), (60, "about 60 s left"), (41 * 60, "about 41 min left"), (9000, "about 2.5 h left")],
)
def test_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
