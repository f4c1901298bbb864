"""How figures and lists are written, everywhere in a report."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sentcse.evaluation.seeds import MOST_SEEDS, MeanInterval, PairedDifference

if TYPE_CHECKING:
    from sentcse.studies.study_run import Replicate

NOTHING = "\u2013"
SMALL = 0.1
"""Points: a difference below matters to nobody, told apart or not."""
MINUS = "\u2212"


def number(value: float | None, digits: int = 2, *, sign: bool = False) -> str:
    """A rounded figure with a true minus; a dash for none."""
    if value is None or math.isnan(value):
        return NOTHING
    rounded = round(value, digits) + 0.0  # + 0.0: no minus before a zero
    text = f"{rounded:{'+' if sign and rounded != 0 else ''},.{digits}f}"
    return text.replace("-", MINUS)


def interval(low: float, high: float, digits: int = 2) -> str:
    """An interval in brackets; a dash where there is none."""
    return NOTHING if math.isnan(low) else f"[{number(low, digits)}, {number(high, digits)}]"


def mean_and_spread(over: MeanInterval | None, digits: int = 2, *, runs: int | None = None) -> str:
    """Mean ± standard deviation; the mean alone of one value; how many values, where there are more `runs`."""
    if over is None:
        return NOTHING
    fewer = "" if runs is None or over.n == runs else f" (n = {over.n})"
    spread = "" if over.n == 1 else f" ± {number(over.std, digits)}"
    return f"{number(over.mean, digits)}{spread}{fewer}"


def mean_with_interval(over: MeanInterval | None) -> str:
    """Mean and 95 % interval; the mean alone of one value."""
    if over is None:
        return NOTHING
    return number(over.mean) if over.n == 1 else f"{number(over.mean)} {interval(over.low, over.high)}"


def signed_interval(over: PairedDifference) -> str:
    """A difference with its 95 % interval, in words."""
    digits = difference_digits(over.mean)
    if over.n == 1:
        return number(over.mean, digits, sign=True)
    low, high = number(over.low, digits), number(over.high, digits)
    return f"{number(over.mean, digits, sign=True)}, 95\u00a0% interval {low} to {high}"


def difference(over: PairedDifference) -> str:
    """A difference with its 95 % interval in brackets."""
    digits = difference_digits(over.mean)
    return f"{number(over.mean, digits, sign=True)} {interval(over.low, over.high, digits)}"


def difference_digits(difference: float) -> int:
    """How many digits a difference in points needs: one that is told apart must not read as 0.00."""
    return 2 if abs(difference) >= SMALL else 3


def p_value(value: float) -> str:
    """A p value with three digits."""
    if math.isnan(value):
        return NOTHING
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def seeds_in_words(needed: int | None) -> str:
    """How many seeds would be needed."""
    return f"more than {MOST_SEEDS:,}" if needed is None else f"{needed:,}"


def listed(words: Sequence[str]) -> str:
    """One, two and three."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def count(things: int, word: str) -> str:
    """A number with its noun in the right number: 1 run, 2 runs."""
    return f"{things:,} {word}{'' if things == 1 else 's'}"


def replicates_listed(replicates: Sequence[Replicate]) -> str:
    """Seeds, splits, or both, whatever varies: "seeds 48-52", "splits 48-50 of seed 1", "seed 1 on split 7"."""
    seeds, splits = sorted({each.seed for each in replicates}), {each.split for each in replicates}
    if all(each.split in (None, each.seed) for each in replicates):
        return _numbered("seed", seeds)
    if len(splits) == 1:
        return f"{_numbered('seed', seeds)} on split {splits.pop()}"
    known = sorted(split for split in splits if split is not None)
    if len(seeds) == 1:
        return f"{_numbered('split', known)} of seed {seeds[0]}"
    return listed([f"seed {seed}" if split is None else f"seed {seed} on split {split}" for seed, split in replicates])


def _numbered(word: str, numbers: Sequence[int]) -> str:
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
