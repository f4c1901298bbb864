"""What is wrong with the texts of a corpus, as far as their characters tell: each kind counted, with an example."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from sentcse.data.coverage import script_of

EXAMPLE = 160
"""Characters of an example that are kept."""
FEW_WORDS = 3
_BROKEN = re.compile("\ufffd|[\x80-\x9f]|\u00c3[\u0080-\u00bf]|\u00c2[\u00a0-\u00bf]|\u00e2\u20ac")
"""The sign of a byte that was not understood, control characters, UTF-8 that was read as Latin-1 or Windows-1252."""
_MARKUP = re.compile(r"</?[A-Za-z][^<>]*>|&#?\w{2,8};|\]\(|^\s*(#{1,6} |\.\. |[|+*=~`_-]{3})")
_ADDRESS = re.compile(r"https?://|www\.\w|\S+@\S+\.\w")
_ENDS = re.compile(r"[.!?\u2026\u3002\uff01\uff1f\u061f\u0964][\"'\u2019\u201d\u00bb)\]]*$")
_WITHOUT_SPACES = frozenset({"Cjk", "Hiragana", "Katakana", "Thai", "Lao", "Khmer", "Myanmar"})
KINDS = {
    "broken": "characters that were read in a wrong encoding, or are lost",
    "markup": "tags, entities or marks of a page's source",
    "address": "web or mail addresses",
    "few letters": "less than half of it letters: code, numbers, tables",
    "few words": f"fewer than {FEW_WORDS} words",
    "no end": "no full stop, question or exclamation mark at the end: titles, or sentences that were cut",
}
"""What each kind is."""


@dataclass
class TextFaults:
    """Counts over texts that were added.

    Attributes:
        texts: how many.
        counts: of them with each kind of `KINDS`; one text may have several.
        examples: the start of the first text of each kind.
        scripts: texts by the script of most of their letters, "other" without letters.
    """

    texts: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    scripts: Counter[str] = field(default_factory=Counter)

    def add(self, text: str) -> None:
        """Look at a text."""
        self.texts += 1
        script = "Latin" if text.isascii() and any(letter.isalpha() for letter in text) else script_of(text)
        self.scripts[script] += 1
        for kind in faults_of(text, script):
            self.counts[kind] += 1
            self.examples.setdefault(kind, text[:EXAMPLE])

    def share(self, kind: str) -> float:
        """Of all texts."""
        return self.counts[kind] / max(1, self.texts)


def faults_of(text: str, script: str) -> list[str]:
    """The kinds of `KINDS` that a text shows; `script` is that of most of its letters."""
    text = text.strip()
    signs = [letter for letter in text if not letter.isspace()]
    # marks are parts of letters in many scripts
    letters = sum(letter.isalpha() or not letter.isascii() for letter in signs)
    words = len(signs) if script in _WITHOUT_SPACES else len(text.split())
    found = {
        "broken": _BROKEN.search(text) is not None,
        "markup": _MARKUP.search(text) is not None,
        "address": _ADDRESS.search(text) is not None,
        "few letters": 2 * letters < len(signs),
        "few words": words < FEW_WORDS,
        "no end": _ENDS.search(text) is None,
    }
    return [kind for kind, is_so in found.items() if is_so]
