"""Search: the nearest sentences of a corpus."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny import tiny_checkpoint

from sentcse.encoder import SentenceEncoder
from sentcse.search import most_similar

CORPUS = ["a dog runs in the city", "the woman plays music", "a man sits", "the dog runs in a city"]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> SentenceEncoder:
    folder: Path = tiny_checkpoint(tmp_path_factory.mktemp("encoder"))
    return SentenceEncoder.from_pretrained(folder, pooler="avg")


def test_a_sentence_of_the_corpus_is_its_own_nearest(encoder: SentenceEncoder) -> None:
    for hits, query in zip(most_similar(encoder, CORPUS, CORPUS, top_k=2), CORPUS, strict=True):
        assert hits[0].sentence == query
        assert hits[0].cosine == pytest.approx(1.0, abs=1e-5)
        assert hits[0].cosine >= hits[1].cosine


def test_no_more_hits_than_sentences(encoder: SentenceEncoder) -> None:
    (hits,) = most_similar(encoder, ["music"], CORPUS, top_k=10)
    assert sorted(hit.sentence for hit in hits) == sorted(CORPUS)


def test_a_string_is_no_list_of_sentences(encoder: SentenceEncoder) -> None:
    with pytest.raises(ValueError, match="queries must be a list of strings"):
        most_similar(encoder, "a dog", CORPUS)
    with pytest.raises(ValueError, match="corpus must be a list of strings"):
        most_similar(encoder, ["a dog"], "a dog")
