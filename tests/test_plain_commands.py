"""The commands `evaluate` and `export`: what they print and how they refuse."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tiny import tiny_checkpoint

from sentcse.command.plain import run_plain_command
from sentcse.config.commands import EvaluateConfig, ExportConfig
from sentcse.encoder import SentenceEncoder
from sentcse.evaluate import evaluate_job
from sentcse.export import export_job

PAIRS = "score\tsentence1\tsentence2\n5\ta man runs\ta man runs\n3\ta man runs\ta woman runs\n0\tthe dog\tmusic is in\n"


@pytest.fixture
def encoder_folder(tmp_path: Path) -> Path:
    encoder = SentenceEncoder.from_pretrained(tiny_checkpoint(tmp_path / "plain"), pooler="avg")
    return encoder.save_pretrained(tmp_path / "encoder")


def evaluate(*words: str) -> int:
    return run_plain_command(evaluate_job, "evaluate", EvaluateConfig, [*words, "progress=false"])


def test_evaluate_prints_the_table_and_writes_results(
    encoder_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pairs.tsv").write_text(PAIRS, encoding="utf-8")
    out = tmp_path / "scores"
    assert (
        evaluate(f"encoder={encoder_folder}", f"tasks={tmp_path / 'pairs.tsv'}", f"output={out}", "bootstrap=20") == 0
    )
    assert "pooler avg" in capsys.readouterr().out
    results = json.loads((out / "results.json").read_text(encoding="utf-8"))
    assert results["pooler"] == "avg"
    (task,) = results["tasks"].values()
    assert task["pairs"] == 3


def test_a_plain_checkpoint_needs_a_pooler(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pairs.tsv").write_text(PAIRS, encoding="utf-8")
    plain = tiny_checkpoint(tmp_path / "plain")
    assert evaluate(f"encoder={plain}", f"tasks={tmp_path / 'pairs.tsv'}") == 1
    assert "no record of its pooler" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["encodr=x"], "encodr is not a known setting; did you mean encoder?"),
        (["encoder=x", "mode=fast"], "mode must be 'test', 'dev' or 'fasttest', got 'fast'."),
        (["encoder=x", "batch_size=0"], "batch_size must be at least 1, got 0."),
        (["--encoder", "x"], "--encoder is not of the form key=value"),
        (["encoder=x", "tasks=[a"], "tasks=[a cannot be read as key=value: a list is written key=[a,b]"),
    ],
)
def test_wrong_settings_exit_with_2(words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(*words) == 2
    assert sentence in capsys.readouterr().err


def test_help_is_the_file_of_settings(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_plain_command(evaluate_job, "evaluate", EvaluateConfig, ["--help"]) == 0
    assert "protocol: simcse" in capsys.readouterr().out


def test_export_refuses_what_is_no_checkpoint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.ckpt").write_bytes(b"no checkpoint")
    words = [f"checkpoint={tmp_path / 'x.ckpt'}", f"output={tmp_path / 'out'}"]
    assert run_plain_command(export_job, "export", ExportConfig, words) == 1
    assert "x.ckpt" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "words",
    [["sentcse.runs", "list", "root={}"], ["sentcse.report", "x", "title={}"], ["sentcse.train", "data.columns={}"]],
)
def test_what_is_nested_without_end_gets_a_sentence(words: list[str]) -> None:
    nested = "[" * 50_000 + "]" * 50_000
    command = [sys.executable, "-m", *(word.format(nested) for word in words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.endswith("nested too deep.\n")
