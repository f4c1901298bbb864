"""Weights shared out over processes: the run with whole weights, and checkpoints that hold whole ones."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from forking import Server
from run_fixtures import train_in_processes
from run_outcomes import metrics, outcome
from safetensors.torch import load_file
from stopping import Stop
from torch import distributed

from sentcse.config import TrainConfig
from sentcse.records.run_folder import RunFolder
from sentcse.training.run import train

Configure = Callable[..., TrainConfig]
Settings = Callable[..., list[str]]


@pytest.fixture
def process_group() -> Iterator[None]:
    """Lightning leaves the group that it has made, and its variables, with which a command would join that group."""
    before = dict(os.environ)
    yield
    if distributed.is_initialized():
        distributed.destroy_process_group()
    os.environ.clear()
    os.environ.update(before)


@pytest.mark.parametrize("method", ["simcse", "diffcse", "micse"])
def test_a_stopped_run_goes_on_bit_for_bit(
    method: str,
    of_method: Callable[[str], list[str]],
    configure: Configure,
    stopped: Stop,
    process_group: None,
) -> None:
    """One process, which has all parts: what it writes of weights and moments is what it reads."""
    words = [*of_method(method), "trainer.strategy=fsdp2", "trainer.max_steps=6"]
    config, alone = configure(*words), configure(*words, runs="alone")
    stopped(config, 3, RuntimeError("power cut"))
    train(config)
    train(alone)
    continued, whole = RunFolder(config), RunFolder(alone)
    assert outcome(continued.path) == outcome(whole.path)
    assert metrics(continued.path) == metrics(whole.path)
    weights, moments = (state_of(continued)[key] for key in ("state_dict", "optimizer_states"))
    assert {type(each) for each in weights.values()} == {torch.Tensor}
    assert {type(each["exp_avg"]) for each in moments[0]["state"].values()} == {torch.Tensor}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "more"),
    [
        ("simcse", ["trainer.accumulate_grad_batches=2"]),
        # scored by its discriminator as well, which the first process has whole for that time
        ("diffcse", ["data.chunk=3", "evaluation.label_free=true", "evaluation.held_out.share=0.2"]),
        ("micse", ["data.chunk=3"]),
    ],
)
def test_two_processes_make_the_run_of_two_with_whole_weights(
    method: str,
    more: list[str],
    of_method: Callable[[str], list[str]],
    settings: Settings,
    configure: Configure,
    tmp_path: Path,
    forked: Server,
) -> None:
    folders = []
    for strategy in ("ddp", "fsdp2"):
        words = [*of_method(method), *more, "trainer.devices=2", "trainer.threads=1", f"trainer.strategy={strategy}"]
        train_in_processes(forked, settings(*words, runs=strategy), tmp_path)
        folders.append(RunFolder(configure(*words, runs=strategy)))
    whole, parts = (rows(folder) for folder in folders)
    assert len(whole) == len(parts) > 0
    for one, other in zip(whole, parts, strict=True):
        assert one.keys() == other.keys()
        for key in one.keys() - {"train/sentences_per_second"}:
            assert other[key] == one[key] or float(other[key]) == pytest.approx(float(one[key]), rel=1e-3), key
    best = [json.loads(folder.results.read_text())["best"]["step"] for folder in folders]
    assert best[0] == best[1]
    expected, found = (load_file(folder.encoder / "model.safetensors") for folder in folders)
    # a bias that softmax or BatchNorm takes away again has a gradient of rounding, of which AdamW makes any step
    same = [name for name, weights in expected.items() if weights.ndim > 1]
    torch.testing.assert_close(
        {name: found[name] for name in same}, {name: expected[name] for name in same}, rtol=1e-3, atol=1e-5
    )


def state_of(folder: RunFolder) -> dict[str, Any]:
    state: dict[str, Any] = torch.load(folder.last, weights_only=True)
    return state


def rows(folder: RunFolder) -> list[dict[str, str]]:
    with folder.metrics.open(newline="") as lines:
        return list(csv.DictReader(lines))
