"""What encoding makes of its arguments; that vectors are right is tested in tests/test_encoder.py."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from tiny import tiny_bert, tiny_tokenizer

from sentcse.encoder import SentenceEncoder
from sentcse.encoding.batches import batches_by_length

SENTENCES = ["A man plays music.", "The dog", "a", "The woman sits in the city and the dog runs to it", "music of 7"]


@pytest.fixture
def encoder() -> SentenceEncoder:
    return SentenceEncoder(tiny_bert(), tiny_tokenizer(), pooler="avg")


def test_texts_in_whatever_they_come(encoder: SentenceEncoder) -> None:
    pandas = pytest.importorskip("pandas")
    vectors = encoder.encode(SENTENCES)
    series = pandas.Series(SENTENCES, index=range(7, 12))
    for texts in (tuple(SENTENCES), iter(SENTENCES), np.array(SENTENCES), np.array(SENTENCES, object), series):
        np.testing.assert_array_equal(encoder.encode(texts), vectors)
    with pytest.raises(ValueError, match="got nan at position 1"):
        encoder.encode(pandas.Series(["a", None], dtype=object).fillna(float("nan")))


def test_vectors_of_length_one(encoder: SentenceEncoder) -> None:
    vectors = encoder.encode(SENTENCES)
    unit = encoder.encode(SENTENCES, normalize=True)
    np.testing.assert_allclose(np.linalg.norm(unit, axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(unit, vectors / np.linalg.norm(vectors, axis=1, keepdims=True), rtol=1e-5)
    np.testing.assert_array_equal(encoder.encode(SENTENCES, normalize_embeddings=True), unit)


def test_no_texts_have_the_width_of_vectors() -> None:
    encoder = SentenceEncoder(tiny_bert(), tiny_tokenizer(), pooler="avg", dimensions=3)
    assert encoder.encode([]).shape == (0, 3)
    assert encoder.encode(["a"]).shape == (1, 3)


def test_leading_values_are_kept_before_the_length_is_one(encoder: SentenceEncoder) -> None:
    vectors = encoder.encode(SENTENCES)[:, :4]
    np.testing.assert_array_equal(encoder.encode(SENTENCES, truncate_dim=4), vectors)
    unit = encoder.encode(SENTENCES, truncate_dim=4, normalize=True)
    np.testing.assert_allclose(np.linalg.norm(unit, axis=1), 1, rtol=1e-6)
    assert encoder.encode([], truncate_dim=4).shape == (0, 4)
    with pytest.raises(ValueError, match="truncate_dim must be at most 16, got 17"):
        encoder.encode(SENTENCES, truncate_dim=17)


def test_a_tensor(encoder: SentenceEncoder) -> None:
    tensor = encoder.encode(SENTENCES, as_tensor=True)
    assert isinstance(tensor, torch.Tensor)
    np.testing.assert_array_equal(tensor.numpy(), encoder.encode(SENTENCES))
    assert encoder.encode("a dog", as_tensor=True).shape == (16,)
    assert torch.equal(encoder.encode(SENTENCES, convert_to_tensor=True), tensor)  # type: ignore[arg-type]


def test_a_prompt_of_the_call(encoder: SentenceEncoder) -> None:
    encoder.prompt = "the "
    expected = encoder.encode(["dog"])
    encoder.prompt = "a "
    np.testing.assert_array_equal(encoder.encode(["dog"], prompt="the "), expected)
    np.testing.assert_array_equal(encoder.encode(["the dog"], prompt=""), expected)


def test_coarser_products_give_nearly_the_same(encoder: SentenceEncoder) -> None:
    exact = encoder.encode(SENTENCES)
    coarse = encoder.encode(SENTENCES, precision="bfloat16")
    assert coarse.dtype == np.float32
    assert not np.array_equal(coarse, exact)
    np.testing.assert_allclose(coarse, exact, atol=0.1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"device": "gpu7"}, "device=gpu7 is no device"),
        ({"max_length": 2}, "max_length=2: two special tokens leave no room"),
        ({"max_length": 65}, "max_length=65: this encoder takes at most 64 tokens"),
    ],
)
def test_impossible_values(encoder: SentenceEncoder, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        encoder.encode(SENTENCES, **options)


def test_the_device_may_be_named(encoder: SentenceEncoder) -> None:
    np.testing.assert_array_equal(encoder.encode(SENTENCES, device="cpu"), encoder.encode(SENTENCES))
    assert encoder.encode(["a"], device=torch.device("cpu")).shape == (1, 16)


def test_the_longest_and_strangest_texts(encoder: SentenceEncoder) -> None:
    texts = ["", "dog " * 25_000, "\U0001f600", "שלום", "a\u0301", "\t\n"]
    together = encoder.encode(texts, batch_size=4)
    assert np.isfinite(together).all()
    np.testing.assert_allclose(together, np.stack([encoder.encode(text) for text in texts]), atol=1e-5)


class Embedder:
    """What BERTopic asks of an embedding model: `embed`, which `embed_documents` and `embed_words` call."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def embed(self, documents: list[str], verbose: bool = False) -> np.ndarray[Any, Any]:
        return np.asarray(self.model.encode(documents, show_progress_bar=verbose))

    def embed_documents(self, documents: list[str], verbose: bool = False) -> np.ndarray[Any, Any]:
        return self.embed(documents, verbose)


def test_topic_models_take_the_encoder_for_one_of_sentence_transformers(encoder: SentenceEncoder) -> None:
    np.testing.assert_array_equal(Embedder(encoder).embed_documents(SENTENCES), encoder.encode(SENTENCES))


def test_vectors_as_lists_of_numbers(encoder: SentenceEncoder) -> None:
    """LangChain calls `encode(texts, show_progress_bar=..., **encode_kwargs).tolist()`."""
    found = encoder.encode(SENTENCES, show_progress_bar=False, normalize_embeddings=True).tolist()
    assert len(found) == 5
    assert isinstance(found[0][0], float)


@pytest.mark.parametrize(
    ("most_rows", "most_tokens", "expected"),
    [
        (3, None, [[3, 1, 4], [0, 2, 5]]),
        (3, 1000, [[3, 1, 4], [0, 2, 5]]),  # by rows alone
        (9, 14, [[3], [1, 4, 0], [2, 5]]),  # 20 alone; 3 x 4 <= 14 < 4 x 4; 2 x 1
        (2, 14, [[3], [1, 4], [0, 2], [5]]),
    ],
)
def test_batches_by_hand(most_rows: int, most_tokens: int | None, expected: list[list[int]]) -> None:
    lengths = np.array([3, 4, 1, 20, 4, 1])
    found = batches_by_length(lengths, most_rows=most_rows, most_tokens=most_tokens)
    assert [batch.tolist() for batch in found] == expected


def test_batches_hold_every_text_once_within_their_limits() -> None:
    lengths = np.random.default_rng(0).integers(0, 300, 1000)
    found = batches_by_length(lengths, most_rows=16, most_tokens=1024)
    assert sorted(np.concatenate(found).tolist()) == list(range(1000))
    padded = [(len(batch), len(batch) * lengths[batch].max()) for batch in found]
    assert all(rows <= 16 and tokens <= 1024 for rows, tokens in padded)
    # none could take the next one's first text
    room = [
        (rows + 1) * lengths[batch].max() > 1024 or rows == 16 for batch, (rows, _) in zip(found, padded, strict=True)
    ]
    assert all(room[:-1])
    assert batches_by_length(np.empty(0, np.int64), most_rows=4, most_tokens=9) == []
