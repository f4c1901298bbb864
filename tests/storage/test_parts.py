"""What encoders are made of: one set of words, and an encoder that is taken apart and put together again."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

import numpy as np
import pytest
from encoders import SENTENCES, make_encoder
from tiny import FAMILIES, tiny_family, tiny_tokenizer

from sentcse.encoder import SentenceEncoder
from sentcse.storage.parts import EncoderParts, EncoderRecord


def test_a_record_is_the_parts_without_what_is_loaded() -> None:
    parts = [field.name for field in fields(EncoderParts)]
    record = [field.name for field in fields(EncoderRecord)]
    assert [name for name in parts if name not in record] == ["backbone", "tokenizer", "recorded_pooler"]
    assert set(record) <= set(parts)


def test_an_empty_record_knows_nothing_and_none_shares_its_provenance() -> None:
    empty = EncoderRecord()
    assert (empty.pooler, empty.head, empty.max_length, empty.prompt, empty.dimensions) == (None, None, None, "", None)
    empty.provenance["data"] = "x"
    assert EncoderRecord().provenance == {}
    with pytest.raises(FrozenInstanceError):
        empty.pooler = "avg"  # type: ignore[misc]


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_the_width_is_that_of_the_states(family: str) -> None:
    parts = EncoderParts(tiny_family(family), tiny_tokenizer(), "avg", None, 8)
    encoded = parts.tokenizer(["a man"], return_tensors="pt")
    ids = {name: encoded[name] for name in ("input_ids", "attention_mask")}
    assert parts.backbone(**ids).last_hidden_state.shape[-1] == parts.width


def test_an_encoder_of_the_parts_of_another_gives_its_vectors() -> None:
    encoder = make_encoder("cls", "batchnorm")
    encoder.prompt, encoder.dimensions, encoder.recorded_pooler = "query: ", 5, "avg"
    parts = encoder.parts({"method": "simcse"})
    again = SentenceEncoder.from_parts(parts)
    assert again.parts({"method": "simcse"}) == parts
    assert again.backbone is encoder.backbone
    np.testing.assert_array_equal(again.encode(SENTENCES), encoder.encode(SENTENCES))
