"""Pace and bar, by a clock that the tests turn on."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from stopping import Stop

from sentcse.config import TrainConfig
from sentcse.records.layout import METRICS_FILE
from sentcse.records.metrics_file import read_series
from sentcse.records.run_folder import RunFolder
from sentcse.training import meters
from sentcse.training.dev_evaluation import EvaluationCallback
from sentcse.training.last_checkpoint import LastCheckpoint
from sentcse.training.meters import ProgressBar, RunningMeans, Throughput
from sentcse.training.periodic_evaluation import PeriodicEvaluation
from sentcse.training.run import train

Configure = Callable[..., TrainConfig]


class Clock:
    """Seconds that pass when it is told so."""

    def __init__(self) -> None:
        self.now = 100.0

    def perf_counter(self) -> float:
        return self.now


class Logged(dict[str, float]):
    """A module that keeps what is logged last."""

    device = torch.device("cpu")

    def log(self, name: str, value: float) -> None:
        self[name] = value


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(meters, "time", clock)
    return clock


def at_step(step: int, *, rate: float = 0.5, processes: int = 1) -> Any:
    optimizer = SimpleNamespace(param_groups=[{"lr": rate}])
    return SimpleNamespace(
        global_step=step, log_every_n_steps=2, world_size=processes, optimizers=[optimizer], callbacks=[]
    )


def train_batch(
    meter: Throughput, module: Any, step: int, clock: Clock, seconds: float, scored: float = 0.0, **options: Any
) -> None:
    """A batch of eight sentences that takes so long, after evaluations of `scored` seconds all together."""
    batch, trainer = {"input_ids": [None] * 8}, at_step(step - 1, **options)
    evaluation = EvaluationCallback([])
    evaluation.seconds = scored
    trainer.callbacks.append(evaluation)
    meter.on_train_batch_start(trainer, module, batch, 0)
    clock.now += seconds
    trainer.global_step, trainer.optimizers[0].param_groups[0]["lr"] = step, 0.0  # the schedule has moved on
    meter.on_train_batch_end(trainer, module, None, batch, 0)


def test_what_a_gpu_has_queued_is_waited_for_where_the_pace_is_logged(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    meter, module = started(clock), Logged()
    module.device = torch.device("cuda", 0)  # type: ignore[misc]

    def wait(device: torch.device) -> None:
        assert device == module.device
        clock.now += 3.0

    monkeypatch.setattr(torch.cuda, "synchronize", wait)
    for step in (1, 2):
        clock.now += 0.5  # to queue it
        meter.on_train_batch_end(at_step(step), module, None, {"input_ids": torch.zeros(8, 2, 5)}, step)
    assert module["train/sentences_per_second"] == 16 / 4.0  # one wait in two steps


def started(clock: Clock) -> Throughput:
    meter = Throughput()
    meter.on_train_start(at_step(0), None)  # type: ignore[arg-type]
    return meter


def test_sentences_by_second_leave_out_evaluations_and_not_the_loader(clock: Clock) -> None:
    meter, logged = started(clock), Logged()
    clock.now += 50  # the untrained encoder is scored
    train_batch(meter, logged, 1, clock, 1.0, scored=50)
    assert "train/sentences_per_second" not in logged  # Lightning logs every second step
    clock.now += 1000  # an evaluation
    clock.now += 4  # the loader is slow
    train_batch(meter, logged, 2, clock, 3.0, scored=1050)
    assert logged["train/sentences_per_second"] == 16 / 8
    # what was logged is not counted again
    train_batch(meter, logged, 3, clock, 1.0, scored=1050)
    train_batch(meter, logged, 4, clock, 1.0, scored=1050)
    assert logged["train/sentences_per_second"] == 8


def test_a_gpu_is_waited_for_where_a_row_is_due(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps are only queued there: the clock would run ahead of them."""
    waited: list[float] = []
    meter, logged = started(clock), Logged()
    logged.device = torch.device("cuda", 0)

    def synchronize(device: torch.device) -> None:
        clock.now += 10
        waited.append(clock.now)

    monkeypatch.setattr(torch.cuda, "synchronize", synchronize)
    train_batch(meter, logged, 1, clock, 1.0)
    assert waited == []
    train_batch(meter, logged, 2, clock, 1.0)
    assert len(waited) == 1
    assert logged["train/sentences_per_second"] == 16 / 12


def test_all_processes_count(clock: Clock) -> None:
    meter, logged = started(clock), Logged()
    train_batch(meter, logged, 2, clock, 2.0, processes=3)
    assert logged["train/sentences_per_second"] == 3 * 8 / 2


def test_the_rate_is_that_of_the_step_and_not_of_the_next(clock: Clock) -> None:
    meter, logged = started(clock), Logged()
    train_batch(meter, logged, 2, clock, 1.0, rate=0.25)
    assert logged["train/learning_rate"] == 0.25


def test_seconds_go_on_over_restarts(clock: Clock) -> None:
    meter = Throughput()
    clock.now += 50  # loading
    assert meter.total_seconds() == 0
    meter.on_train_start(at_step(0), None)  # type: ignore[arg-type]
    clock.now += 20
    assert meter.state_dict() == {"seconds": 20}
    again = Throughput()
    again.load_state_dict(meter.state_dict())
    assert again.total_seconds() == 20
    again.on_train_start(at_step(7), None)  # type: ignore[arg-type]
    clock.now += 5
    assert again.total_seconds() == 25


def count_batch(means: RunningMeans, module: Any, step: int, **logged: float) -> None:
    module.logged = {name: torch.tensor(value) for name, value in logged.items()}
    means.on_train_batch_end(at_step(step), module, None, None, 0)


def test_a_running_mean_is_of_every_batch_since_the_last_row() -> None:
    """Rows are due at steps 2 and 4; the second batch of step 2 is accumulated for step 3."""
    means, module = RunningMeans(), Logged()
    count_batch(means, module, 0, accuracy=5.0)
    count_batch(means, module, 1, accuracy=1.0)
    assert module == {}
    count_batch(means, module, 2, accuracy=3.0)
    assert module == {"accuracy_mean": 3.0}
    count_batch(means, module, 2, accuracy=10.0)
    count_batch(means, module, 3, accuracy=20.0)
    assert module == {"accuracy_mean": 3.0}
    again = RunningMeans()
    again.load_state_dict(means.state_dict())
    for each in (means, again):
        count_batch(each, module, 4, accuracy=60.0)
        assert module == {"accuracy_mean": 30.0}


def test_running_means_of_a_run_are_those_of_its_steps_however_often_it_stops(
    configure: Configure, stopped: Stop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def series(*words: str, stop: bool = False) -> dict[str, dict[int, float]]:
        config = configure("callbacks=running_means", "trainer.max_steps=6", *words)
        if stop:
            stopped(config, 5, RuntimeError("power cut"))
        train(config)
        return read_series(RunFolder(config).path / METRICS_FILE)

    monkeypatch.setattr(LastCheckpoint, "_is_time", lambda last, trainer: trainer.global_step == 4)
    single = series("name=single", "trainer.log_every_n_steps=1")
    by_three, stopped_run = (series(f"name={n}", "trainer.log_every_n_steps=3", stop=n == "b") for n in "ab")
    for name in ("loss", "info_nce", "positive_cosine", "negative_cosine"):
        steps, means = single[f"train/{name}"], by_three[f"train/{name}_mean"]
        assert means.keys() == {3, 6}
        assert means[3] == pytest.approx((steps[1] + steps[2] + steps[3]) / 3)
        assert means[6] == pytest.approx((steps[4] + steps[5] + steps[6]) / 3)
        assert means == stopped_run[f"train/{name}_mean"]


class Scored(PeriodicEvaluation):
    """An evaluation whose scores a test sets."""

    monitor = "val/pairs_spearman"

    def scores(self, pl_module: Any, *, initial: bool) -> dict[str, float]:
        raise AssertionError("not asked for")

    def line(self, metrics: dict[str, float]) -> str:
        raise AssertionError("not asked for")


class Held(Scored):
    """One whose smallest score is the best."""

    mode = "min"


def test_the_bar_shows_the_best_score_and_no_version() -> None:
    evaluation, logger = Scored(every_n_steps=5), SimpleNamespace(version="12345678")
    trainer: Any = SimpleNamespace(loggers=[logger], progress_bar_metrics={"train/loss": 0.5})
    bar, module = ProgressBar(evaluation), Any
    assert bar.figures(trainer, module) == {"loss": 0.5}  # type: ignore[arg-type]
    evaluation.best = {"step": 2, "score": 81.234}
    assert bar.figures(trainer, module) == {"loss": 0.5, "best": "81.23"}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "untrained", "shown"),
    [
        (Scored, 83.456, "81.23 (untrained 83.46)"),
        (Scored, 80.0, "81.23"),
        (Scored, None, "81.23"),
        (Held, 80.0, "81.23 (untrained 80.00)"),
        (Held, 83.0, "81.23"),
    ],
)
def test_the_bar_says_when_the_best_is_worse_than_the_untrained(
    kind: type[Scored], untrained: float | None, shown: str
) -> None:
    evaluation = kind(every_n_steps=5)
    evaluation.best, evaluation.initial = {"step": 2, "score": 81.234}, {"pairs_spearman": untrained}
    trainer: Any = SimpleNamespace(loggers=[], progress_bar_metrics={})
    assert ProgressBar(evaluation).figures(trainer, None)["best"] == shown  # type: ignore[arg-type]


def steps_shown(said: str) -> list[str]:
    """What stands at the end of the bars, such as 4/10."""
    return re.findall(r"(\d+/\d+) \[", said)


def test_one_bar_counts_the_steps_of_the_run_from_where_it_goes_on(
    configure: Configure, stopped: Stop, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty epochs of one batch; the second process begins at the checkpoint and takes only its own steps for time."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    words = ("data.low_shot.size=8", "trainer.max_epochs=20", "evaluation.every_n_steps=7", "trainer.progress=true")
    monkeypatch.setattr(LastCheckpoint, "_is_time", lambda last, trainer: trainer.global_step % 7 == 0)
    config = configure(*words)
    stopped(config, 16, RuntimeError("power cut"))
    first = capsys.readouterr().err
    assert steps_shown(first)[0] == "0/20"
    assert steps_shown(first)[-1] == "16/20"
    train(config)
    second = capsys.readouterr().err
    assert (steps_shown(second)[0], steps_shown(second)[-1]) == ("14/20", "20/20")
    assert "loss=" in second
    assert "best=" in second
    assert "Epoch" not in first + second


def test_a_further_process_shows_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    bar = ProgressBar(Scored(every_n_steps=5))
    bar.disable()
    trainer: Any = SimpleNamespace(estimated_stepping_batches=20, global_step=0)
    bar.on_train_start(trainer, None)  # type: ignore[arg-type]
    bar.on_train_batch_end(trainer, None, None, None, 0)  # type: ignore[arg-type]
    bar.teardown(trainer, None, "fit")  # type: ignore[arg-type]
    assert capsys.readouterr().err == ""
