"""What a part of a study says: means over seeds, curves with bands, and which methods are told apart."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from sentcse.evaluation.statistics.seeds import (
    MeanInterval,
    PairedDifference,
    holm,
    mean_and_interval,
    paired_difference,
    seeds_needed,
)
from sentcse.studies.part import Part, in_order_of_seeds
from sentcse.studies.study_run import Replicate, StudyRun

ALPHA = 0.05
POWER = 0.8

BETTER, WORSE, NOT_TOLD_APART, NOT_TESTED = "better", "worse", "not told apart", "not tested"


@dataclass(frozen=True)
class SeriesDifference:
    """Two series at one size on one score, over the runs with the same seed and the same split.

    Attributes:
        score: key of the score.
        size: sentences trained on.
        series: whose score less `reference`'s is the difference.
        reference: what it is compared with.
        pairs: of which seeds and splits the pairs of runs are.
        other_sentences: where both have a run, but of other sentences, so that the two are no pair.
        estimate: over the pairs; None without a pair.
        corrected: Holm's p value over all tests of the score in the part; nan where nothing was tested.
        verdict: whether `series` is better, worse, not told apart, or was not tested (fewer than two pairs).
        needed: seeds that would tell the two apart if the true difference and spread are those found: with 80 %
            probability, at 5 % divided by the number of tests. None where it was told apart or not tested, and where
            more than `sentcse.evaluation.statistics.seeds.MOST_SEEDS` would be needed.
    """

    score: str
    size: int
    series: str
    reference: str
    pairs: tuple[Replicate, ...]
    other_sentences: tuple[Replicate, ...]
    estimate: PairedDifference | None
    corrected: float
    verdict: str
    needed: int | None


def cell_statistics(part: Part, series: str, size: int, key: str) -> MeanInterval | None:
    """Mean, deviation and 95 % interval of a score over seeds; None without a score."""
    values = part.values(series, size, key)
    return mean_and_interval(values) if values else None


def mean_curve(runs: Sequence[StudyRun]) -> dict[int, MeanInterval]:
    """The selecting dev score by step over runs, at the steps that all of them have, so that no seed comes or goes.

    Runs without any such score have no part in it.
    """
    curves = [run.dev_curve for run in runs if run.dev_curve]
    if len(curves) == 0:
        return {}
    steps = set(curves[0]).intersection(*curves)
    return {step: mean_and_interval([curve[step] for curve in curves]) for step in sorted(steps)}


def compare_series(part: Part, key: str, reference: str | None = None) -> list[SeriesDifference]:
    """Every two series at every size on one score, or every other with `reference`, Holm-corrected together."""
    if reference is None:
        pairs = list(combinations(part.series, 2))
    else:
        pairs = [(reference, series) for series in part.series if series != reference and reference in part.series]
    compared = [
        (size, series, other, *_paired(part, size, series, other, key))
        for size in part.sizes
        for other, series in pairs
    ]
    tested = {
        index: estimate.p_value
        for index, (*_, estimate) in enumerate(compared)
        if estimate is not None and estimate.n > 1
    }
    corrected: Mapping[int, float] = dict(zip(tested, map(float, holm(list(tested.values()))), strict=True))
    return [
        _difference(key, *each, corrected=corrected.get(index, math.nan), tests=len(tested))
        for index, each in enumerate(compared)
    ]


def _paired(
    part: Part, size: int, series: str, reference: str, key: str
) -> tuple[tuple[Replicate, ...], tuple[Replicate, ...], PairedDifference | None]:
    """The pairs, where there would be one but for other sentences, and the difference over the pairs."""
    ours, theirs = ({_pairing(run): run for run in _with_score(part, each, size, key)} for each in (series, reference))
    pairs = sorted(ours.keys() & theirs.keys(), key=lambda pair: in_order_of_seeds(ours[pair].replicate))
    first, second = ({run.replicate for run in runs.values()} for runs in (ours, theirs))
    paired = tuple(ours[pair].replicate for pair in pairs)
    others = tuple(sorted((first & second) - set(paired), key=in_order_of_seeds))
    if len(pairs) == 0:
        return (), others, None
    a, b = ([runs[pair].scores[key] for pair in pairs] for runs in (ours, theirs))
    estimate = paired_difference([float(x) for x in a if x is not None], [float(x) for x in b if x is not None])
    return paired, others, estimate


def _with_score(part: Part, series: str, size: int, key: str) -> list[StudyRun]:
    return [run for run in part.done(series, size) if run.scores.get(key) is not None]


def _pairing(run: StudyRun) -> tuple[int, str]:
    """What two runs must share to be a pair: the seed, and the very sentences."""
    return run.record.seed, str(run.part_of_results("data").get("sha256"))


def _difference(
    key: str,
    size: int,
    series: str,
    reference: str,
    pairs: tuple[Replicate, ...],
    other_sentences: tuple[Replicate, ...],
    estimate: PairedDifference | None,
    *,
    corrected: float,
    tests: int,
) -> SeriesDifference:
    verdict, needed = NOT_TESTED, None
    if estimate is not None and not math.isnan(corrected):
        verdict = NOT_TOLD_APART
        if corrected < ALPHA:
            verdict = BETTER if estimate.mean > 0 else WORSE
        else:
            needed = seeds_needed(estimate.mean, estimate.std, power=POWER, alpha=ALPHA / tests)
    return SeriesDifference(key, size, series, reference, pairs, other_sentences, estimate, corrected, verdict, needed)
