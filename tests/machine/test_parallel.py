"""Sharing work out among threads, and encoding that does so."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from tiny import tiny_bert, tiny_tokenizer

from sentcse.encoder import SentenceEncoder
from sentcse.machine.parallel import MOST_THREADS, map_on_cores
from sentcse.modules.first_token import last_layer_for_first_token


@pytest.fixture(params=[1, 2, 8])
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

    assert list(map_on_cores(square, range(50), cores=cores)) == [number * number for number in range(50)]
    assert {count for _, count in seen} == {cores // min(cores, MOST_THREADS)}
    assert torch.get_num_threads() == cores


def test_a_fault_comes_through_and_the_thread_count_comes_back(cores: int) -> None:
    begun = []

    def fail(number: int) -> int:
        begun.append(number)
        time.sleep(0.02)
        if number == 3:
            raise ValueError("three")
        return number

    with pytest.raises(ValueError, match="three"):
        list(map_on_cores(fail, range(400), cores=cores))
    assert len(begun) < 400  # what waited was not begun
    assert torch.get_num_threads() == cores
    assert list(map_on_cores(fail, [], cores=cores)) == []


def test_left_early(cores: int) -> None:
    """What an exception in the loop over the results comes to: nothing more is begun, the thread count comes back."""
    begun = []

    def slow(number: int) -> int:
        begun.append(number)
        time.sleep(0.02)
        return number

    found = map_on_cores(slow, range(400), cores=cores)
    assert next(found) == 0
    found.close()
    assert len(begun) < 400
    assert torch.get_num_threads() == cores


@pytest.mark.usefixtures("float64")
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
