from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tiny import tiny_bert, tiny_checkpoint, tiny_tokenizer
from torch import nn

from sentcse.encoder import SentenceEncoder
from sentcse.errors import ConfigError, SentcseError
from sentcse.modules.heads import LinearTanhHead
from sentcse.modules.pooling import LAYERS_NEEDED, POOLERS

SENTENCES = ["A man plays music.", "The dog", "a", "The woman sits in the city and the dog runs to it", "music of 7"]


def make(pooler: str = "avg", **settings: object) -> SentenceEncoder:
    torch.manual_seed(0)
    head = LinearTanhHead(16) if pooler == "cls" else None
    return SentenceEncoder(tiny_bert(**settings), tiny_tokenizer(), pooler=pooler, head=head)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("pooler", sorted(POOLERS))
def test_vectors_are_those_of_each_sentence_alone(pooler: str) -> None:
    """Neither order nor batch size nor padding counts."""
    encoder = make(pooler)
    together = encoder.encode(SENTENCES)
    alone = np.concatenate([encoder.encode([sentence]) for sentence in SENTENCES])
    assert together.shape == (5, 16)
    assert together.dtype == np.float32
    np.testing.assert_allclose(together, alone, atol=1e-6)
    np.testing.assert_allclose(encoder.encode(SENTENCES[::-1])[::-1], alone, atol=1e-6)
    np.testing.assert_allclose(encoder.encode(SENTENCES, batch_size=2), alone, atol=1e-6)


@pytest.mark.usefixtures("float64")
def test_vectors_are_those_of_the_plain_model() -> None:
    encoder = make("cls_before_pooler")
    inputs = encoder.tokenizer(SENTENCES[0], return_tensors="pt")
    with torch.no_grad():
        expected = encoder.backbone.eval()(**inputs).last_hidden_state[0, 0]
    np.testing.assert_allclose(encoder.encode(SENTENCES[:1])[0], expected.numpy(), atol=1e-6)


def test_hidden_states_are_asked_for_only_where_needed() -> None:
    ids = torch.tensor([[2, 5, 3]])
    for pooler in POOLERS:
        states = make(pooler).hidden_states(ids, torch.ones_like(ids))
        assert len(states) == (4 if pooler in LAYERS_NEEDED else 1)


def test_no_sentence() -> None:
    vectors = make().encode([])
    assert vectors.shape == (0, 16)
    assert vectors.dtype == np.float32


def test_an_empty_sentence_is_its_special_tokens() -> None:
    assert np.isfinite(make().encode(["", "a"])).all()
    assert make().tokenize([""]) == [[2, 3]]


def test_each_module_gets_its_own_mode_back() -> None:
    encoder = make(hidden_dropout_prob=0.5)
    encoder.train()
    encoder.backbone.encoder.layer[1].eval()
    before = [module.training for module in encoder.modules()]
    first, second = encoder.encode(SENTENCES), encoder.encode(SENTENCES)
    np.testing.assert_array_equal(first, second)  # dropout was off
    assert [module.training for module in encoder.modules()] == before
    assert True in before
    assert False in before


def test_modes_come_back_after_a_fault() -> None:
    encoder = make("cls")
    encoder.train()
    assert encoder.head is not None
    encoder.head.register_forward_hook(lambda *_: (_ for _ in ()).throw(RuntimeError("fault")))
    with pytest.raises(RuntimeError, match="fault"):
        encoder.encode(SENTENCES)
    assert all(module.training for module in encoder.modules())


def test_float32_under_autocast() -> None:
    encoder = make()
    exact = encoder.encode(SENTENCES)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        np.testing.assert_array_equal(encoder.encode(SENTENCES), exact)


def test_encoding_leaves_the_random_state_alone() -> None:
    encoder = make(hidden_dropout_prob=0.5)
    encoder.train()
    before = torch.get_rng_state()
    encoder.encode(SENTENCES)
    assert torch.equal(torch.get_rng_state(), before)


def test_vectors_can_be_trained_on_after_an_encode() -> None:
    encoder = make()
    encoder.encode(SENTENCES)
    ids = torch.tensor([[2, 5, 3]])
    encoder(ids, torch.ones_like(ids)).sum().backward()
    assert all(p.grad is None or torch.isfinite(p.grad).all() for p in encoder.parameters())


@pytest.mark.usefixtures("float64")
def test_long_sentences_are_cut() -> None:
    encoder = make()
    long = " ".join(["dog"] * 100)
    assert encoder.max_length == 64
    assert [len(ids) for ids in encoder.tokenize([long])] == [64]
    assert [len(ids) for ids in encoder.tokenize([long], max_length=5)] == [5]
    assert encoder.tokenize([long], max_length=5)[0][-1] == encoder.tokenizer.sep_token_id
    np.testing.assert_allclose(encoder.encode([long], max_length=5), encoder.encode(["dog dog dog"]), atol=1e-6)


def test_the_head_may_change_the_width() -> None:
    encoder = SentenceEncoder(tiny_bert(), tiny_tokenizer(), pooler="avg", head=nn.Linear(16, 3))
    assert encoder.encode(SENTENCES).shape == (5, 3)


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match=r"pooler must be one of .*, got 'max'"):
        make("max")
    with pytest.raises(ValueError, match="'cls' needs a head"):
        SentenceEncoder(tiny_bert(), tiny_tokenizer(), pooler="cls")


def test_from_pretrained_needs_a_pooler_where_none_is_recorded(tmp_path: Path) -> None:
    folder = tiny_checkpoint(tmp_path)
    with pytest.raises(SentcseError, match="no record of its pooler; give one"):
        SentenceEncoder.from_pretrained(folder)
    with pytest.raises(SentcseError, match="no trained head, which pooler=cls needs"):
        SentenceEncoder.from_pretrained(folder, pooler="cls")
    encoder = SentenceEncoder.from_pretrained(folder, pooler="avg", max_length=9)
    assert encoder.max_length == 9
    assert not encoder.training
    np.testing.assert_allclose(encoder.encode(SENTENCES[:3]), make().encode(SENTENCES[:3]), atol=1e-5)


def test_another_pooler_than_the_recorded_one_leaves_the_head_out(tmp_path: Path) -> None:
    folder = make("cls").save_pretrained(tmp_path / "encoder")
    assert SentenceEncoder.from_pretrained(folder).head is not None
    other = SentenceEncoder.from_pretrained(folder, pooler="cls_before_pooler")
    np.testing.assert_allclose(other.encode(SENTENCES), make("cls_before_pooler").encode(SENTENCES), atol=1e-5)


def test_a_length_without_positions_is_refused(tmp_path: Path) -> None:
    folder = tiny_checkpoint(tmp_path / "encoder")
    assert SentenceEncoder.from_pretrained(folder, pooler="avg", max_length=64).max_length == 64
    with pytest.raises(
        ConfigError, match=r"^max_length=65: this encoder takes at most 64 tokens; set it to 64 or lower"
    ):
        SentenceEncoder.from_pretrained(folder, pooler="avg", max_length=65)


def test_one_sentence_gives_one_vector() -> None:
    encoder = make()
    alone = encoder.encode("A man plays music.")
    assert alone.shape == (16,)
    np.testing.assert_array_equal(alone, encoder.encode(["A man plays music."])[0])


def test_what_cannot_be_encoded() -> None:
    encoder = make()
    with pytest.raises(ValueError, match="must be strings, got None at position 1"):
        encoder.encode(["a", None])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="batch_size must be at least 1, got 0"):
        encoder.encode(["a"], batch_size=0)
    with pytest.raises(ValueError, match=r"got one string: write \[sentence\]"):
        encoder.tokenize("a dog")
    with pytest.raises(ValueError, match=r"half of a character \(\\ud83d\) at position 1: decode"):
        encoder.encode(["a dog", "good \ud83d"])


def test_sentences_of_any_iterable() -> None:
    encoder = make()
    sentences = ["A man plays music.", "A dog."]
    np.testing.assert_array_equal(encoder.encode(text for text in sentences), encoder.encode(sentences))
    assert encoder.encode(iter([])).shape == (0, 16)


def test_a_length_without_room_for_a_word(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="max_length=2: two special tokens leave no room"):
        SentenceEncoder.from_pretrained(tiny_checkpoint(tmp_path), pooler="avg", max_length=2)


def test_cosines_of_texts_and_of_vectors() -> None:
    encoder = make()
    vectors = encoder.encode(SENTENCES)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    np.testing.assert_allclose(encoder.similarity(SENTENCES, SENTENCES[:2]), unit @ unit[:2].T, atol=1e-6)
    np.testing.assert_array_equal(encoder.similarity(vectors, SENTENCES), encoder.similarity(SENTENCES, vectors))
    np.testing.assert_allclose(encoder.similarity_pairwise(SENTENCES, vectors), np.ones(5), atol=1e-6)
