from __future__ import annotations

import numpy as np
import pytest
from transformers import PreTrainedTokenizerFast

from sentcse.data.coverage import Coverage, is_seen, script_of
from sentcse.errors import DataError


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("\u0444\u0438\u043b\u044c\u043c a", "Cyrillic"),
        ("\u732b cat", "Latin"),
        ("\u732b\u304c\u304c", "Hiragana"),
        ("\u2192 12", "other"),
    ],
)
def test_the_script_of_most_letters(text: str, script: str) -> None:
    assert script_of(text) == script


@pytest.mark.parametrize(("text", "seen"), [("a", True), ("\U0001f600", True), ("\u200b \u202e", False), ("", False)])
def test_what_is_seen(text: str, seen: bool) -> None:
    assert is_seen(text) is seen


def counted(tokenizer: PreTrainedTokenizerFast, texts: list[str]) -> Coverage:
    coverage = Coverage(tokenizer)
    rows = tokenizer(texts)["input_ids"]
    coverage.add(texts, np.concatenate(rows).astype(np.uint16), np.array([len(row) for row in rows]))
    return coverage


def test_shares_are_of_the_tokens_between_the_special_ones(tokenizer: PreTrainedTokenizerFast) -> None:
    film = "\u0444\u0438\u043b\u044c\u043c"
    coverage = counted(tokenizer, ["the cat", f"{film} cat", f"{film} {film} sat", ""])
    assert coverage.unknown == pytest.approx(3 / 7)
    assert coverage.unknown_by_script == {"Cyrillic": pytest.approx(3 / 5)}
    coverage.refuse("a.txt")


def test_an_unknown_token_that_also_ends_each_text_is_not_counted(make_tokenizer) -> None:
    tokenizer = make_tokenizer(["cat"])
    tokenizer.sep_token = tokenizer.unk_token
    assert counted(tokenizer, ["\u0444", "cat"]).unknown == 0


def test_nothing_to_learn_from(tokenizer: PreTrainedTokenizerFast) -> None:
    with pytest.raises(DataError, match=r"a\.txt: 100\.0% of its tokens are unknown .*\(Cyrillic 100\.0%\)"):
        counted(tokenizer, ["\u0444\u0438", "\u0444"]).refuse("a.txt")
    with pytest.raises(DataError, match="have no character that can be seen"):
        counted(tokenizer, ["\u200b", ""]).refuse("a.txt")
