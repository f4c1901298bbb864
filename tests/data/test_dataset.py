from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from corpora import opened
from transformers import PreTrainedTokenizerFast

from sentcse.data.dataset import SentenceDataset
from sentcse.data.low_shot import LowShot
from sentcse.data.text_file import TextFile
from sentcse.data.token_cache import TokenCache
from sentcse.errors import DataError


@pytest.fixture
def cache(tokenizer: PreTrainedTokenizerFast, numbered: Path, tmp_path: Path) -> TokenCache:
    return TokenCache.open_or_build(TextFile(numbered), tokenizer, 16, tmp_path / "cache", progress=False)


def test_whole_corpus(cache: TokenCache) -> None:
    dataset = SentenceDataset(cache)
    assert len(dataset) == 100
    assert dataset.sha256 == cache.sha256
    assert dataset[42][0].tolist() == cache[42][0].tolist()


def test_a_split_reads_the_rows_of_the_permutation(cache: TokenCache) -> None:
    split = LowShot(49, percent=10)
    dataset = SentenceDataset(cache, split)
    rows = split.rows(100, np.arange(10))
    assert len(dataset) == 10
    assert [text.tolist() for (text,) in dataset.__getitems__(range(10))] == [cache[row][0].tolist() for row in rows]
    assert dataset[3][0].tolist() == cache[int(rows[3])][0].tolist()
    assert dataset.sha256 == split.sha256(cache.sha256, 100) != cache.sha256


def test_outside_the_split(cache: TokenCache) -> None:
    with pytest.raises(IndexError, match=r"position must be in \[0, 10\), got 10"):
        SentenceDataset(cache, LowShot(48, size=10))[10]
    with pytest.raises(DataError, match="take a smaller split"):
        SentenceDataset(cache, LowShot(48, size=101))


def test_duplicates_are_left_out_before_a_split_is_taken(tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    once = [" ".join("abcdefghij"[int(digit)] for digit in str(number)) for number in range(50)]
    for name, lines in (("once", once), ("twice", [line for each in once for line in (each, each)])):
        (tmp_path / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    clean, doubled = (opened(TextFile(tmp_path / f"{name}.txt"), tokenizer, tmp_path) for name in ("once", "twice"))
    for split in (None, LowShot(48, size=10), LowShot(48, percent=10)):
        expected, found = SentenceDataset(clean, split), SentenceDataset(doubled, split, drop_duplicates=True)
        assert (expected.dropped, found.dropped) == (0, 50)
        assert len(found) == len(expected)
        positions = range(len(found))
        assert [each[0].tolist() for each in found.__getitems__(positions)] == [
            each[0].tolist() for each in expected.__getitems__(positions)
        ]
        # other data than the whole corpus
        assert found.sha256 != SentenceDataset(doubled, split).sha256


def test_a_split_larger_than_what_is_left_says_what_was_left_out(
    tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    (tmp_path / "twice.txt").write_text("a b\na b\nc\nd\n", encoding="utf-8")
    doubled = opened(TextFile(tmp_path / "twice.txt"), tokenizer, tmp_path)
    assert len(SentenceDataset(doubled, LowShot(1, size=4))) == 4
    assert len(SentenceDataset(doubled, LowShot(1, size=3), drop_duplicates=True)) == 3
    with pytest.raises(DataError, match=r"of the 4 rows of the corpus 3 are left without duplicates.*smaller split"):
        SentenceDataset(doubled, LowShot(1, size=4), drop_duplicates=True)


def test_where_there_are_no_duplicates_the_data_have_the_same_name(cache: TokenCache) -> None:
    dataset = SentenceDataset(cache, drop_duplicates=True)
    assert (len(dataset), dataset.dropped, dataset.sha256) == (100, 0, cache.sha256)
    with pytest.raises(DataError, match="take a smaller split"):
        SentenceDataset(cache, LowShot(48, size=101), drop_duplicates=True)


def test_lengths_are_those_of_the_rows_at_the_positions(tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("".join("the " * (n % 4) + f"{n}\n" for n in range(40) for _ in range(2)))
    cache = opened(TextFile(tmp_path / "a.txt"), tokenizer, tmp_path)
    dataset = SentenceDataset(cache, LowShot(48, size=20), drop_duplicates=True)
    found = dataset.lengths(np.arange(20)).tolist()
    assert found == [len(text) for (text,) in dataset.__getitems__(range(20))]
    assert len(set(found)) > 3
