"""A run that takes a second: a tiny checkpoint, forty sentences, thirty pairs."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from composing import checked
from forking import Server, server
from PIL import Image
from tiny import WORDS, tiny_checkpoint, tiny_config, tiny_tokenizer
from transformers import BertForMaskedLM

from sentcse.config import TrainConfig

Settings = Callable[..., list[str]]


def write_inputs(folder: Path) -> Path:
    """Write `encoder/`, `sentences.txt` and `pairs.tsv` into a folder."""
    tiny_checkpoint(folder / "encoder", hidden_dropout_prob=0.2)
    draw = random.Random(0)
    sentences = [" ".join(draw.choices(WORDS, k=draw.randint(3, 9))) + f" {number}" for number in range(40)]
    (folder / "sentences.txt").write_text("".join(f"{sentence}\n" for sentence in sentences))
    rows = [f"{draw.random() * 5:.1f}\t{draw.choice(sentences)}\t{draw.choice(sentences)}\n" for _ in range(30)]
    (folder / "pairs.tsv").write_text("".join(rows))
    return folder


def train_in_processes(server: Server, words: list[str], folder: Path) -> str:
    """What a training prints that two processes share; it must succeed."""
    ended = [each.wait() for each in server.start_together(words, folder)]
    assert [each.code for each in ended] == [0, 0], ended
    assert "Traceback" not in str(ended)
    return ended[0].said


@pytest.fixture(scope="session")
def forked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Starts commands in processes of their own without importing anything again."""
    with server(tmp_path_factory.mktemp("forked")) as running:
        yield running


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of `encoder/`, `sentences.txt` and `pairs.tsv`."""
    return write_inputs(tmp_path_factory.mktemp("inputs"))


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs that end in this process leave one pixel for their curves, which take longer to draw than to train."""

    def plot_one_pixel(metrics: Path, picture: Path, **_: object) -> None:
        Image.new("1", (1, 1)).save(picture)

    for kind in ("run", "generator_run"):
        monkeypatch.setattr(f"sentcse.training.{kind}.plot_curves", plot_one_pixel)


@pytest.fixture
def settings(inputs: Path, tmp_path: Path, undrawn: None) -> Settings:
    """Command line of a run of five batches an epoch; `runs` names the folder of runs."""

    def settings(*more: str, runs: str = "runs") -> list[str]:
        return [
            "data=text",
            f"data.path={inputs}/sentences.txt",
            "data.batch_size=8",
            f"data.cache_dir={tmp_path}/cache",
            f"encoder.name_or_path={inputs}/encoder",
            "evaluation=embedded",
            f"evaluation.pairs_dev={inputs}/pairs.tsv",
            f"evaluation.pairs_test={inputs}/pairs.tsv",
            "evaluation.every_n_steps=2",
            "trainer.accelerator=cpu",
            "trainer.precision=32",
            "trainer.max_epochs=2",
            "trainer.log_every_n_steps=1",
            "trainer.save_last_minutes=0",
            "trainer.progress=false",
            # large enough for every step to move the scores
            "optimizer.learning_rate=1e-3",
            f"runs.root={tmp_path}/{runs}",
            *more,
        ]

    return settings


@pytest.fixture
def configure(settings: Settings) -> Callable[..., TrainConfig]:
    """The checked configuration of `settings`."""
    return lambda *more, runs="runs": checked(*settings(*more, runs=runs))


@pytest.fixture
def of_method(tmp_path: Path) -> Callable[[str], list[str]]:
    """The words that choose a method, with a generator for DiffCSE."""
    torch.manual_seed(1)
    BertForMaskedLM(tiny_config(num_hidden_layers=1)).save_pretrained(tmp_path / "generator")
    tiny_tokenizer(tmp_path / "generator")
    more = {
        "diffcse": [f"generator.name_or_path={tmp_path}/generator"],
        "micse": ["method.ami_layers=[0,1]", "method.ami_samples=8", "method.ami_minimum_support=2"],
    }
    return lambda method: [f"method={method}", *more.get(method, [])]
