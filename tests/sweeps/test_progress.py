from __future__ import annotations

import threading
from collections.abc import Hashable
from pathlib import Path

import pytest
from composing import checked

from sentcse.records.outcomes import JobOutcome, Outcomes
from sentcse.records.run_folder import RunFolder
from sentcse.records.run_lock import locked
from sentcse.records.sweep_record import Job
from sentcse.sweeps import progress
from sentcse.sweeps.progress import Progress, duration_kind, expected_seconds, in_words, seconds_left


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


class Clock:
    """Seconds that pass when it is told so."""

    def __init__(self) -> None:
        self.now = 50.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    return clock


@pytest.fixture
def outcomes(tmp_path: Path) -> Outcomes:
    return Outcomes(tmp_path / "sweep")


def job(root: Path, seed: int, *more: str) -> Job:
    config = checked("experiment=simcse_bert", f"seed={seed}", f"runs.root={root}", *more)
    return Job(seed, (), {}, config, RunFolder(config), None)


def jobs(root: Path, count: int) -> list[Job]:
    return [job(root, seed) for seed in range(1, count + 1)]


def name(job: Job) -> str:
    assert job.run is not None
    return job.run.name


def said(watched: Progress, capsys: pytest.CaptureFixture[str]) -> list[str]:
    watched.look()
    return capsys.readouterr().out.splitlines()


def test_a_line_for_each_job_that_ended_and_none_twice(
    tmp_path: Path, clock: Clock, outcomes: Outcomes, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two, three = jobs(tmp_path, 3)
    watched = Progress([one, two, three], {}, outcomes, total=4)
    assert said(watched, capsys) == []
    clock.now += 10
    outcomes.write(name(one), JobOutcome("done", None, 10.0))
    assert said(watched, capsys) == [f"job 1 of 4 done after 10 s, about 20 s left: {name(one)}"]
    assert said(watched, capsys) == []
    clock.now += 4
    outcomes.write(name(two), JobOutcome("failed", "The disk is full.", 4.0))
    # what failed says nothing of how long the others take
    assert said(watched, capsys) == [f"job 2 of 4 failed after 4 s, about 14 s left: {name(two)}: The disk is full."]
    outcomes.write(name(three), JobOutcome("done", None, 9.0))
    assert said(watched, capsys) == [f"job 3 of 4 done after 9 s, none left: {name(three)}"]


def test_jobs_of_earlier_sittings_are_counted_and_not_awaited(
    tmp_path: Path, clock: Clock, outcomes: Outcomes, capsys: pytest.CaptureFixture[str]
) -> None:
    before, now, later = jobs(tmp_path, 3)
    watched = Progress([before, now, later], {name(before): 20.0}, outcomes, total=3)
    clock.now += 40
    outcomes.write(name(now), JobOutcome("done", None, 20.0))
    # half of the time went by between the jobs
    assert said(watched, capsys) == [f"job 2 of 3 (1 were done before) done after 20 s, about 40 s left: {name(now)}"]


def test_a_job_that_another_process_trains_has_not_ended(
    tmp_path: Path, clock: Clock, outcomes: Outcomes, capsys: pytest.CaptureFixture[str]
) -> None:
    (busy,) = jobs(tmp_path, 1)
    outcomes.write(name(busy), JobOutcome("busy", None, 0.1))
    watched = Progress([busy], {}, outcomes, total=1)
    assert said(watched, capsys) == []
    assert watched.left() == "time left unknown"


def test_a_continued_job_is_not_what_the_others_take(tmp_path: Path, clock: Clock, outcomes: Outcomes) -> None:
    done, continued, waiting = jobs(tmp_path, 3)
    watched = Progress([done, continued, waiting], {name(done): 50.0}, outcomes, total=3, continued=[name(continued)])
    clock.now += 5
    outcomes.write(name(continued), JobOutcome("done", None, 5.0))
    watched.look()
    assert watched.left() == "about 50 s left"


def test_a_kind_that_has_not_been_timed_is_a_guess(tmp_path: Path, clock: Clock, outcomes: Outcomes) -> None:
    short, long = job(tmp_path, 1, "trainer.max_steps=5"), job(tmp_path, 2, "trainer.max_steps=500")
    watched = Progress([short, long], {}, outcomes, total=2)
    clock.now += 10
    outcomes.write(name(short), JobOutcome("done", None, 10.0))
    watched.look()
    assert watched.left() == "about 10 s left (a guess: not every kind of job has been timed)"


def test_who_runs_and_who_may_be_starting(tmp_path: Path, outcomes: Outcomes) -> None:
    fresh, begun, training, ended = jobs(tmp_path, 4)
    watched = Progress([fresh, begun, training, ended], {}, outcomes, total=4)
    for each in (begun, training, ended):
        outcomes.begin(name(each))
    outcomes.write(name(ended), JobOutcome("done", None, 1.0))
    assert [watched.has_begun(each) for each in (fresh, begun, training, ended)] == [False, True, True, True]
    assert training.run is not None
    training.run.mkdir(parents=True)
    with locked(training.run):
        for seconds, expected in ((60.0, [False, True, True, False]), (0.0, [False, False, True, False])):
            found = [watched.is_running(each, starting_seconds=seconds) for each in (fresh, begun, training, ended)]
            assert found == expected
    refused = Job(5, (), {}, None, None, "No such key.")
    assert not watched.has_begun(refused)
    assert not watched.is_running(refused, starting_seconds=60)


def test_jobs_of_other_processes_are_told_while_they_run(
    tmp_path: Path, outcomes: Outcomes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "POLL_SECONDS", 0.001)
    one, two = jobs(tmp_path, 2)
    watched, looked = Progress([one, two], {}, outcomes, total=2), threading.Event()
    look = Progress.look
    monkeypatch.setattr(Progress, "look", lambda self: (look(self), looked.set()))
    with watched.watched():
        outcomes.write(name(one), JobOutcome("done", None, 1.0))
        for _ in range(2):  # the first look may have begun before the outcome was there
            looked.clear()
            assert looked.wait(30)
        assert f"{name(one)}" in capsys.readouterr().out
        outcomes.write(name(two), JobOutcome("failed", "No.", 1.0))
    # the last look is taken when all have ended
    assert f"{name(two)}: No." in capsys.readouterr().out


def test_a_duration_depends_on_method_and_budget() -> None:
    def kind(*more: str) -> Hashable:
        return duration_kind(checked("method=simcse", "data=text", "data.path=x.txt", *more))

    steps, epochs = ("trainer.max_steps=5",), ("trainer.max_epochs=2",)
    # so many steps take as long whatever there is to see; epochs do not
    assert kind(*steps) == kind(*steps, "data.low_shot.size=64", "seed=3") == kind(*steps, *epochs)
    assert kind(*epochs) == kind(*epochs, "seed=3", "optimizer.learning_rate=1e-5")
    others = [kind(*steps), kind(*epochs), kind("trainer.max_epochs=3"), kind(*epochs, "data.low_shot.size=64")]
    others += [kind(*epochs, "data.low_shot.percent=1"), kind(*steps, "method=micse"), kind("trainer.max_steps=6")]
    assert len(set(others)) == len(others)
