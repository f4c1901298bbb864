"""What a sweep says before its first job."""

from __future__ import annotations

import json
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sweeping import Recorder, RunSweep

from sentcse.config import TrainConfig
from sentcse.errors import DataError
from sentcse.records.run_folder import RunFolder
from sentcse.records.sweep_record import Job
from sentcse.sweeps import beforehand
from sentcse.sweeps.beforehand import bytes_of_run, in_bytes, learned_bytes, notes
from sentcse.training.run import train

Configure = Callable[..., TrainConfig]
Settings = Callable[..., list[str]]


def jobs(*configs: TrainConfig) -> list[Job]:
    """Jobs of configurations, whose settings are their seeds."""
    return [
        Job(number, (), {"seed": str(config.seed)}, config, RunFolder(config), None)
        for number, config in enumerate(configs, 1)
    ]


def test_what_cannot_run_is_said_before_the_first_job(
    sweep: RunSweep, settings: Settings, inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[str] = []

    def look(values: dict[str, Any]) -> None:
        said.append(capsys.readouterr().out)

    words = [word for word in settings() if not word.startswith("data.path")]
    job = Recorder({1: look})
    sweep(job, *words, f"data.path={inputs}/sentences.txt,{inputs}/sentence.txt", "seed=1,-1")
    assert "jobs 2, 4 cannot run: seed must be at least 0, got -1." in said[0]
    (line,) = [line for line in said[0].splitlines() if line.startswith("job 3 cannot run (")]
    assert line.count(f"data.path={inputs}/sentence.txt is missing") == 1
    assert "did you mean" in line


def test_a_fault_of_many_jobs_is_looked_for_and_said_once(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def missing(config: TrainConfig) -> None:
        asked.append(config.seed)
        raise DataError("There is no corpus.\nThere is no model.")

    monkeypatch.setattr(beforehand, "fetch_sources", missing)
    planned = jobs(*(configure(f"seed={seed}", "data.low_shot.seed=1") for seed in (1, 2, 3)))
    found = list(notes(planned, planned))
    assert found[0] == "jobs 1\u20133 cannot run: There is no corpus. There is no model."
    assert asked == [1]
    assert not any("cannot run" in sentence for sentence in notes(planned, []))  # what is done needs nothing


def test_sizes_that_train_unequally_long_are_told(configure: Configure) -> None:
    sizes = [f"data.low_shot.size={size}" for size in (10, 20)]
    planned = jobs(*map(configure, sizes))
    assert beforehand.UNEQUAL in list(notes(planned, []))
    for more in ("trainer.max_steps=3", "budget=steps"):
        steps = [configure(size, "trainer.max_steps=3", more) for size in sizes]
        assert beforehand.UNEQUAL not in list(notes(jobs(*steps), []))


@pytest.mark.parametrize(("keep", "factor"), [("all", 5), ("best", 2), ("export", 1)])
def test_the_disk_that_runs_take(configure: Configure, inputs: Path, keep: str, factor: int) -> None:
    config = configure(f"runs.keep={keep}")
    weights = (inputs / "encoder" / "model.safetensors").stat().st_size
    assert learned_bytes(config) == weights
    assert bytes_of_run(config, weights) == factor * weights
    planned = jobs(*(configure(f"runs.keep={keep}", f"seed={seed}") for seed in (1, 2)))
    (said,) = notes(planned, planned)
    assert said.startswith(f"Disk: about {in_bytes(2 * factor * weights)} for 2 new runs (runs.keep={keep}), and ")
    assert f"and {in_bytes((8 - factor) * weights)} while one is trained; " in said
    assert said.endswith(f" are free in {config.runs.root}.")


def test_it_is_about_what_a_run_takes(configure: Configure) -> None:
    """Of a tiny encoder the tokenizer is a part that counts: what holds weights is compared."""
    config = configure()
    train(config)
    folder = RunFolder(config)
    found = sum(path.stat().st_size for path in (folder.best, folder.last, folder.encoder / "model.safetensors"))
    expected = bytes_of_run(config, learned_bytes(config) or 0)
    assert 0.9 * expected < found < 1.9 * expected  # a checkpoint holds the tokenizer as well
    planned = jobs(config)
    assert list(notes(planned, planned)) == []  # nothing new


def test_half_precision_and_a_discriminator_take_twice_as_much(configure: Configure, tmp_path: Path) -> None:
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "config.json").write_text(json.dumps({"dtype": "float16"}))
    (tmp_path / "half" / "model.safetensors").write_bytes(bytes(1000))
    half = f"encoder.name_or_path={tmp_path}/half"
    diffcse = configure(half, "method=diffcse", f"generator.name_or_path={tmp_path}/half")
    assert [learned_bytes(configure(half)), learned_bytes(diffcse)] == [2000, 4000]
    assert [bytes_of_run(configure(half), 2000), bytes_of_run(diffcse, 4000)] == [2000 * 5, 2000 * 9]
    assert learned_bytes(configure("encoder.name_or_path=nobody/nothing")) is None


def test_a_disk_that_is_too_small_is_told_with_a_remedy(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(beforehand.shutil, "disk_usage", lambda place: usage(0, 0, 1000))
    (said,) = notes(planned := jobs(configure()), planned)
    assert said.endswith(": set runs.keep=best or export, or runs.root to another disk.")
    assert "; 1 kB are free in " in said


def test_sizes_in_words() -> None:
    sizes = (0, 999_000, 1_500_000, 27_400_000_000, 3_210_000_000_000)
    assert list(map(in_bytes, sizes)) == ["0 kB", "999 kB", "1.5 MB", "27 GB", "3.2 TB"]
