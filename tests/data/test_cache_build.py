from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from corpora import opened
from transformers import PreTrainedTokenizerFast

from sentcse.data import cache_build
from sentcse.data.cache_build import cache_key
from sentcse.data.text_file import TextFile
from sentcse.errors import DataError

MakeTokenizer = Callable[[list[str]], PreTrainedTokenizerFast]


def test_rows_are_what_the_tokenizer_gives(
    tokenizer: PreTrainedTokenizerFast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_build, "_CHUNK_ROWS", 3)  # several chunks, the last one short
    sentences = ["The cat sat.", "dog", "far " * 20, "ran away", "fish swam on the mat", "x", "cat cat"]
    path = tmp_path / "a.txt"
    path.write_text("\n\n".join(sentences))
    cache = opened(TextFile(path), tokenizer, tmp_path / "cache")
    assert (cache.rows, cache.columns, len(cache)) == (7, 1, 7)
    for row, sentence in enumerate(sentences):
        (tokens,) = cache[row]
        assert tokens.dtype == np.uint16
        assert tokens.tolist() == tokenizer(sentence, truncation=True, max_length=8)["input_ids"]


def test_report_counts(tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    # "cat" three times, two blank lines, one text of exactly 8 tokens, one of 9, one enormous
    path.write_text(f"cat\n\ncat \ndog\n \t\ncat\n{'cat ' * 6}\n{'cat ' * 7}\n{'dog ' * 5000}\n")
    report = opened(TextFile(path), tokenizer, tmp_path / "cache").report
    assert (report.rows, report.blank, report.duplicates, report.truncated_lines, report.overlong) == (7, 2, 2, 1, 2)
    assert report.records == 9
    assert report.tokens == 4 * 3 + 3 * 8
    assert any("2 rows (28.57%) repeat an earlier text" in note for note in report.notes())


def test_large_vocabularies_take_four_bytes(make_tokenizer: MakeTokenizer, tmp_path: Path) -> None:
    tokenizer = make_tokenizer([f"w{number}" for number in range(70_000)])
    path = tmp_path / "a.txt"
    path.write_text("w69999\n")
    (tokens,) = opened(TextFile(path), tokenizer, tmp_path / "cache")[0]
    assert tokens.dtype == np.uint32
    assert tokenizer.convert_ids_to_tokens(tokens.tolist())[1] == "w69999"


def test_key_holds_all_that_the_tokens_depend_on(make_tokenizer: MakeTokenizer, tmp_path: Path) -> None:
    tokenizer, changed = make_tokenizer(["cat", "dog"]), make_tokenizer(["cat", "dog"])
    path, other = tmp_path / "a.txt", tmp_path / "b.txt"
    path.write_text("cat\n")
    other.write_text("dog\n")
    corpus = TextFile(path)
    changed.add_tokens(["swim"])
    keys = [
        cache_key(corpus, tokenizer, 8),
        cache_key(corpus, tokenizer, 9),
        cache_key(TextFile(other), tokenizer, 8),
        cache_key(TextFile(path, encoding="latin-1"), tokenizer, 8),
        cache_key(corpus, changed, 8),
        cache_key(corpus, make_tokenizer(["dog", "cat"]), 8),
    ]
    assert len(set(keys)) == len(keys)


def test_key_forgets_what_a_call_left_in_the_tokenizer(tokenizer: PreTrainedTokenizerFast, numbered: Path) -> None:
    corpus = TextFile(numbered)
    before = cache_key(corpus, tokenizer, 8)
    tokenizer(["a", "b c"], truncation=True, max_length=3, padding="max_length")
    assert cache_key(corpus, tokenizer, 8) == before


def test_a_language_that_the_tokenizer_does_not_know(tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    khmer = "\u1797\u17b6\u179f\u17b6\u1781\u17d2\u1798\u17c2\u179a"
    path = tmp_path / "a.txt"
    path.write_text(f"{khmer} {khmer}\n" * 50, encoding="utf-8")
    with pytest.raises(
        DataError, match=r"a\.txt: 100\.0% of its tokens are unknown .*\(Khmer 100\.0%\).*encoder\.name"
    ):
        opened(TextFile(path), tokenizer, tmp_path / "cache")
    path.write_text(f"{khmer} {khmer}\nthe cat\nthe dog sat\nthe mat\n" * 50, encoding="utf-8")
    report = opened(TextFile(path), tokenizer, tmp_path / "cache").report
    assert report.unknown == pytest.approx(2 / 9)
    assert report.unknown_by_script == {"Khmer": 1.0}


@pytest.mark.parametrize("text", ["\u200b\u200d", "\u202e\u200f", "\u2060 \ufeff", "\x07\x08", "\u3164"])
def test_texts_that_nobody_sees(tokenizer: PreTrainedTokenizerFast, tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text(f"{text}\n" * 50, encoding="utf-8")
    with pytest.raises(DataError, match=r"100\.0% of its texts have no character that can be seen"):
        opened(TextFile(path), tokenizer, tmp_path / "cache")
