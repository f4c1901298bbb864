"""Texts into token ids, read once and kept small."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sentcse.data.lines import HALF_CHARACTER

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

TEXTS_AT_ONCE = 4096
"""Texts that the tokenizer, which keeps much more of each than its ids, gets together."""


class Tokens(Sequence[list[int]]):
    """Token ids of many texts, four bytes each: lists of Python's numbers would take more than the texts."""

    def __init__(self, texts: Iterable[list[int]]) -> None:
        ids, ends = array("i"), array("q", [0])
        for each in texts:
            ids.extend(each)
            ends.append(len(ids))
        self._ids = np.frombuffer(ids, dtype=np.int32) if len(ids) > 0 else np.empty(0, np.int32)
        self._ends = np.frombuffer(ends, dtype=np.int64)

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, index: Any) -> Any:
        ids: list[int] = self._ids[self._ends[index] : self._ends[index + 1]].tolist()
        return ids

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each text."""
        return np.diff(self._ends)


def tokenized(
    texts: Iterable[str], tokenizer: PreTrainedTokenizerBase, *, prompt: str, max_length: int
) -> Iterator[list[int]]:
    """Token ids of each text, behind the prompt and with special tokens, cut at `max_length`.

    Raises:
        ValueError: if a text is not a string or holds half a character, or all are one string.
    """
    if isinstance(texts, str):
        raise ValueError("sentences must be a list of strings, got one string: write [sentence]")
    if not isinstance(texts, Iterable) or (isinstance(texts, np.ndarray) and texts.ndim != 1):
        raise ValueError(f"sentences must be strings in one row, got {texts!r}")
    numbered = enumerate(texts)
    while chunk := [prompt + checked(text, number) for number, text in islice(numbered, TEXTS_AT_ONCE)]:
        yield from tokenizer(chunk, truncation=True, max_length=max_length, return_attention_mask=False)["input_ids"]


def checked(text: Any, number: int) -> str:
    """A text, if it is one; raises ValueError as `tokenized`."""
    if not isinstance(text, str):
        raise ValueError(f"sentences must be strings, got {text!r} at position {number}")
    half = HALF_CHARACTER.search(text)
    if half is not None:
        raise ValueError(
            f"sentences must be text, got half of a character (\\u{ord(half[0]):04x}) at position {number}: "
            "decode the text again, or remove it"
        )
    return text
