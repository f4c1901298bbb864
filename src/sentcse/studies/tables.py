"""The tables of one part of a study."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sentcse.config.tasks import STS_TASKS
from sentcse.printing.tables import Table
from sentcse.printing.wording import NOTHING, interval, number, p_value
from sentcse.records.layout import STS_AVERAGE
from sentcse.studies.part import Part
from sentcse.studies.phrases import difference_digits, mean_and_spread, seeds_in_words
from sentcse.studies.statistics import ALPHA, NOT_TESTED, NOT_TOLD_APART, POWER, SeriesDifference, cell_statistics
from sentcse.studies.study_run import GEOMETRY, Replicate, StudyRun, score_label

Rows = list[tuple[str, ...]]

UNTRAINED = "untrained"
DEV_NOTE = "The dev score chose the step, so it flatters; the tests did not"


def score_table(part: Part) -> Table:
    """Mean, standard deviation and 95 % interval of the headline scores by size and series."""
    keys = part.headline_keys()
    columns = ["sentences", "method", "runs", *(text for key in keys for text in (score_label(key), "95 % interval"))]
    untrained = [part.untrained(key) for key in keys]
    groups: list[Rows] = []
    if any(value is not None for value in untrained):
        cells = [cell for value in untrained for cell in (number(value), NOTHING)]
        groups.append([(NOTHING, UNTRAINED, NOTHING, *cells)])
    records = []
    for size in part.sizes:
        rows: Rows = []
        for series in part.series:
            runs = part.done(series, size)
            found = {key: cell_statistics(part, series, size, key) for key in keys}
            cells = [
                cell
                for over in found.values()
                for cell in (
                    mean_and_spread(over, runs=len(runs)),
                    NOTHING if over is None else interval(over.low, over.high),
                )
            ]
            rows.append((f"{size:,}", series, str(len(runs)), *cells))
            for key, over in found.items():
                if over is not None:
                    records.append(
                        {"budget": part.label, "sentences": size, "method": series, "score": key, "mean": over.mean}
                        | {"std": _known(over.std), "low": _known(over.low), "high": _known(over.high), "n": over.n}
                        | seeds_and_splits([run.replicate for run in runs if run.outcome(key) is not None])
                    )
        groups.append(rows)
    title = f"Spearman x 100, mean ± standard deviation over {part.over} and 95 % interval of the mean ({part.label})"
    return _table("scores", title, columns, groups, 2, (DEV_NOTE + ".",), records)


def task_table(part: Part) -> Table:
    """Every test task by size and series."""
    keys = [key for key in part.score_keys() if key.endswith("_test")]
    found = {
        (size, series): {key: cell_statistics(part, series, size, key) for key in keys}
        for size in part.sizes
        for series in part.series
    }
    untrained = [part.untrained(key) for key in keys]
    before: Rows = [(NOTHING, UNTRAINED, *map(number, untrained))]
    groups = [before] if any(value is not None for value in untrained) else []
    groups += [
        [
            (
                f"{size:,}",
                series,
                *(mean_and_spread(over, runs=len(part.done(series, size))) for over in found[size, series].values()),
            )
            for series in part.series
        ]
        for size in part.sizes
    ]
    records = [
        {"sentences": size, "method": series, "score": key, "mean": over.mean, "std": _known(over.std), "n": over.n}
        for (size, series), scores in found.items()
        for key, over in scores.items()
        if over is not None
    ]
    columns = ["sentences", "method", *(score_label(key).removesuffix(" test") for key in keys)]
    title = f"Test scores by task, Spearman x 100, mean ± standard deviation over {part.over} ({part.label})"
    note = f"The average is over {len(STS_TASKS)} tasks." if STS_AVERAGE in keys else ""
    return _table("tasks", title, columns, groups, 2, tuple(filter(None, [note])), records)


def difference_table(part: Part, compared: Mapping[str, Sequence[SeriesDifference]]) -> Table:
    """Paired differences of every two series at every size, by score."""
    columns = (
        "score",
        "sentences",
        "difference",
        "mean",
        "95 % interval",
        "p",
        "Holm p",
        "pairs",
        "verdict",
        f"{part.over} needed",
    )
    groups = [[_difference_row(each) for each in found] for found in compared.values() if found]
    records = [_difference_record(each) for found in compared.values() for each in found]
    notes = (
        "Paired by seed and split; the interval is that of the single comparison, and the verdict Holm's over all "
        f"comparisons of one score at {ALPHA:.0%}.",
        f"{part.over.capitalize()} needed: to tell the two apart with {POWER:.0%} probability, at {ALPHA:.0%} divided "
        "by the number of comparisons of the score, if the true difference and spread are those found.",
    )
    title = f"Paired differences between methods ({part.label})"
    spaced = tuple(note.replace("%", " %") for note in notes)
    return _table("differences", title, columns, groups, 3, spaced, records)


def best_step_table(part: Part) -> Table:
    """At which step the best dev score was, over seeds."""
    cells = [(size, series, part.done(series, size)) for size in part.sizes for series in part.series]
    rows: Rows = [
        (f"{size:,}", series, _steps_in_words(Counter(_best_steps(runs))), _last_share(runs))
        for size, series, runs in cells
    ]
    records = [
        {"sentences": size, "method": series, **seed_and_split(run.replicate), "best_step": run.record.best_step}
        for size, series, runs in cells
        for run in runs
    ]
    groups = [[row for row in rows if row[0] == f"{size:,}"] for size in part.sizes]
    columns = ("sentences", "method", f"selected steps ({part.over})", "at the last")
    title = f"Steps that the dev score selected ({part.label})"
    notes = ("Where many runs select the last evaluation, longer training may help.",)
    return _table("best_steps", title, columns, groups, 3, notes, records)


def run_table(part: Part) -> Table:
    """Every run, done or not."""
    keys, split = part.headline_keys(), part.splits_of_their_own
    rows = [
        (
            part.names[run.record.name],
            NOTHING if run.size is None else f"{run.size:,}",
            str(run.record.seed),
            *([number(run.replicate.split, 0)] if split else []),
            run.record.status,
            NOTHING if run.record.best_step is None else str(run.record.best_step),
            *(number(run.scores.get(key)) for key in keys),
        )
        for run in part.runs
    ]
    records = [
        {
            "run": run.record.name,
            "budget": run.trained_for,
            "method": part.names[run.record.name],
            "sentences": run.size,
        }
        | {**seed_and_split(run.replicate), "status": run.record.status}
        | {"reason": run.record.reason, "best_step": run.record.best_step, **run.scores}
        | {kind: run.outcome(kind) for kind in GEOMETRY}
        | {"seconds": run.record.seconds, "data_sha256": run.part_of_results("data").get("sha256")}
        | run.made_with
        for run in part.runs
    ]
    seeds = ("seed", "split") if split else ("seed",)
    columns = ("method", "sentences", *seeds, "status", "step", *map(score_label, keys))
    return _table("runs", f"All runs ({part.label})", columns, [rows], 1, (), records)


def _difference_row(each: SeriesDifference) -> tuple[str, ...]:
    names = (score_label(each.score), f"{each.size:,}", f"{each.series} \u2212 {each.reference}")
    if each.estimate is None:
        return (*names, NOTHING, NOTHING, NOTHING, NOTHING, "0", each.verdict, NOTHING)
    over = each.estimate
    digits = difference_digits(over.mean)
    needed = seeds_in_words(each.needed) if each.verdict == NOT_TOLD_APART else NOTHING
    return (
        *names,
        number(over.mean, digits, sign=True),
        interval(over.low, over.high, digits),
        p_value(over.p_value),
        p_value(each.corrected),
        str(over.n),
        each.verdict,
        needed,
    )


def _difference_record(each: SeriesDifference) -> dict[str, Any]:
    over = each.estimate
    names = {"score": each.score, "sentences": each.size, "method": each.series, "reference": each.reference}
    tested = {} if over is None else {"mean": over.mean, "std": _known(over.std), "low": _known(over.low)}
    tested |= {} if over is None else {"high": _known(over.high), "p": _known(over.p_value)}
    found = {"holm_p": _known(each.corrected), "pairs": len(each.pairs), **seeds_and_splits(each.pairs)}
    words = {"verdict": each.verdict, "seeds_needed": each.needed if each.verdict != NOT_TESTED else None}
    return {**names, **tested, **found, **words}


def seed_and_split(replicate: Replicate) -> dict[str, int | None]:
    """The columns of a CSV file that say which repetition a run is."""
    return {"seed": replicate.seed, "split_seed": replicate.split}


def seeds_and_splits(replicates: Sequence[Replicate]) -> dict[str, str]:
    """The same of several runs, in their order."""
    splits = [each.split for each in replicates if each.split is not None]
    return {
        "seeds": " ".join(str(each.seed) for each in replicates),
        "split_seeds": " ".join(map(str, splits)),
    }


def _best_steps(runs: Sequence[StudyRun]) -> list[int]:
    return sorted(run.record.best_step for run in runs if run.record.best_step is not None)


def _steps_in_words(steps: Counter[int]) -> str:
    return ", ".join(f"{step:,} ({seeds})" for step, seeds in steps.items()) if steps else NOTHING


def _last_share(runs: Sequence[StudyRun]) -> str:
    last = [run.record.best_step == max(run.dev_curve) for run in runs if run.dev_curve]
    return f"{sum(last)} of {len(last)}" if last else NOTHING


def _known(value: float) -> float | None:
    """A figure; None for nan, which a CSV file has no word for."""
    return None if value != value else value


def _table(
    name: str,
    title: str,
    columns: Sequence[str],
    groups: Sequence[Rows],
    words: int,
    notes: tuple[str, ...],
    records: Sequence[Mapping[str, Any]],
) -> Table:
    rows = tuple(tuple(group) for group in groups if group)
    align = "l" * words + "r" * (len(columns) - words)
    return Table(tuple(columns), rows, align, name, title, notes, tuple(records))
