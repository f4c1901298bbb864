"""The quickstart with a tiny encoder: three methods, a generator, a table, a search."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tiny import tiny_checkpoint

from sentcse import quickstart


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    tiny_checkpoint(tmp_path / "encoder")
    return [
        f"encoder.name_or_path={tmp_path}/encoder",
        f"runs.root={tmp_path}/runs",
        f"data.cache_dir={tmp_path}/cache",
        "trainer.accelerator=cpu",
        "trainer.precision=32",
        "trainer.max_steps=11",  # more than the generator warms up
        "trainer.progress=false",
        "optimizer.learning_rate=1e-3",
    ]


def run(monkeypatch: pytest.MonkeyPatch, words: list[str]) -> int:
    monkeypatch.setattr(sys, "argv", ["quickstart", *words])
    try:
        quickstart.main()
    except SystemExit as stopped:
        return int(stopped.code) if stopped.code is not None else 0
    return 0


@pytest.mark.slow
def test_three_methods_are_compared(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], tmp_path: Path
) -> None:
    assert run(monkeypatch, words) == 0
    said = capsys.readouterr().out
    names = sorted(folder.name.rpartition("_seed42_")[0] for folder in (tmp_path / "runs").glob("*_seed42_*"))
    assert names == ["generator_quickstart", "quickstart_diffcse", "quickstart_micse", "quickstart_simcse"]
    table = [line.split() for line in said.splitlines() if line.startswith(("SimCSE  ", "miCSE  ", "DiffCSE  "))]
    assert [row[0] for row in table] == ["SimCSE", "miCSE", "DiffCSE"]
    assert all(-100 <= float(score) <= 100 for row in table for score in row[1:3])
    assert "Nearest of 1800 sentences" in said
    # again: nothing is trained
    assert run(monkeypatch, words) == 0
    assert capsys.readouterr().out.count("This run is complete") == 4


def test_a_wrong_setting_stops_before_anything_is_trained(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], tmp_path: Path
) -> None:
    assert run(monkeypatch, [*words, "trainer.max_stepz=1"]) == 2
    assert "did you mean trainer.max_steps?" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("word", ["evaluation=none", "evaluation.select=info_nce", "evaluation.test=[]"])
def test_without_scores_on_its_pairs_there_is_nothing_to_compare(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], tmp_path: Path, word: str
) -> None:
    assert run(monkeypatch, [*words, word]) == 2
    assert "The quickstart compares the methods on its pairs, and evaluation.select=" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("word", ["method=simcse", "experiment=simcse_bert"])
def test_a_method_is_not_chosen_here(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], tmp_path: Path, word: str
) -> None:
    assert run(monkeypatch, [*words, word]) == 2
    assert f"trains every method in its turn: leave {word} out" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


def test_what_the_last_training_would_refuse_stops_the_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], tmp_path: Path
) -> None:
    assert run(monkeypatch, [*words, "trainer.max_steps=1"]) == 2  # fewer than the generator warms up
    assert "optimizer.warmup_steps=2 does not end before trainer.max_steps=1" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()
