"""Texts shared out among copies of an encoder."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from tiny import tiny_bert, tiny_tokenizer

from sentcse.encoder import SentenceEncoder
from sentcse.encoding.copies import copies_on, encode_side_by_side

SENTENCES = ["A man plays music.", "The dog", "a", "The woman sits in the city and the dog runs to it", "music of 7"]


@pytest.fixture(autouse=True)
def _one_core() -> Iterator[None]:
    """So that copies on one CPU do not share its cores out a second time."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_copies_give_what_one_gives() -> None:
    encoder = SentenceEncoder(tiny_bert(), tiny_tokenizer(), pooler="avg", head=torch.nn.Linear(16, 3))
    copies = copies_on(encoder, [torch.device("cpu")] * 3)
    assert copies[0] is encoder
    assert len({id(each.tokenizer) for each in copies}) == len({id(each.backbone) for each in copies}) == 3
    expected = encoder.encode(SENTENCES, normalize=True)
    for texts in (SENTENCES, SENTENCES[:2], SENTENCES[:1]):  # more texts than copies, and fewer
        found = encode_side_by_side(copies, texts, normalize=True, batch_size=2)
        np.testing.assert_allclose(found, expected[: len(texts)], atol=1e-6)
    assert encode_side_by_side(copies, []).shape[0] == 0


def test_a_fault_of_one_comes_out() -> None:
    encoder = SentenceEncoder(tiny_bert(), tiny_tokenizer(), pooler="avg")
    with pytest.raises(ValueError, match="sentences must be strings, got None"):
        encode_side_by_side(copies_on(encoder, [torch.device("cpu")] * 2), ["a", None])  # type: ignore[list-item]
