"""How much of a corpus a tokenizer knows: a model learns nothing from unknown tokens and unseen characters."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sentcse.errors import DataError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

TOO_MANY = 0.9
"""Share of unknown tokens, or of texts without a character that is seen, from which a corpus is refused."""
_LETTERS = 50
_BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Fillers, which Unicode counts as letters or symbols."""


class Coverage:
    """Counts unknown tokens by the script of the text, and texts that nobody sees.

    Args:
        tokenizer: what tells an unknown token from others.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        # one that ends texts as well, as GPT-2's, stands in known ones, too
        marks = (tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.bos_token_id, tokenizer.eos_token_id)
        unknown = tokenizer.unk_token_id
        self._unknown_id: int | None = None if unknown in marks else unknown
        self._special = int(tokenizer.num_special_tokens_to_add())
        self._tokens: Counter[str] = Counter()
        self._unknown: Counter[str] = Counter()
        self._texts = self._unseen = 0

    def add(
        self, texts: Sequence[str], tokens: npt.NDArray[np.unsignedinteger], lengths: npt.NDArray[np.int64]
    ) -> None:
        """Count texts whose tokens, special ones included, lie one after the other in `tokens`."""
        unknown = np.zeros(len(texts), dtype=np.int64)
        if self._unknown_id is not None:
            rows = np.searchsorted(np.cumsum(lengths), np.flatnonzero(tokens == self._unknown_id), side="right")
            unknown = np.bincount(rows, minlength=len(texts))
        own = np.maximum(lengths - self._special, 0)
        self._texts += len(texts)
        for text, count, missing in zip(texts, own.tolist(), unknown.tolist(), strict=True):
            script = "Latin" if text.isascii() else script_of(text)
            self._tokens[script] += count
            self._unknown[script] += missing
            self._unseen += count == 0 or not is_seen(text)

    @property
    def unknown(self) -> float:
        """Share of unknown tokens, special tokens left out."""
        return sum(self._unknown.values()) / max(1, sum(self._tokens.values()))

    @property
    def unknown_by_script(self) -> dict[str, float]:
        """Share of unknown tokens in the texts of each script that has some, the greatest first."""
        shares = {script: count / max(1, self._tokens[script]) for script, count in self._unknown.items() if count > 0}
        return dict(sorted(shares.items(), key=lambda item: -item[1]))

    def refuse(self, name: str) -> None:
        """Stop where there is nothing to learn from.

        Raises:
            DataError: nearly all tokens are unknown, or nearly all texts without a character that is seen.
        """
        if self._unseen >= TOO_MANY * self._texts:
            raise DataError(
                f"{name}: {self._unseen / self._texts:.1%} of its texts have no character that can be seen, or none "
                "that the tokenizer keeps: look at the file, and at data.encoding."
            )
        if self.unknown >= TOO_MANY:
            raise DataError(
                f"{name}: {self.unknown:.1%} of its tokens are unknown to the tokenizer "
                f"({say_by_script(self.unknown_by_script)}), so that all sentences look alike to the model: choose an "
                "encoder that was trained on this language (encoder.name_or_path)."
            )


def say_by_script(shares: dict[str, float]) -> str:
    """Shares in words."""
    return ", ".join(f"{script} {share:.1%}" for script, share in shares.items())


def is_seen(text: str) -> bool:
    """Whether a text has a character that is seen: no space, no control, no mark of direction or width."""
    return any(letter.isprintable() and not letter.isspace() and letter not in _BLANK_LETTERS for letter in text)


def script_of(text: str) -> str:
    """The script of most of the first letters, by Unicode's name of them; "other" without letters."""
    letters = [letter for letter in text[: 4 * _LETTERS] if letter.isalpha()][:_LETTERS]
    found = Counter(map(_script, letters))
    return found.most_common(1)[0][0] if found else "other"


@lru_cache(maxsize=2**16)
def _script(letter: str) -> str:
    return unicodedata.name(letter, "other").split()[0].capitalize()
