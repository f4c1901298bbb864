"""What a study tells, in sentences: what is told apart, what is not, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence

from sentcse.evaluation.statistics.seeds import MOST_SEEDS
from sentcse.printing.wording import count, listed, number
from sentcse.studies.part import Part
from sentcse.studies.phrases import SMALL, difference_digits, replicates_listed, signed_interval
from sentcse.studies.series import differing_settings
from sentcse.studies.statistics import BETTER, NOT_TESTED, NOT_TOLD_APART, WORSE, SeriesDifference
from sentcse.studies.study_run import StudyRun, score_label, setting_text


def findings(compared: Sequence[SeriesDifference], *, over: str = "seeds") -> list[str]:
    """A sentence or two for every two series on one score: at which sizes they are told apart, by how much.

    Args:
        compared: on the score.
        over: what the means are over, `Part.over`.
    """
    pairs = list(dict.fromkeys((each.series, each.reference) for each in compared))
    return [
        sentence
        for pair in pairs
        for sentence in _of_pair([each for each in compared if (each.series, each.reference) == pair], over)
    ]


def gaps(part: Part, compared: Sequence[SeriesDifference] = ()) -> list[str]:
    """What is missing, failed, uneven, made differently or without an interval, a sentence each.

    Args:
        part: its runs.
        compared: on any score.
    """
    failed = [run for run in part.not_done() if run.record.status == "failed"]
    open_ = [run for run in part.not_done() if run.record.status != "failed"]
    sentences = [
        f"{run.record.name} failed: {_reason(run.record.reason, str(run.record.path.parent))}" for run in failed
    ]
    if open_:
        names = listed([run.record.name for run in open_])
        sentences.append(f"Not finished (interrupted, or still being trained): {names}.")
    sentences += [
        f"There is no run of {series} at {size:,} sentences with {replicates_listed(replicates)}."
        for series, size, replicates in part.missing()
    ]
    sentences += [
        f"{each.series} and {each.reference} saw other sentences at {each.size:,} with "
        f"{replicates_listed(each.other_sentences)}, so that these runs are no pairs."
        for each in compared
        if each.other_sentences
    ]
    return [
        *sentences,
        *_uneven(part),
        *_dependent(part),
        *_without_scores(part),
        *_without_curves(part),
        *made_differently(part),
    ]


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


def made_differently(part: Part) -> list[str]:
    """Precision, versions and devices that are not the same for all runs: a difference of scores may be theirs."""
    sentences = []
    for what in dict.fromkeys(name for run in part.done() for name in run.made_with):
        found: dict[str, list[StudyRun]] = {}
        for run in part.done():
            if what in run.made_with:
                found.setdefault(run.made_with[what], []).append(run)
        if len(found) > 1:
            said = listed([f"{value} for {_whose(part, runs)}" for value, runs in sorted(found.items())])
            sentences.append(f"Not all runs were made alike: {what} is {said}.")
    return sentences


def _whose(part: Part, runs: Sequence[StudyRun]) -> str:
    """The series of runs, with how many of them where it is not all."""
    words = []
    for series in part.series:
        ours = sum(part.names[run.record.name] == series for run in runs)
        whole = len(part.done(series))
        if ours:
            words.append(series if ours == whole else f"{series} ({ours} of {count(whole, 'run')})")
    return listed(words)


def _of_pair(compared: Sequence[SeriesDifference], over: str) -> list[str]:
    series, reference = compared[0].series, compared[0].reference
    label = score_label(compared[0].score)
    sentences = []
    for verdict in (BETTER, WORSE):
        told = [each for each in compared if each.verdict == verdict]
        if told:
            by = sorted(abs(each.estimate.mean) for each in told if each.estimate is not None)
            shown = list(dict.fromkeys(number(amount, difference_digits(amount)) for amount in (by[0], by[-1])))
            small = f": told apart, but less than {SMALL:g} points" if by[-1] < SMALL else ""
            sentences.append(
                f"{series} is {verdict} than {reference} at {_sizes(told)}, by {' to '.join(shown)} points of {label}"
                f"{small}."
            )
    same = [each for each in compared if each.verdict == NOT_TOLD_APART]
    if same:
        sentences.append(
            f"{series} and {reference} are not told apart at {_sizes(same)}: {_undecided(same, label, over)}."
        )
    untested = [each for each in compared if each.verdict == NOT_TESTED]
    if untested:
        sentences.append(
            f"{series} and {reference} are not tested at {_sizes(untested)}: "
            f"fewer than two pairs of runs with the same seed and sentences have {label}."
        )
    return sentences


def _undecided(compared: Sequence[SeriesDifference], label: str, over: str) -> str:
    """How large the differences were that were not told from zero, and how many seeds would do it."""
    estimates = [each.estimate for each in compared if each.estimate is not None]
    if len(estimates) == 1:
        said, are = f"the difference is {signed_interval(estimates[0])}, in points of {label}", "it is the true one"
    else:
        means = sorted(over.mean for over in estimates)
        ends = [number(mean, difference_digits(mean), sign=True) for mean in (means[0], means[-1])]
        said = f"the differences are {' to '.join(ends)} points of {label}"
        are = "they are the true ones"
    needed = sorted({each.needed if each.needed is not None else MOST_SEEDS + 1 for each in compared})
    words = [f"more than {MOST_SEEDS:,}" if seeds > MOST_SEEDS else f"{seeds:,}" for seeds in (needed[0], needed[-1])]
    return f"{said}; if {are}, {' to '.join(dict.fromkeys(words))} {over} would be needed"


def _sizes(compared: Sequence[SeriesDifference]) -> str:
    return f"{listed([f'{each.size:,}' for each in compared])} sentences"


def _uneven(part: Part) -> list[str]:
    """Cells with fewer runs than others, and those whose single run gives no interval."""
    cells = [(series, size, len(part.done(series, size))) for series in part.series for size in part.sizes]
    most = max(seeds for *_, seeds in cells)
    fewer = [f"{series} at {size:,} ({seeds})" for series, size, seeds in cells if 0 < seeds < most]
    single = [f"{series} at {size:,}" for series, size, seeds in cells if seeds == 1]
    sentences = []
    if fewer:
        sentences.append(f"Means over fewer {part.over} than the {most} of the others: {listed(fewer)}.")
    if single:
        sentences.append(f"One run, so neither deviation nor interval: {listed(single)}.")
    return sentences


def _dependent(part: Part) -> list[str]:
    """Runs that share a split, which intervals over runs know nothing of."""
    sentences = []
    for size in part.sizes:
        replicates = {run.replicate for run in part.done(size=size)}
        seeds, splits = {each.seed for each in replicates}, {each.split for each in replicates}
        if len(seeds) == 1 or None in splits:
            continue
        if len(splits) == 1:
            sentences.append(
                f"All runs at {size:,} sentences saw one split ({splits.pop()}): the intervals are those of other "
                "seeds on this split, not of other splits."
            )
        elif len(splits) < len(replicates):
            sentences.append(
                f"At {size:,} sentences {len(replicates)} pairs of seed and split share {len(splits)} splits: runs of "
                "one split are not independent, so that intervals and p values are too small."
            )
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


def _without_curves(part: Part) -> list[str]:
    """Runs that have no part in a mean learning curve, and those at whose last score it ends."""
    without = [run.record.name for run in part.done() if not run.dev_curve]
    sentences = [f"Without dev scores by step, and so in no learning curve: {listed(without)}."] if without else []
    for series in part.series:
        for size in part.sizes:
            lasts = {run.record.name: max(run.dev_curve) for run in part.done(series, size) if run.dev_curve}
            shorter = [name for name, last in lasts.items() if last < max(lasts.values())]
            if shorter:
                sentences.append(
                    f"The mean curve of {series} at {size:,} sentences ends at step {min(lasts.values()):,}, where the "
                    f"dev scores of a run end: {listed(shorter)}."
                )
    return sentences


def _reason(reason: str | None, folder: str) -> str:
    words = "no reason is recorded" if reason is None else reason.replace(folder, "...").rstrip(".")
    return f"{' '.join(words.split())}."
