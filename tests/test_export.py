"""`python -m sentcse.export` on checkpoints of tiny encoders."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from encoders import RECORD, make_encoder, write_checkpoint

from sentcse.command.plain import run_plain_command
from sentcse.config.commands import ExportConfig
from sentcse.encoder import SentenceEncoder
from sentcse.export import export_job
from sentcse.storage.record import RECORD_FILE


def export(*words: str) -> int:
    return run_plain_command(export_job, "export", ExportConfig, words)


def test_what_is_no_checkpoint_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.ckpt").write_bytes(b"no checkpoint")
    assert export(f"checkpoint={tmp_path / 'x.ckpt'}", f"output={tmp_path / 'out'}") == 1
    assert "x.ckpt" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run's folder with checkpoints of two encoders, which differ in their dropout."""
    (tmp_path / "run" / "checkpoints").mkdir(parents=True)
    for name, dropout in (("best", 0.25), ("last", 0.5)):
        encoder = make_encoder("cls_before_pooler", hidden_dropout_prob=dropout)
        write_checkpoint(tmp_path / "run" / "checkpoints" / f"{name}.ckpt", encoder, "linear_tanh")
    return tmp_path / "run"


@pytest.mark.parametrize(
    ("named", "dropout"), [("", 0.25), ("checkpoints/best.ckpt", 0.25), ("checkpoints/last.ckpt", 0.5)]
)
def test_a_folder_stands_for_its_best_checkpoint(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], named: str, dropout: float
) -> None:
    assert export(f"checkpoint={run / named}", f"output={tmp_path / 'out'}") == 0
    exported = SentenceEncoder.from_pretrained(tmp_path / "out")
    assert (exported.pooler, exported.backbone.config.hidden_dropout_prob) == ("cls_before_pooler", dropout)
    assert (
        f"-> {tmp_path / 'out'} (pooler cls_before_pooler, at most {exported.max_length} tokens)"
        in capsys.readouterr().out
    )
    record = json.loads((tmp_path / "out" / RECORD_FILE).read_text(encoding="utf-8"))
    assert record["provenance"] == RECORD


def test_an_older_export_is_replaced_only_where_it_is_asked_for(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [f"checkpoint={run}", f"output={tmp_path / 'out'}"]
    assert export(*words) == 0
    before = (tmp_path / "out" / "model.safetensors").read_bytes()
    assert export(f"checkpoint={run}/checkpoints/last.ckpt", words[1]) == 1
    assert "out holds an exported encoder already: name a new folder, or replace it with" in capsys.readouterr().err
    assert (tmp_path / "out" / "model.safetensors").read_bytes() == before
    assert export(*words, "overwrite=true") == 0
