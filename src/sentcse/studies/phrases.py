"""How figures and lists are written, everywhere in a report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sentcse.evaluation.statistics.seeds import MOST_SEEDS, MeanInterval, PairedDifference
from sentcse.printing.wording import NOTHING, interval, listed, number, numbered

if TYPE_CHECKING:
    from sentcse.studies.study_run import Replicate

SMALL = 0.1
"""Points: a difference below matters to nobody, told apart or not."""


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


def difference_with_interval(over: PairedDifference) -> str:
    """A difference with its 95 % interval in brackets."""
    digits = difference_digits(over.mean)
    return f"{number(over.mean, digits, sign=True)} {interval(over.low, over.high, digits)}"


def difference_digits(difference: float) -> int:
    """How many digits a difference in points needs: one that is told apart must not read as 0.00."""
    return 2 if abs(difference) >= SMALL else 3


def seeds_in_words(needed: int | None) -> str:
    """How many seeds would be needed."""
    return f"more than {MOST_SEEDS:,}" if needed is None else f"{needed:,}"


def replicates_listed(replicates: Sequence[Replicate]) -> str:
    """Seeds, splits, or both, whatever varies: "seeds 48-52", "splits 48-50 of seed 1", "seed 1 on split 7"."""
    seeds, splits = sorted({each.seed for each in replicates}), {each.split for each in replicates}
    if all(each.split in (None, each.seed) for each in replicates):
        return numbered("seed", seeds)
    if len(splits) == 1:
        return f"{numbered('seed', seeds)} on split {splits.pop()}"
    known = sorted(split for split in splits if split is not None)
    if len(seeds) == 1:
        return f"{numbered('split', known)} of seed {seeds[0]}"
    return listed([f"seed {seed}" if split is None else f"seed {seed} on split {split}" for seed, split in replicates])
