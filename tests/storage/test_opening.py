"""What a checkpoint says of its encoder holds, unless the caller says otherwise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from encoders import (
    SENTENCES,
    make_encoder,
    write_checkpoint,
)

from sentcse.encoder import SentenceEncoder
from sentcse.errors import SentcseError


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
