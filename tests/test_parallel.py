"""Sharing work out among threads, and encoding that does so."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from sentcse.encoder import SentenceEncoder
from sentcse.first_token import last_layer_for_first_token
from sentcse.parallel import map_on_cores
from tiny import tiny_bert, tiny_tokenizer


@pytest.fixture(params=[1, 2, 5])
def cores(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def test_order_and_thread_counts(cores: int) -> None:
    seen = set()

    def square(number: int) -> int:
        seen.add((threading.get_ident(), torch.get_num_threads()))
        return number * number

    assert list(map_on_cores(square, range(50))) == [number * number for number in range(50)]
    assert {count for _, count in seen} == {1}
    assert torch.get_num_threads() == cores


def test_a_fault_comes_through_and_the_thread_count_comes_back(cores: int) -> None:
    begun = []

    def fail(number: int) -> int:
        begun.append(number)
        if number == 3:
            raise ValueError("three")
        return number

    with pytest.raises(ValueError, match="three"):
        list(map_on_cores(fail, range(10_000)))
    assert len(begun) < 10_000  # what waited was not begun
    assert torch.get_num_threads() == cores
    assert list(map_on_cores(fail, [])) == []


@pytest.mark.parametrize("pooler", ["cls_before_pooler", "avg", "avg_first_last"])
def test_encoding_side_by_side_gives_the_same_vectors(pooler: str, cores: int) -> None:
    encoder = SentenceEncoder(tiny_bert(), tiny_tokenizer(), pooler=pooler)
    sentences = [" ".join(["a man", "plays"] * (1 + number % 7)) + str(number) for number in range(300)]
    expected = np.concatenate([encoder.encode([sentence]) for sentence in sentences])
    np.testing.assert_allclose(encoder.encode(sentences, batch_size=4), expected, rtol=1e-4, atol=1e-5)
    assert encoder.training  # as it was


def test_blocks_inside_each_other() -> None:
    backbone, ids = tiny_bert(), torch.tensor([[2, 5, 6, 3]])
    lengths = []

    def note() -> None:
        lengths.append(backbone(input_ids=ids).last_hidden_state.shape[1])

    note()
    with last_layer_for_first_token(backbone):
        with last_layer_for_first_token(backbone):
            note()
        note()
    note()
    assert lengths == [4, 1, 1, 4]
