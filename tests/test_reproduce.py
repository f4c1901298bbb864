"""The command `reproduce`: words to settings, faults, and a whole reproduction that is killed twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tiny_reproduction import KILLED, write_corpus, write_hub, write_senteval

from sentcse import reproduce
from sentcse.reproduce import main, split_settings

HELPERS = Path(__file__).parent / "helpers"


def test_words_are_recipes_own_settings_and_settings_of_the_runs() -> None:
    words = ["simcse_bert,micse_bert", "seeds=2", "trainer.max_steps=4", "diffcse_bert", "data.columns=[a,b]"]
    assert split_settings(words) == [
        'recipes=["simcse_bert", "micse_bert", "diffcse_bert"]',
        "seeds=2",
        'overrides=["trainer.max_steps=4", "data.columns=[a,b]"]',
    ]
    assert split_settings(["--help"]) == ["--help"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["simcse_minilm"], "There is no recipe 'simcse_minilm' with a published score to reproduce; there are "),
        ([], "Name the recipes to reproduce, as the first words; there are "),
        (["simcse_bert", "seeds=0"], "seeds"),
        (["simcse_bert", "sede=1"], "sede is not a known setting; did you mean seed?"),
    ],
)
def test_a_fault_is_one_sentence(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith(f"error: {said}")
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_says_what_is_missing_and_does_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SENTCSE_DATA", str(tmp_path / "none"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    assert main(["simcse_bert", "seeds=1", "dry_run=true", "trainer.max_steps=4"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("simcse_bert: 1 run, 0 done; to be fetched: the model bert-base-uncased, the corpus")
    assert said[1] == "simcse_bert is changed: trainer.max_steps=4 instead of null."
    assert list(tmp_path.iterdir()) == []


def test_runs_that_are_not_done_are_not_scored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reproduce, "_say_beforehand", lambda planned, config: None)
    monkeypatch.setattr(reproduce, "run_command", lambda job, name, sweep_job: 1)
    monkeypatch.setattr(reproduce, "_scored", lambda planned, output: pytest.fail("scored"))
    monkeypatch.setattr(sys, "argv", ["before"])
    with pytest.raises(SystemExit) as stopped:
        main(["simcse_bert", "seeds=2", f"output={tmp_path}/out", "page=false"])
    assert stopped.value.code == 1
    assert sys.argv == ["sentcse-train", "-m", "experiment=simcse_bert", "seed=42,43"]


RECIPES = "simcse_bert,diffcse_bert,micse_bert"
SETTINGS = (
    "data.path=wiki/few.txt",
    "data.batch_size=8",
    "data.cache_dir=cache",
    "evaluation.every_n_steps=3",
    "trainer.accelerator=cpu",
    "trainer.precision=32",
    "optimizer.learning_rate=1e-3",
)


@pytest.fixture(scope="module")
def stand_ins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of `hf/`, the hub's cache with tiny checkpoints, and `data/` with few sentences and pairs."""
    folder = tmp_path_factory.mktemp("stand_ins")
    write_hub(folder / "hf")
    write_corpus(folder / "data")
    write_senteval(folder / "data")
    return folder


def run(folder: Path, stand_ins: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, with the hub switched off."""
    folder.mkdir(exist_ok=True)
    home = {"HF_HOME": str(stand_ins / "hf"), "SENTCSE_DATA": str(stand_ins / "data")}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    return subprocess.run(
        [sys.executable, str(HELPERS / "tiny_reproduction.py"), *SETTINGS, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=500,
        env={**environment, **home, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
    )


def left_by(folder: Path) -> dict[str, Any]:
    """Verdicts and tables, without what the clock decides."""
    out = folder / "reproduction"
    texts = {file: (out / file).read_text() for file in ("verdict.txt", "reproduction_sts.tex", "reproduction_sts.csv")}
    return {**texts, "verdict": json.loads((out / "verdict.json").read_text())}


@pytest.mark.slow
def test_a_reproduction_that_is_killed_twice_ends_as_an_undisturbed_one(tmp_path: Path, stand_ins: Path) -> None:
    words = (RECIPES, "seeds=2", "transfer=false")
    undisturbed = run(tmp_path / "undisturbed", stand_ins, *words, "timed_steps=4")
    assert undisturbed.returncode == 0, undisturbed.stderr
    assert "Time: about " in undisturbed.stdout
    assert not list((tmp_path / "undisturbed").glob("**/.timed-*"))

    killed = tmp_path / "killed"
    assert run(killed, stand_ins, *words, "timed_steps=0", "--stop=run").returncode == KILLED
    assert len(list(killed.glob("runs/*/results.json"))) == 1
    assert run(killed, stand_ins, *words, "timed_steps=0", "--stop=scoring").returncode == KILLED
    assert len(list(killed.glob("runs/*/results.json"))) == 6
    assert len(list(killed.glob("reproduction/scores/*.json"))) == 1
    assert not (killed / "reproduction" / "verdict.txt").exists()
    ended = run(killed, stand_ins, *words, "timed_steps=0")
    assert ended.returncode == 0, ended.stderr
    assert "simcse_bert: 2 runs, 2 done." in ended.stdout

    assert left_by(killed) == left_by(tmp_path / "undisturbed")
    verdict = left_by(killed)["verdict"]
    assert list(verdict) == RECIPES.split(",")
    assert "data.batch_size=8 instead of 64" in verdict["simcse_bert"]["changes"]
    average = verdict["micse_bert"]["reproduction"][0]["average"]
    assert (average["published"], average["verdict"]) == (78.13, "below")
    page = (killed / "reproduction" / "index.html").read_text(encoding="utf-8")
    assert page.count("no reproduction of it") == 3
    assert (killed / "reproduction" / "study" / "index.html").is_file()
    # what the sweep's record has is a command that may be given
    (record,) = killed.glob("runs/sweeps/*/sweep.json")
    commands = [entry["command"] for entry in json.loads(record.read_text())["commands"]]
    assert commands[0].startswith(f"sentcse-train -m experiment={RECIPES} seed=42,43 ")


@pytest.mark.slow
def test_sts_and_transfer_tasks_are_scored(tmp_path: Path, stand_ins: Path) -> None:
    done = run(tmp_path, stand_ins, "simcse_bert", "seeds=2", "timed_steps=0", "page=false", "trainer.max_steps=2")
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "reproduction" / "verdict.json").read_text())["simcse_bert"]["reproduction"]
    assert [row["suite"] for row in rows] == ["sts", "transfer"]
    assert rows[1]["tasks"].keys() == {"MR", "CR", "SUBJ", "MPQA", "SST2", "TREC", "MRPC"}
    assert all(0 < task["score"] <= 100 for task in rows[1]["tasks"].values())
    assert (tmp_path / "reproduction" / "reproduction_transfer.tex").is_file()
