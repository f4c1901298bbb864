"""What a study tells, in sentences: what is told apart, what is not, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence

from sentcse.evaluation.seeds import MOST_SEEDS
from sentcse.studies.part import Part
from sentcse.studies.series import differing_settings
from sentcse.studies.statistics import BETTER, NOT_TESTED, NOT_TOLD_APART, WORSE, Difference
from sentcse.studies.study_run import score_label, setting_text
from sentcse.studies.wording import listed, number, seeds_listed, signed_interval


def findings(compared: Sequence[Difference]) -> list[str]:
    """A sentence or two for every two series on one score: at which sizes they are told apart, by how much."""
    pairs = list(dict.fromkeys((each.series, each.reference) for each in compared))
    return [
        sentence
        for pair in pairs
        for sentence in _of_pair([each for each in compared if (each.series, each.reference) == pair])
    ]


def gaps(part: Part) -> list[str]:
    """What is missing, failed, uneven or without an interval, a sentence each."""
    failed = [run for run in part.not_done() if run.record.status == "failed"]
    open_ = [run for run in part.not_done() if run.record.status != "failed"]
    sentences = [
        f"{run.record.name} failed: {_reason(run.record.reason, str(run.record.path.parent))}" for run in failed
    ]
    if open_:
        names = listed([run.record.name for run in open_])
        sentences.append(f"Not finished (interrupted, or still being trained): {names}.")
    sentences += [
        f"There is no run of {series} at {size:,} sentences with {_seeds(seeds)}."
        for series, size, seeds in part.missing()
    ]
    return sentences + _uneven(part) + _without_scores(part)


def varied_with_size(part: Part) -> list[str]:
    """The settings that a series changes with the size of the corpus, as published recipes do; a sentence each."""
    sentences = []
    for series in part.series:
        runs = part.done(series)
        for key in differing_settings(runs):
            values = {run.size: setting_text(run.settings.get(key)) for run in runs}
            said = listed(
                [f"{value} at {size:,}" for size, value in sorted(values.items(), key=lambda item: item[0] or 0)]
            )
            sentences.append(f"{series}: {key} is {said} sentences.")
    return sentences


def _of_pair(compared: Sequence[Difference]) -> list[str]:
    series, reference = compared[0].series, compared[0].reference
    label = score_label(compared[0].score)
    sentences = []
    for verdict in (BETTER, WORSE):
        told = [each for each in compared if each.verdict == verdict]
        if told:
            by = sorted({number(abs(each.estimate.mean)) for each in told if each.estimate is not None}, key=float)
            amount = by[0] if len(by) == 1 else f"{by[0]} to {by[-1]}"
            sentences.append(
                f"{series} is {verdict} than {reference} at {_sizes(told)}, by {amount} points of {label}."
            )
    same = [each for each in compared if each.verdict == NOT_TOLD_APART]
    if same:
        sentences.append(f"{series} and {reference} are not told apart at {_sizes(same)}: {_undecided(same, label)}.")
    untested = [each for each in compared if each.verdict == NOT_TESTED]
    if untested:
        sentences.append(
            f"{series} and {reference} are not tested at {_sizes(untested)}: "
            "fewer than two runs of each have the same seed and split."
        )
    return sentences


def _undecided(compared: Sequence[Difference], label: str) -> str:
    """How large the differences were that were not told from zero, and how many seeds would do it."""
    estimates = [each.estimate for each in compared if each.estimate is not None]
    if len(estimates) == 1:
        said, are = f"the difference is {signed_interval(estimates[0])}, in points of {label}", "it is the true one"
    else:
        means = sorted(over.mean for over in estimates)
        said = f"the differences are {number(means[0], sign=True)} to {number(means[-1], sign=True)} points of {label}"
        are = "they are the true ones"
    needed = sorted({each.needed if each.needed is not None else MOST_SEEDS + 1 for each in compared})
    words = [f"more than {MOST_SEEDS:,}" if seeds > MOST_SEEDS else f"{seeds:,}" for seeds in (needed[0], needed[-1])]
    return f"{said}; if {are}, {' to '.join(dict.fromkeys(words))} seeds would be needed"


def _sizes(compared: Sequence[Difference]) -> str:
    return f"{listed([f'{each.size:,}' for each in compared])} sentences"


def _seeds(seeds: Sequence[int]) -> str:
    return f"seed{'' if len(seeds) == 1 else 's'} {seeds_listed(seeds)}"


def _uneven(part: Part) -> list[str]:
    """Cells with fewer seeds than others, and those whose single seed gives no interval."""
    cells = [(series, size, len(part.done(series, size))) for series in part.series for size in part.sizes]
    most = max(seeds for *_, seeds in cells)
    fewer = [f"{series} at {size:,} ({seeds})" for series, size, seeds in cells if 0 < seeds < most]
    single = [f"{series} at {size:,}" for series, size, seeds in cells if seeds == 1]
    sentences = []
    if fewer:
        sentences.append(f"Means over fewer seeds than the {most} of the others: {listed(fewer)}.")
    if single:
        sentences.append(f"One seed, so neither deviation nor interval: {listed(single)}.")
    return sentences


def _without_scores(part: Part) -> list[str]:
    sentences = []
    for key in part.score_keys():
        runs = part.without_score(key)
        if runs:
            names = listed([run.record.name for run in runs])
            sentences.append(
                f"Without {score_label(key)} (not scored, or collapsed), and so in no mean of it: {names}."
            )
    return sentences


def _reason(reason: str | None, folder: str) -> str:
    words = "no reason is recorded" if reason is None else reason.replace(folder, "...").rstrip(".")
    return f"{' '.join(words.split())}."
