from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tiny import tiny_tokenizer

from sentcse.encoding import tokens as module
from sentcse.encoding.tokens import Tokens, tokenized


def ids(texts: Any, *, prompt: str = "", max_length: int = 64) -> list[list[int]]:
    return list(tokenized(texts, tokenizer(), prompt=prompt, max_length=max_length))


def tokenizer() -> Any:
    return tiny_tokenizer()


def test_ids_are_kept_as_they_are() -> None:
    given = [[2, 70000, 3], [], [2, 3]]
    kept = Tokens(iter(given))
    assert len(kept) == 3
    assert list(kept.lengths) == [3, 0, 2]
    assert [kept[index] for index in range(3)] == given
    assert len(Tokens([])) == 0
    assert list(Tokens([[], []]).lengths) == [0, 0]


def test_texts_are_read_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of what a generator gives is kept, and the ids are those of each text alone."""
    monkeypatch.setattr(module, "TEXTS_AT_ONCE", 3)
    read: list[int] = []

    def texts() -> Any:
        for number in range(8):
            read.append(number)
            yield f"the dog {number}"

    found = tokenized(texts(), tokenizer(), prompt="", max_length=64)
    first = next(found)
    assert read == [0, 1, 2]
    assert [first, *found] == [tokenizer()(f"the dog {number}")["input_ids"] for number in range(8)]


def test_the_prompt_stands_before_every_text() -> None:
    assert ids(["dog", ""], prompt="the ") == ids(["the dog", "the "])


def test_a_row_of_texts_in_an_array() -> None:
    assert ids(np.array(["the dog", "a"])) == ids(["the dog", "a"])
    for strange in (np.array("the dog"), np.array([["the dog"]]), None, 3):
        with pytest.raises(ValueError, match="sentences must be strings in one row, got"):
            ids(strange)


def test_a_fault_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TEXTS_AT_ONCE", 2)
    with pytest.raises(ValueError, match=r"must be strings, got nan at position 3"):
        ids(["a", "b", "c", float("nan")])
    with pytest.raises(ValueError, match=r"half of a character \(\\udc00\) at position 2"):
        ids(["a", "b", "\udc00"])


@pytest.mark.parametrize(
    "text", ["", "   ", "dog " * 25_000, "\U0001f600\U0001f468\u200d\U0001f469", "שלום עולם", "\0"]
)
def test_texts_of_all_kinds(text: str) -> None:
    (found,) = ids([text], max_length=16)
    assert 2 <= len(found) <= 16
    assert (found[0], found[-1]) == (2, 3)
