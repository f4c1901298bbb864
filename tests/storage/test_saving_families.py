from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from encoders import (
    MAX_LENGTH,
    assert_three_way,
    make_head,
)
from tiny import FAMILIES, tiny_family, tiny_tokenizer

from sentcse.encoder import SentenceEncoder


@pytest.mark.parametrize("model_type", FAMILIES)
@pytest.mark.parametrize(("pooler", "head"), [("cls", "linear_tanh"), ("avg_first_last", None)])
def test_three_libraries_agree_on_every_family(tmp_path: Path, model_type: str, pooler: str, head: str | None) -> None:
    encoder = SentenceEncoder(
        tiny_family(model_type), tiny_tokenizer(), pooler=pooler, head=make_head(head), max_length=MAX_LENGTH
    )
    assert_three_way(encoder, tmp_path / "encoder")


@pytest.mark.parametrize("model_type", FAMILIES)
def test_the_longest_sentence_that_a_family_takes(model_type: str) -> None:
    encoder = SentenceEncoder(tiny_family(model_type), tiny_tokenizer(), pooler="avg")
    # of 64 positions: RoBERTa starts at its padding id + 1, here 1; in MPNet the padding id is always 1
    assert encoder.max_length == {"roberta": 63, "xlm-roberta": 63, "mpnet": 62}.get(model_type, 64)
    vectors = encoder.encode(["a " * 100])
    assert np.isfinite(vectors).all()
