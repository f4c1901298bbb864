from __future__ import annotations

import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
from corpora import opened
from transformers import PreTrainedTokenizerFast

from sentcse.data.text_file import TextFile
from sentcse.errors import DataError


def test_texts_of_a_row_lie_together(tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("sent0,sent1,hard_neg\ncat,the cat,dog\nfish,fish swam,the dog ran\n")
    cache = opened(TextFile(path), tokenizer, tmp_path / "cache")
    assert (cache.rows, cache.columns) == (2, 3)
    assert [tokenizer.decode(text[1:-1]) for text in cache[1]] == ["fish", "fish swam", "the dog ran"]
    assert cache.report.header == ("sent0", "sent1", "hard_neg")


def test_a_file_of_another_name_is_read_in_its_own_form(tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    path = tmp_path / "pairs.txt"
    path.write_text("the cat\tthe dog\n")
    assert opened(TextFile(path), tokenizer, tmp_path / "cache").columns == 1
    renamed = path.rename(tmp_path / "pairs.tsv")
    assert opened(TextFile(renamed), tokenizer, tmp_path / "cache").columns == 2


def test_second_start_tokenises_nothing(
    tokenizer: PreTrainedTokenizerFast, numbered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = opened(TextFile(numbered), tokenizer, tmp_path)
    monkeypatch.setattr("sentcse.data.token_cache.build_cache", lambda *_: pytest.fail("built again"))
    second = opened(TextFile(numbered), tokenizer, tmp_path)
    assert second.report == first.report
    assert second.sha256 == TextFile(numbered).sha256
    assert [second[row][0].tolist() for row in range(100)] == [first[row][0].tolist() for row in range(100)]


def test_views_survive_the_dropping_of_pages_and_cannot_be_written(
    tokenizer: PreTrainedTokenizerFast, numbered: Path, tmp_path: Path
) -> None:
    cache = opened(TextFile(numbered), tokenizer, tmp_path)
    (held,) = cache[7]
    before = held.tolist()
    for _ in range(50):
        for row in range(100):
            cache[row]
    assert held.tolist() == before
    with pytest.raises(ValueError, match="read-only"):
        held[0] = 1


def test_pickled_as_where_it_lies(tokenizer: PreTrainedTokenizerFast, numbered: Path, tmp_path: Path) -> None:
    cache = opened(TextFile(numbered), tokenizer, tmp_path)
    data = pickle.dumps(cache)
    assert len(data) < 1000
    assert pickle.loads(data)[99][0].tolist() == cache[99][0].tolist()
    shutil.rmtree(cache.folder)
    with pytest.raises(DataError, match="holds no whole token cache"):
        pickle.loads(data)


def test_lengths_are_those_of_the_longest_texts(tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("sent0,sent1\ncat,the cat\n\nthe dog ran far,dog\nfish,fish\n")
    cache = opened(TextFile(path), tokenizer, tmp_path / "cache")
    assert cache.lengths(np.array([2, 0, 1, 0])).tolist() == [3, 4, 6, 4]


def test_rows_outside_the_range(tokenizer: PreTrainedTokenizerFast, numbered: Path, tmp_path: Path) -> None:
    cache = opened(TextFile(numbered), tokenizer, tmp_path)
    for row in (-1, 100):
        with pytest.raises(IndexError, match=r"row must be in \[0, 100\)"):
            cache[row]
