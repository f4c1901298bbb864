"""The index: built, changed, searched with its own encoder alone."""

from __future__ import annotations

import numpy as np
import pytest

from sentcse.encoder import SentenceEncoder
from sentcse.errors import DataError, SentcseError
from sentcse.retrieval.index import Index, most_similar

CORPUS = ["a dog runs in the city", "the woman plays music", "a man sits", "the dog runs in a city"]


@pytest.fixture
def index(encoder: SentenceEncoder) -> Index:
    return Index.build(encoder, CORPUS, ids=["d", "w", "m", "t"], payloads=[{"n": n} for n in range(4)])


def test_a_sentence_of_the_corpus_is_its_own_nearest(index: Index, encoder: SentenceEncoder) -> None:
    for number, hits in enumerate(index.search(encoder, CORPUS, top_k=2)):
        assert (hits[0].sentence, hits[0].id, hits[0].payload) == (CORPUS[number], "dwmt"[number], {"n": number})
        assert hits[0].cosine == pytest.approx(1.0, abs=1e-5)
        assert hits[0].cosine >= hits[1].cosine


def test_no_more_hits_than_sentences(index: Index, encoder: SentenceEncoder) -> None:
    (hits,) = index.search(encoder, ["music"], top_k=10)
    assert sorted(hit.sentence for hit in hits) == sorted(CORPUS)


def test_added_sentences_are_found_as_if_built_with_the_others(encoder: SentenceEncoder) -> None:
    grown = Index.build(encoder, CORPUS[:2])
    grown.add(encoder, CORPUS[2:])
    whole = Index.build(encoder, CORPUS)
    assert list(grown.documents) == list(whole.documents)
    assert np.abs(grown.vectors - whole.vectors).max() < 1e-6


def test_a_removed_sentence_is_gone_and_its_number_is_not_used_again(encoder: SentenceEncoder) -> None:
    index = Index.build(encoder, CORPUS)
    index.remove(["4", "2"])
    index.add(encoder, ["music"])
    assert [document.id for document in index.documents] == ["1", "3", "5"]
    (hits,) = index.search(encoder, [CORPUS[2]], top_k=1)
    assert hits[0].id == "3"


def test_another_encoder_is_refused(index: Index, other_encoder: SentenceEncoder) -> None:
    with pytest.raises(SentcseError, match="built with another encoder"):
        index.search(other_encoder, ["music"])
    with pytest.raises(SentcseError, match="built with another encoder"):
        index.add(other_encoder, ["music"])
    assert len(index) == 4


def test_faults_of_ids_change_nothing(index: Index, encoder: SentenceEncoder) -> None:
    with pytest.raises(DataError, match="holds no id 'x'"):
        index.remove(["d", "x"])
    with pytest.raises(DataError, match="No sentence would be left"):
        index.remove(["d", "w", "m", "t"])
    with pytest.raises(DataError, match="The id 'd' occurs twice"):
        index.add(encoder, ["music"], ids=["d"])
    with pytest.raises(DataError, match="The id 'n' occurs twice"):
        index.add(encoder, ["music", "city"], ids=["n", "n"])
    with pytest.raises(ValueError, match="ids must be one for each of 1 sentences, got 2"):
        index.add(encoder, ["music"], ids=["n", "o"])
    assert len(index) == len(index.vectors) == 4


def test_an_empty_corpus(encoder: SentenceEncoder) -> None:
    with pytest.raises(DataError, match="no sentence to index"):
        Index.build(encoder, [])


def test_a_vector_without_a_direction(encoder: SentenceEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "encode", lambda sentences, **_: np.array([[1, 0], [np.nan, 0]], np.float32))
    with pytest.raises(DataError, match="gives 'music' a vector without a direction"):
        Index.build(encoder, ["a", "music"])


def test_most_similar(encoder: SentenceEncoder) -> None:
    (hits,) = most_similar(encoder, [CORPUS[1]], CORPUS, top_k=2)
    assert (hits[0].sentence, len(hits)) == (CORPUS[1], 2)


def test_a_string_is_no_list_of_sentences(encoder: SentenceEncoder) -> None:
    with pytest.raises(ValueError, match="queries must be a list of strings"):
        most_similar(encoder, "a dog", CORPUS)
    with pytest.raises(ValueError, match="corpus must be a list of strings"):
        most_similar(encoder, ["a dog"], "a dog")
