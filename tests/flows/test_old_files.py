"""What an earlier version left on a user's disk opens, scores, goes on and is reported as it was then.

`tests/old/README.md` says how the files were made, and by which version.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hydra.core.global_hydra import GlobalHydra

from sentcse import evaluate, export, report, runs, train
from sentcse.command.plain import run_plain_command
from sentcse.config.commands import EvaluateConfig
from sentcse.config.exporting import ExportConfig
from sentcse.data.text_file import TextFile
from sentcse.data.token_cache import TokenCache
from sentcse.encoder import SentenceEncoder
from sentcse.storage.masked_language_models import load_masked_language_model
from sentcse.storage.tokenizers import load_tokenizer

OLD = Path(__file__).parents[1] / "old"
VALUES: dict[str, Any] = json.loads((OLD / "values.json").read_text(encoding="utf-8"))
SIMCSE, DIFFCSE = sorted(VALUES["results"], reverse=True)
GENERATOR = "generator_tiny_seed42_7ba490d6"
SWEEP = "simcse_tiny+diffcse_tiny_56247c2d"


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the old files, which is the current folder."""
    shutil.copytree(OLD / "files", tmp_path / "files")
    monkeypatch.chdir(tmp_path / "files")
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    return Path()


def same(found: Any, then: Any) -> None:
    np.testing.assert_allclose(np.asarray(found), np.asarray(then), rtol=0, atol=1e-6)


TRAINED = 1e-3
"""What other instructions of a processor make of a few steps, 1e-4 seen; the steps themselves move vectors by 2e-2."""
RANKS = 0.5
"""Of a Spearman x 100: two neighbours that change places."""


def trained_alike(found: Any, then: Any, distance: float = TRAINED) -> None:
    np.testing.assert_allclose(np.asarray(found), np.asarray(then), rtol=TRAINED, atol=distance)


def test_runs_are_listed_and_shown(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert runs.main(["list"]) == 0
    rows = {line.split()[-1]: line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]}
    assert rows == {SIMCSE: "done", DIFFCSE: "interrupted", GENERATOR: "done"}
    for name in rows:
        assert runs.main(["show", name]) == 0
        assert name in capsys.readouterr().out
    assert runs.main(["compare", SIMCSE, DIFFCSE]) == 0
    assert "method._target_" in capsys.readouterr().out


def test_a_sweep_says_what_became_of_its_jobs(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert runs.main(["status", f"sweep=runs/sweeps/{SWEEP}"]) == 0
    assert "2 jobs: 1 done, 1 interrupted" in capsys.readouterr().out
    assert runs.main(["list", f"sweep=runs/sweeps/{SWEEP}"]) == 0
    assert SIMCSE in capsys.readouterr().out


@pytest.mark.parametrize("place", [f"runs/{SIMCSE}", f"runs/{SIMCSE}/encoder"])
def test_an_encoder_gives_the_same_vectors(old: Path, place: str) -> None:
    same(SentenceEncoder.from_pretrained(place).encode(VALUES["sentences"]), VALUES["vectors"])


def test_an_encoder_gets_the_same_scores(old: Path) -> None:
    words = [f"encoder=runs/{SIMCSE}", "tasks=pairs.tsv", "output=scores", "bootstrap=20", "progress=false"]
    assert run_plain_command(evaluate.evaluate_job, "evaluate", EvaluateConfig, words) == 0
    found = json.loads(Path("scores/results.json").read_text(encoding="utf-8"))["tasks"]["pairs"]
    then = VALUES["results"][SIMCSE]["test"]["pairs"]
    assert found["pairs"] == then["pairs"]
    same(found["spearman"]["all"], then["spearman"])


def test_the_checkpoint_of_a_stopped_run_is_exported(old: Path) -> None:
    words = [f"checkpoint=runs/{DIFFCSE}/checkpoints/best.ckpt", "output=exported"]
    assert run_plain_command(export.export_job, "export", ExportConfig, words) == 0
    same(SentenceEncoder.from_pretrained("exported").encode(VALUES["sentences"]), VALUES["best"])


def test_a_generator_predicts_the_same(old: Path) -> None:
    backbone, head = load_masked_language_model(f"runs/{GENERATOR}/model")
    ids = torch.arange(5, 15)[None]
    with torch.no_grad():
        states = backbone(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
        same(head(states[0])[:3, 5:8], VALUES["logits"])


def test_a_token_cache_is_opened_or_made_again_beside_it_with_the_same_tokens(old: Path) -> None:
    """Its key holds the version of `tokenizers` and its format: the old folder is never taken for something else."""
    (folder,) = Path("cache").iterdir()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    offsets, tokens = (
        np.frombuffer(before[name], dtype) for name, dtype in (("offsets.bin", "<i8"), ("tokens.bin", "<u2"))
    )
    cache = TokenCache.open_or_build(TextFile("sentences.txt"), load_tokenizer("tiny"), 32, Path("cache"))
    rows = [cache[row][0].tolist() for row in range(len(cache))]
    assert rows == [each.tolist() for each in np.split(tokens.astype(int), offsets[1:-1])]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_the_same_command_goes_on_with_a_sweep(
    old: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The folders keep their names, what is done stays, and what was stopped ends as the old version ended it."""
    before = {path: path.stat().st_mtime_ns for path in (Path("runs") / SIMCSE).rglob("*") if path.suffix != ".lock"}
    monkeypatch.setattr(sys, "argv", ["sentcse-train", *VALUES["command"]])
    with pytest.raises(SystemExit) as ended:
        train.main()
    GlobalHydra.instance().clear()
    assert ended.value.code == 0
    assert "2 jobs: 2 done" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in before if path.is_file()}.items() <= before.items()
    assert sorted(path.name for path in Path("runs").iterdir() if "_seed" in path.name) == sorted(
        [SIMCSE, DIFFCSE, GENERATOR]
    )

    run, then = Path("runs") / DIFFCSE, VALUES["results"][DIFFCSE]
    found = json.loads((run / "results.json").read_text(encoding="utf-8"))
    assert found["best"]["step"] == then["best"]["step"]
    assert found["data"] == then["data"]
    trained_alike(found["best"]["pairs_dev"], then["best"]["pairs_dev"], RANKS)
    trained_alike(found["test"]["pairs"]["spearman"], then["test"]["pairs"]["spearman"], RANKS)
    trained_alike(SentenceEncoder.from_pretrained(run).encode(VALUES["sentences"]), VALUES["continued"])
    assert_same_rows((run / "metrics.csv").read_text(encoding="utf-8"), VALUES["metrics"])


def assert_same_rows(found: str, then: str) -> None:
    """Two metrics.csv are equal but for what a clock measured, and for the order of a step's two rows."""
    rows, old_rows = (
        sorted(csv.DictReader(io.StringIO(text)), key=lambda row: (int(row["step"]), row["train/loss"] == ""))
        for text in (found, then)
    )
    assert len(rows) == len(old_rows)
    for row, old_row in zip(rows, old_rows, strict=True):
        for key in (key for key in old_row if old_row[key] and "second" not in key):
            trained_alike(float(row[key]), float(old_row[key]), RANKS if "spearman" in key else TRAINED)


def test_old_runs_are_reported(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report.run_report(["runs", "output=out"]) == 0
    assert "1 of 2 runs done" in capsys.readouterr().out
    then = VALUES["results"][SIMCSE]["test"]["pairs"]["spearman"]
    assert f"{then:.2f}".removeprefix("-") in Path("out/tables/scores.md").read_text(encoding="utf-8")
