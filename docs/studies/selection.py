"""What each way of selecting a step would have kept: rank correlations with STS, and points lost.

python docs/studies/selection.py runs [more folders] [--output DIR]

Runs must have been trained with evaluation.label_free=true, so that the scores without labels are in metrics.csv; with
evaluation.test_curve=true the tests are there at every step, too, and with all seven their average.
"""

from __future__ import annotations

import argparse
import math
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from scipy import stats

from sentcse.config.tasks import STS_TASKS
from sentcse.errors import SentcseError
from sentcse.evaluation.statistics.seeds import mean_and_interval
from sentcse.machine.files import write_text
from sentcse.printing.tables import Table, to_csv, to_markdown
from sentcse.printing.wording import NOTHING, interval, number
from sentcse.records.layout import METRICS_FILE, spearman_metric
from sentcse.records.metrics_file import Curve, read_series
from sentcse.studies.collect import collect
from sentcse.studies.study_run import StudyRun

DEV = "STS-B dev"
WITHOUT_LABELS = {
    "InfoNCE": ("val/info_nce", -1),
    "alignment + uniformity": ("val/alignment_uniformity", -1),
    "RTD accuracy": ("val/rtd_accuracy", 1),
    "RTD accuracy while training": ("train/rtd_accuracy", 1),
}
"""Each score's metric, and 1 where more of it is taken for better, -1 where less is."""
LAST = "last step"
RULES = (DEV, *WITHOUT_LABELS, LAST)
START = "start, untrained"
AVERAGE = "STS average"
TARGETS = (AVERAGE, "STS-B test", DEV)


@dataclass(frozen=True)
class Run:
    """One run's scores at the steps that can be chosen, which are those behind the start.

    Attributes:
        series: the method, as the report of the study names it.
        size: sentences trained on.
        rules: what may select, by name and step, turned so that the largest is chosen.
        targets: what is wanted, by name and step, Spearman x 100; step 0 is the start.
    """

    series: str
    size: int
    rules: Mapping[str, Curve]
    targets: Mapping[str, Curve]

    def step_of(self, rule: str) -> int | None:
        """The step that a rule keeps, the first of equals, as training does; None where the run lacks the score."""
        curve = self.rules.get(rule, {})
        return 0 if rule == START else max(curve, key=lambda step: (curve[step], -step), default=None)

    def correlation(self, rule: str, target: str) -> float:
        """Spearman's rank correlation over steps; nan where there are fewer than three or one of both is constant."""
        ours, theirs = self.rules[rule], self.targets[target]
        steps = [step for step in ours if step in theirs]
        return rank_correlation([ours[step] for step in steps], [theirs[step] for step in steps])


def rank_correlation(a: Sequence[float], b: Sequence[float]) -> float:
    """Spearman's rank correlation; nan where it is not defined, or by fewer than three pairs."""
    if len(a) < 3:
        return math.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", stats.ConstantInputWarning)
        return float(stats.spearmanr(a, b).statistic)


def read_run(series: str, size: int, metrics: Path) -> Run:
    """What metrics.csv has of a run."""
    found = {
        name: {step: value for step, value in curve.items() if math.isfinite(value)}
        for name, curve in read_series(metrics).items()
    }
    dev = found.get(spearman_metric("stsb", "dev"), {})
    steps = sorted(step for step in (dev or found.get("val/info_nce", {})) if step > 0)
    rules = {LAST: {step: float(step) for step in steps}, DEV: {step: dev[step] for step in steps if step in dev}}
    for name, (metric, sign) in WITHOUT_LABELS.items():
        curve = found.get(metric, {})
        at_steps = curve if metric.startswith("val/") else since_the_last(curve, steps)
        rules[name] = {step: sign * at_steps[step] for step in steps if step in at_steps}
    tests = [found.get(spearman_metric(task, "test"), {}) for task in STS_TASKS]
    average = {step: fmean(test[step] for test in tests) for step in tests[0] if all(step in test for test in tests)}
    targets = {DEV: dev, "STS-B test": found.get(spearman_metric("stsb", "test"), {}), AVERAGE: average}
    return Run(
        series,
        size,
        {name: curve for name, curve in rules.items() if curve},
        # of a run without evaluation.test_curve only the start is there
        {name: curve for name, curve in targets.items() if len(curve) > 1},
    )


def since_the_last(curve: Curve, steps: Sequence[int]) -> dict[int, float]:
    """The mean of what was logged while training since the step before, for every step that has any."""
    found = {}
    for before, step in zip([0, *steps], steps, strict=False):
        values = [value for logged, value in curve.items() if before < logged <= step]
        if values:
            found[step] = fmean(values)
    return found


def correlation_table(runs: Sequence[Run]) -> Table:
    """Rank correlation over the steps of a run, and over runs at their last step."""
    rows, records = [], []
    for series, size, ours in groups(runs):
        for target in TARGETS:
            for rule in RULES:
                known = [run for run in ours if rule in run.rules and target in run.targets and rule != target]
                within = [value for value in (run.correlation(rule, target) for run in known) if not math.isnan(value)]
                ends = [(run.rules[rule], run.targets[target]) for run in known]
                last = [(a[max(a)], b[max(a)]) for a, b in ends if max(a) in b]
                over = rank_correlation(*zip(*last, strict=True)) if rule != LAST and last else math.nan
                if not known or (not within and math.isnan(over)):
                    continue
                mean = fmean(within) if within else None
                least, most = (min(within), max(within)) if within else (math.nan, math.nan)
                rows.append(
                    (series, size, target, rule, number(mean), interval(least, most), number(over), str(len(known)))
                )
                records.append(
                    {"method": series, "sentences": size, "target": target, "score": rule, "within_runs": mean}
                    | {"least": None if mean is None else least, "most": None if mean is None else most}
                    | {"over_runs": None if math.isnan(over) else over, "runs": len(known)}
                )
    return Table(
        ("method", "sentences", "target", "score", "over steps", "least, most", "over runs", "runs"),
        (tuple(rows),),
        "llllrrrr",
        "selection_correlations",
        "Rank correlation with what is wanted, over the steps of a run (mean over runs) and over runs at the last step",
        ("Scores that are to be low are turned round, so that 1 is perfect everywhere; step 0 is left out.",),
        tuple(records),
    )


def regret_table(runs: Sequence[Run]) -> Table:
    """Points of the target at the chosen step, less those of STS-B dev's choice, and less those of the best step."""
    rows, records = [], []
    for series, size, ours in groups(runs):
        if series == ALL:
            continue
        for target in TARGETS:
            for rule in (*RULES, START):
                values, against_dev, against_best = [], [], []
                for run in ours:
                    curve = run.targets.get(target, {})
                    step, by_dev = run.step_of(rule), run.step_of(DEV)
                    if step is None or step not in curve:
                        continue
                    values.append(curve[step])
                    against_best.append(curve[step] - max(value for at, value in curve.items() if at > 0))
                    if by_dev is not None and by_dev in curve:
                        against_dev.append(curve[step] - curve[by_dev])
                if not values:
                    continue
                dev = mean_and_interval(against_dev) if against_dev else None
                rows.append(
                    (series, size, target, rule, number(fmean(values)), number(fmean(against_best), sign=True))
                    + (
                        (NOTHING, NOTHING)
                        if dev is None
                        else (number(dev.mean, sign=True), interval(dev.low, dev.high))
                    )
                    + (str(len(values)),)
                )
                records.append(
                    {"method": series, "sentences": size, "target": target, "selected_by": rule, "mean": fmean(values)}
                    | {"against_best": fmean(against_best), "against_dev": None if dev is None else dev.mean}
                    | {"low": None if dev is None or dev.n == 1 else dev.low}
                    | {"high": None if dev is None or dev.n == 1 else dev.high, "runs": len(values)}
                )
    return Table(
        ("method", "sentences", "target", "selected by", "mean", "- best step", f"- by {DEV}", "95 % interval", "runs"),
        (tuple(rows),),
        "llllrrrrr",
        "selection_regrets",
        f"Spearman x 100 at the step that is kept, and its distance from the best step and from {DEV}'s, run by run",
        ("The best step is the target's own, which nobody can know beforehand.",),
        tuple(records),
    )


ALL = "all"


def groups(runs: Sequence[Run]) -> Iterator[tuple[str, str, list[Run]]]:
    """The runs by method and size, then all of a size, then all."""
    sizes = sorted({run.size for run in runs})
    for series in dict.fromkeys(run.series for run in runs):
        for size in sizes:
            ours = [run for run in runs if (run.series, run.size) == (series, size)]
            if ours:
                yield series, f"{size:,}", ours
    for size in sizes:
        yield ALL, f"{size:,}", [run for run in runs if run.size == size]
    if len(sizes) > 1:
        yield ALL, ALL, list(runs)


def publish(tables: Sequence[Table], output: Path | None) -> None:
    """Print tables, and write them as Markdown and CSV where a folder is named."""
    for table in tables:
        print(to_markdown(table) + "\n")
        if output is not None:
            output.mkdir(parents=True, exist_ok=True)
            write_text(output / f"{table.name}.md", to_markdown(table) + "\n")
            write_text(output / f"{table.name}.csv", to_csv(table) + "\n")


def sized_runs(sources: Sequence[Path]) -> Iterator[tuple[str, int, StudyRun]]:
    """Complete runs that say how many sentences they have: the method as the report names it, how many, the run.

    Raises:
        SentcseError: if there is no run.
    """
    study = collect(sources)
    for part in study.parts:
        for run in part.done():
            if run.size is not None:
                yield part.names[run.record.name] + (f", {part.label}" if len(study.parts) > 1 else ""), run.size, run


def arguments_of(description: str | None, arguments: Sequence[str] | None) -> argparse.Namespace:
    """Folders of runs, and the folder for tables."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path, help="folders of runs, or runs")
    parser.add_argument("--output", type=Path, help="folder for the tables as Markdown and CSV")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Read, print, and write the tables where a folder is named."""
    given = arguments_of(__doc__, arguments)
    try:
        runs = [
            read_run(series, size, path)
            for series, size, run in sized_runs(given.runs)
            if (path := run.record.path / METRICS_FILE).is_file()
        ]
    except SentcseError as fault:
        print(fault, file=sys.stderr)
        return 1
    if not any(name in run.rules for run in runs for name in WITHOUT_LABELS):
        print(
            f"None of {len(runs)} runs has a score without labels in its metrics.csv: train with "
            "evaluation.label_free=true, which holds out the sentences for them.",
            file=sys.stderr,
        )
        return 1
    publish((correlation_table(runs), regret_table(runs)), given.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
