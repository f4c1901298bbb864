"""Numbers, intervals and lists in words, as every table, figure and sentence writes them."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence

NOTHING = "\u2013"
MINUS = "\u2212"


def number(value: float | None, digits: int = 2, *, sign: bool = False) -> str:
    """A rounded figure with a true minus; a dash for none."""
    if value is None or math.isnan(value):
        return NOTHING
    rounded = round(value, digits) + 0.0  # + 0.0: no minus before a zero
    text = f"{rounded:{'+' if sign and rounded != 0 else ''},.{digits}f}"
    return text.replace("-", MINUS)


def score(value: float | None) -> str:
    """A score for the terminal, two decimals; a hyphen where there is none."""
    return "-" if value is None else f"{value:.2f}"


def interval(low: float, high: float, digits: int = 2) -> str:
    """An interval in brackets; a dash where there is none."""
    return NOTHING if math.isnan(low) else f"[{number(low, digits)}, {number(high, digits)}]"


def p_value(value: float) -> str:
    """A p value with three digits."""
    if math.isnan(value):
        return NOTHING
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def printable(text: str) -> str:
    """Text on one line without what a terminal obeys: control characters, and those that turn the direction round."""
    return "".join(
        repr(letter)[1:-1] if unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp") else letter
        for letter in text
    )


def listed(words: Sequence[str]) -> str:
    """One, two and three."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def count(things: int, word: str) -> str:
    """A number with its noun in the right number: 1 run, 2 runs."""
    return f"{things:,} {word}{'' if things == 1 else 's'}"


def numbered(word: str, numbers: Sequence[int]) -> str:
    """Seeds or splits with their noun: seed 48, seeds 48-52."""
    return f"{word}{'' if len(numbers) == 1 else 's'} {seeds_listed(numbers)}"


def seeds_listed(seeds: Sequence[int]) -> str:
    """Seeds, runs of three and more of them with a dash: 48-52."""
    parts: list[list[int]] = []
    for seed in seeds:
        if parts and seed == parts[-1][-1] + 1:
            parts[-1].append(seed)
        else:
            parts.append([seed])
    return ", ".join(f"{part[0]}\u2013{part[-1]}" if len(part) > 2 else ", ".join(map(str, part)) for part in parts)
