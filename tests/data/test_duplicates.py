"""Rows of equal tokens are found, whatever their characters, and nothing else is."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from corpora import opened
from transformers import PreTrainedTokenizerFast

from sentcse.data.duplicates import first_of_each
from sentcse.data.text_file import TextFile


def kept(path: Path, lines: list[str], tokenizer: PreTrainedTokenizerFast) -> list[int]:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return first_of_each(opened(TextFile(path), tokenizer, path.parent / "cache")).tolist()


def test_the_first_of_each_is_kept(tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    assert kept(tmp_path / "a.txt", ["b a", "a", "b a", "c", "a", "a", "a b"], tokenizer) == [0, 1, 3, 6]


def test_what_the_tokenizer_reads_alike_is_one_and_blank_rows_have_no_number(
    tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    behind = "a b c d e f"  # six tokens and two special ones fill the length of 8
    lines = ["A  b", "", "a b", "a b .", f"{behind} g", f"{behind} h", behind]
    assert kept(tmp_path / "a.txt", lines, tokenizer) == [0, 2, 3]


@pytest.mark.parametrize("seed", range(5))
def test_naive_loop(seed: int, tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    drawn = random.Random(seed)
    lines = [" ".join(drawn.choices("abc", k=drawn.randint(1, 4))) for _ in range(80)]
    seen: set[str] = set()
    expected = [row for row, line in enumerate(lines) if not (line in seen or seen.add(line))]  # type: ignore[func-returns-value]
    assert kept(tmp_path / "a.txt", lines, tokenizer) == expected
    assert len(expected) < 80


def test_of_pairs_the_whole_row_counts(tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    lines = ["sent0,sent1", "a,b", "a,c", "a,b", "b,a", "a b,c", "a,b c"]
    assert kept(tmp_path / "pairs.csv", lines, tokenizer) == [0, 1, 3, 4, 5]
