"""The examples of both projects' pages, with a tiny model; what the published classes give is written out in NumPy."""

from __future__ import annotations

import inspect
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny import tiny_checkpoint

from sentcse.compat import DiffCSE, SimCSE
from sentcse.encoder import SentenceEncoder
from sentcse.errors import ConfigError, DataError, SentcseError

SENTENCES = [
    "A woman is reading.",
    "A man is playing a guitar.",
    "He plays guitar.",
    "A woman is making a photo.",
    "The dog runs in the city.",
    "The dog sits in the city.",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tiny_checkpoint(tmp_path_factory.mktemp("model") / "tiny")
    return SentenceEncoder.from_pretrained(made, pooler="cls_before_pooler").save_pretrained(made.parent / "exported")


@pytest.fixture
def model(folder: Path) -> SimCSE:
    return SimCSE(str(folder), device="cpu")


def unit(folder: Path, sentences: list[str]) -> Any:
    vectors = SentenceEncoder.from_pretrained(folder).encode(sentences).astype(np.float64)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def nearest_by_hand(folder: Path, query: str, threshold: float, top_k: int) -> list[tuple[str, float]]:
    cosines = unit(folder, SENTENCES) @ unit(folder, [query])[0]
    ranked = sorted(zip(SENTENCES, cosines.tolist(), strict=True), key=lambda each: -each[1])
    return [each for each in ranked[:top_k] if each[1] >= threshold]


def same(found: list[tuple[str, float]], expected: list[tuple[str, float]]) -> None:
    assert [sentence for sentence, _ in found] == [sentence for sentence, _ in expected]
    np.testing.assert_allclose([each for _, each in found], [each for _, each in expected], atol=1e-5)


def test_one_sentence_and_several(model: SimCSE, folder: Path) -> None:
    one = model.encode("A woman is reading.")
    assert isinstance(one, torch.Tensor)
    assert one.shape == (16,)
    assert model.encode("A woman is reading.", keepdim=True).shape == (1, 16)
    assert model.encode(["A woman is reading."]).shape == (1, 16)
    several = model.encode(SENTENCES, return_numpy=True, batch_size=2)
    assert isinstance(several, np.ndarray)
    np.testing.assert_allclose(several, unit(folder, SENTENCES), atol=1e-5)
    plain = model.encode(SENTENCES, normalize_to_unit=False, return_numpy=True)
    np.testing.assert_allclose(plain, SentenceEncoder.from_pretrained(folder).encode(SENTENCES), atol=1e-5)


def test_the_cut_is_as_published_where_the_model_takes_as_much(model: SimCSE) -> None:
    long = " ".join(["dog"] * 200)
    assert torch.equal(model.encode(long), model.encode(" ".join(["dog"] * 62)))
    assert torch.equal(model.encode(long, max_length=5), model.encode("dog dog dog"))


def test_similarity(model: SimCSE, folder: Path) -> None:
    expected = unit(folder, SENTENCES[:2]) @ unit(folder, SENTENCES[2:4]).T
    np.testing.assert_allclose(model.similarity(SENTENCES[:2], SENTENCES[2:4]), expected, atol=1e-5)
    keys = model.encode(SENTENCES[2:4], return_numpy=True)
    np.testing.assert_allclose(model.similarity(SENTENCES[:2], keys), expected, atol=1e-5)
    np.testing.assert_allclose(model.similarity(SENTENCES[0], SENTENCES[2:4]), expected[0], atol=1e-5)
    assert model.similarity(SENTENCES[:2], SENTENCES[2]).shape == (2, 1)
    both = model.similarity(SENTENCES[0], SENTENCES[2])
    assert isinstance(both, float)
    assert both == pytest.approx(expected[0, 0], abs=1e-5)


@pytest.mark.parametrize("use_faiss", [False, True, None])
@pytest.mark.parametrize("faiss_fast", [False, True])
def test_search_of_a_list(model: SimCSE, folder: Path, use_faiss: bool | None, faiss_fast: bool) -> None:
    if use_faiss:
        pytest.importorskip("faiss")
    model.build_index(SENTENCES, use_faiss=use_faiss, faiss_fast=faiss_fast)
    same(model.search("He plays guitar."), nearest_by_hand(folder, "He plays guitar.", 0.6, 5))
    queries = ["He plays guitar.", "The dog runs."]
    for threshold, top_k in ((0.6, 5), (-1.0, 2), (0.95, 6), (1.1, 3)):
        found = model.search(queries, threshold=threshold, top_k=top_k)
        # the published class forgets both for several queries
        for query, hits in zip(queries, found, strict=True):
            same(hits, nearest_by_hand(folder, query, threshold, top_k))
            same(model.search(query, threshold=threshold, top_k=top_k), hits)


def test_cells_that_are_not_looked_into_are_missed(folder: Path) -> None:
    pytest.importorskip("faiss")
    model = SimCSE(folder, "cpu", 6, 1)
    model.build_index(SENTENCES, use_faiss=True, faiss_fast=True)
    same(model.search(SENTENCES[4], top_k=1), [(SENTENCES[4], 1.0)])


def test_search_of_a_file(model: SimCSE, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "sentences.txt"
    path.write_text("\n".join(SENTENCES) + "\n\n", encoding="utf-8")
    model.build_index(str(path), use_faiss=False)
    same(model.search("The dog.", threshold=-1.0, top_k=9), nearest_by_hand(folder, "The dog.", -1.0, 9))


@pytest.mark.parametrize(("use_faiss", "faiss_fast"), [(False, False), (True, False), (True, True)])
def test_sentences_that_are_added_are_searched_as_if_they_had_been_there(
    model: SimCSE, folder: Path, tmp_path: Path, use_faiss: bool, faiss_fast: bool
) -> None:
    if use_faiss:
        pytest.importorskip("faiss")
    (tmp_path / "more.txt").write_text("\n".join(SENTENCES[4:]) + "\n", encoding="utf-8")
    given = SENTENCES[:2]
    model.build_index(given, use_faiss=use_faiss, faiss_fast=faiss_fast)
    model.add_to_index(SENTENCES[2:4], batch_size=1)
    model.add_to_index(str(tmp_path / "more.txt"))
    same(model.search("The dog.", threshold=-1.0, top_k=9), nearest_by_hand(folder, "The dog.", -1.0, 9))
    assert given == SENTENCES[:2]
    with pytest.raises(DataError, match="no sentence"):
        model.add_to_index([])


def test_what_cannot_be_searched(model: SimCSE, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="call build_index"):
        model.search("a")
    with pytest.raises(ValueError, match="add_to_index needs an index: call build_index first"):
        model.add_to_index(["a"])
    with pytest.raises(DataError, match="no sentence"):
        model.build_index([])
    with pytest.raises(DataError, match=r"missing\.txt does not exist"):
        model.build_index("missing.txt")
    monkeypatch.setitem(__import__("sys").modules, "faiss", None)
    with pytest.raises(SentcseError, match="not installed"):
        model.build_index(SENTENCES, use_faiss=True)
    model.build_index(SENTENCES)
    assert len(model.search(SENTENCES[0], top_k=1)) == 1


def test_the_pooler_is_never_guessed(tmp_path: Path) -> None:
    unknown = tiny_checkpoint(tmp_path / "unsup-simcse-of-mine")
    with pytest.raises(SentcseError, match="no record of its pooler"):
        SimCSE(unknown)
    with pytest.raises(ConfigError, match="no such device"):
        SimCSE(unknown, device="cuda:99", pooler="avg") if torch.cuda.is_available() else SimCSE(
            unknown, device="cuda", pooler="avg"
        )
    assert SimCSE(unknown, "cpu", pooler="avg").encoder.pooler == "avg"


def test_diffcse_says_which_pooler_it_takes(tmp_path: Path, folder: Path) -> None:
    cached = tmp_path / "models--voidism--diffcse-bert-base-uncased-sts" / "snapshots" / "1bba6ff"
    tiny_checkpoint(cached)
    with pytest.warns(UserWarning, match=r"pooler=cls_before_pooler, of which the published scores are") as noted:
        model = DiffCSE(cached, "cpu")
    assert noted[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        DiffCSE(cached, "cpu", pooler="avg")
        DiffCSE(folder, "cpu")
    expected = SentenceEncoder.from_pretrained(cached, pooler="cls_before_pooler").encode(SENTENCES)
    np.testing.assert_allclose(model.encode(SENTENCES, normalize_to_unit=False), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("__init__", "model_name_or_path device=None num_cells=100 num_cells_in_search=10 pooler=None"),
        (
            "encode",
            "sentence device=None return_numpy=False normalize_to_unit=True keepdim=False batch_size=64 max_length=128",
        ),
        ("similarity", "queries keys device=None"),
        ("build_index", "sentences_or_file_path use_faiss=None faiss_fast=False device=None batch_size=64"),
        ("add_to_index", "sentences_or_file_path device=None batch_size=64"),
        ("search", "queries device=None threshold=0.6 top_k=5"),
    ],
)
def test_arguments_are_the_published_ones(function: str, arguments: str) -> None:
    for published in (SimCSE, DiffCSE):
        parameters = list(inspect.signature(getattr(published, function)).parameters.values())[1:]
        shown = [
            each.name if each.default is inspect.Parameter.empty else f"{each.name}={each.default}"
            for each in parameters
        ]
        assert " ".join(shown) == arguments
