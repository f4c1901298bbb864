"""metrics.csv of a run that was killed just where a checkpoint took its place, and continued."""

from __future__ import annotations

import csv
import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sentcse.config import TrainConfig
from sentcse.records.run_folder import RunFolder
from sentcse.training.resuming import WholeFileCheckpointIO
from sentcse.training.run import train

Configure = Callable[..., TrainConfig]

KILLED = 9


def train_until(config: TrainConfig, name: str, count: int) -> None:
    """End this process as SIGKILL would, right after the `count`-th checkpoint of this name has taken its place."""
    save, seen = WholeFileCheckpointIO.save_checkpoint, 0

    def save_and_end(io: WholeFileCheckpointIO, checkpoint: dict[str, Any], path: Any, **options: Any) -> None:
        nonlocal seen
        save(io, checkpoint, path, **options)
        seen += Path(path).name == name
        if seen == count:
            os._exit(KILLED)

    WholeFileCheckpointIO.save_checkpoint = save_and_end  # type: ignore[method-assign]
    train(config)


def kill(config: TrainConfig, name: str, count: int) -> None:
    """Train in a process of its own, to its end at a checkpoint."""
    process = multiprocessing.get_context("fork").Process(target=train_until, args=(config, name, count))
    process.start()
    process.join(120)
    assert process.exitcode == KILLED


def rows(config: TrainConfig) -> list[dict[str, str]]:
    """Every row as it stands there, in its order, without what the clock decides."""
    with RunFolder(config).metrics.open(newline="") as lines:
        found = list(csv.DictReader(lines))
    return [{name: value for name, value in row.items() if name != "train/sentences_per_second"} for row in found]


@pytest.mark.parametrize(
    ("more", "counts"),
    [
        # in an epoch, at its end, twice, at the last step
        (["evaluation.every_n_steps=2"], [1]),
        (["evaluation.every_n_steps=5"], [1]),
        (["evaluation.every_n_steps=1"], [1, 2]),
        (["trainer.max_steps=4", "evaluation.every_n_steps=4"], [1]),
        # not every step has a training row, and some have one and no evaluation
        (["evaluation.every_n_steps=2", "trainer.log_every_n_steps=2"], [1]),
        (["evaluation.every_n_steps=5", "trainer.log_every_n_steps=2"], [1]),
        (["evaluation.every_n_steps=1", "trainer.log_every_n_steps=3", "trainer.max_epochs=3"], [5, 5]),
        (["evaluation.every_n_steps=2", "trainer.accumulate_grad_batches=2", "trainer.log_every_n_steps=2"], [1]),
    ],
)
def test_no_row_is_lost_or_doubled_by_a_kill_behind_the_last_checkpoint(
    configure: Configure, more: list[str], counts: list[int]
) -> None:
    config, alone = configure(*more), configure(*more, runs="alone")
    for count in counts:
        kill(config, "last.ckpt", count)
    train(config)
    train(alone)
    assert rows(config) == rows(alone)


def test_no_row_is_lost_or_doubled_by_a_kill_between_the_two_checkpoints(configure: Configure) -> None:
    config, alone = configure(), configure(runs="alone")
    kill(config, "best.ckpt", 1)
    train(config)
    train(alone)
    assert rows(config) == rows(alone)


def test_a_step_has_one_training_row_and_one_of_its_evaluation(configure: Configure) -> None:
    config = configure("evaluation.every_n_steps=2", "trainer.max_steps=4")
    train(config)
    found = [(row["step"], row["train/loss"] != "", row["val/pairs_spearman"] != "") for row in rows(config)]
    assert found == [
        ("0", False, True),
        ("1", True, False),
        ("2", True, False),
        ("2", False, True),
        ("3", True, False),
        ("4", True, False),
        ("4", False, True),
    ]
