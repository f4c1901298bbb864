"""What a generator's run prints last is run."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from composing import checked, compose

from sentcse.config import TrainConfig
from sentcse.config.check import check_generator_config
from sentcse.config.generator_schema import GeneratorConfig
from sentcse.training.generator_run import train_generator
from sentcse.training.next_command import diffcse_command
from sentcse.training.run import train

Settings = Callable[..., list[str]]


def of_generator(*words: str) -> GeneratorConfig:
    return check_generator_config(compose(*words, config_name="generator_train"))


def read_back(config: GeneratorConfig, *more: str) -> TrainConfig:
    """The configuration that a shell and Hydra make of the printed command."""
    words = shlex.split(diffcse_command(config, Path("runs/generator/model")))
    assert words[:4] == ["python", "-m", "sentcse.train", "method=diffcse"]
    return checked(*words[3:], *more)


def test_the_command_runs_as_it_is_printed(
    settings: Settings, inputs: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SENTCSE_DATA", raising=False)
    shutil.copytree(inputs / "encoder", "my encoder")
    shutil.copy(inputs / "sentences.txt", "a, b.txt")
    words = [word for word in settings() if not word.startswith(("evaluation", "encoder", "data.path", "runs"))]
    with caplog.at_level("INFO", logger="sentcse"):
        train_generator(of_generator(*words, 'encoder.name_or_path="my encoder"', 'data.path="a, b.txt"'))
    (printed,) = [said.removeprefix("Next: ") for said in caplog.messages if said.startswith("Next: ")]
    # nothing but the time that it takes is another one
    short = ("trainer.max_steps=2", "trainer.accelerator=cpu", "trainer.precision=32", "trainer.progress=false")
    results = train(checked(*shlex.split(printed)[3:], *short))
    assert results["config"]["data"]["path"] == "a, b.txt"
    assert results["config"]["method"]["_target_"] == "sentcse.methods.DiffCSE"
    assert results["config"]["encoder"]["name_or_path"] == "my encoder"


@pytest.mark.parametrize(
    "words",
    [
        ["data.columns=[one, 'two, three']", "data.encoding=latin-1"],
        ["encoder.revision=main", "data_root=/elsewhere"],
        ["data.path=null", "data.dataset=me/texts", "data.dataset_config=small", 'data.split="train[:10%]"'],
    ],
)
def test_corpus_and_encoder_are_the_same(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SENTCSE_DATA", raising=False)
    config = of_generator("data=text", "data.path=x.tsv", *words)
    found = read_back(config)
    parts = ("path", "dataset", "dataset_config", "split", "columns", "encoding")
    assert [getattr(found.data, part) for part in parts] == [getattr(config.data, part) for part in parts]
    assert (found.encoder.name_or_path, found.encoder.revision) == (
        config.encoder.name_or_path,
        config.encoder.revision,
    )
    assert found.data_root == config.data_root
    assert found.generator.name_or_path == "runs/generator/model"


def test_where_sts_b_lies_here_it_selects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTCSE_DATA", str(tmp_path))
    config: Any = of_generator("data=text", "data.path=x.txt")
    assert read_back(config).evaluation.select == "pairs"
    folder = tmp_path / "senteval" / "STS" / "STSBenchmark"
    folder.mkdir(parents=True)
    (folder / "sts-dev.csv").touch()
    assert read_back(config).evaluation.select == "stsb"
