"""What a checkpoint says of its encoder holds, unless the caller says otherwise."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from encoders import (
    SENTENCES,
    make_encoder,
    write_checkpoint,
)
from tiny import tiny_checkpoint

from sentcse.encoder import SentenceEncoder
from sentcse.errors import SentcseError
from sentcse.storage.opening import open_backbone


def test_a_pooler_that_needs_a_head_is_refused_of_a_checkpoint_without_one(tmp_path: Path) -> None:
    path = write_checkpoint(tmp_path / "best.ckpt", make_encoder("avg"), None)
    with pytest.raises(SentcseError, match=r"best.ckpt holds no trained head, which pooler=cls needs; use pooler=cls_"):
        SentenceEncoder.from_pretrained(path, pooler="cls")


def test_another_pooler_than_the_checkpoints_keeps_its_length(tmp_path: Path) -> None:
    trained = make_encoder("cls", "linear_tanh")
    trained.max_length = 5
    path = write_checkpoint(tmp_path / "best.ckpt", trained, "linear_tanh")
    other = SentenceEncoder.from_pretrained(path, pooler="cls_before_pooler")
    assert (other.max_length, other.recorded_pooler, other.head, other.training) == (5, "cls", None, False)
    expected = SentenceEncoder(trained.backbone, trained.tokenizer, pooler="cls_before_pooler", max_length=5)
    np.testing.assert_array_equal(other.encode(SENTENCES), expected.encode(SENTENCES))
    assert SentenceEncoder.from_pretrained(path, pooler="avg", max_length=7).max_length == 7


def test_training_starts_from_a_run_and_from_a_checkpoint(tmp_path: Path) -> None:
    trained = make_encoder("avg")
    trained.save_pretrained(tmp_path / "run" / "encoder")
    path = write_checkpoint(tmp_path / "best.ckpt", trained, None)
    for source in (tmp_path / "run", path):
        backbone, tokenizer = open_backbone(str(source), dropout=0.25)
        assert backbone.config.hidden_dropout_prob == 0.25
        assert tokenizer.get_vocab() == trained.tokenizer.get_vocab()
        for name, weight in trained.backbone.state_dict().items():
            assert torch.equal(backbone.state_dict()[name], weight)


def test_a_head_of_another_encoder_is_refused(tmp_path: Path) -> None:
    folder = make_encoder("cls", "linear_tanh").save_pretrained(tmp_path / "encoder")
    other = tiny_checkpoint(tmp_path / "other", hidden_size=8)
    for name in ("config.json", "model.safetensors"):
        (folder / name).write_bytes((other / name).read_bytes())
    record = json.loads((folder / "sentcse.json").read_text())
    (folder / "sentcse.json").write_text(json.dumps({**record, "sha256": {}}))
    with pytest.raises(SentcseError, match=r"The head of .*encoder reads 16 values and its backbone gives 8: they are"):
        SentenceEncoder.from_pretrained(folder)
    assert SentenceEncoder.from_pretrained(folder, pooler="avg").head is None


def test_a_recorded_length_without_positions_is_as_many_as_there_are(tmp_path: Path) -> None:
    folder = make_encoder("avg").save_pretrained(tmp_path / "encoder")
    record = json.loads((folder / "sentcse.json").read_text())
    for recorded, opened in ((100, 64), (64, 64), (63, 63)):
        (folder / "sentcse.json").write_text(json.dumps({**record, "max_length": recorded}))
        encoder = SentenceEncoder.from_pretrained(folder)
        assert encoder.max_length == opened
        assert SentenceEncoder.from_pretrained(folder, max_length=7).max_length == 7
        assert np.isfinite(encoder.encode(["dog " * 200])).all()
