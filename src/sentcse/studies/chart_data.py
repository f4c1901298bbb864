"""What the figures show, decided once for print and for the page: points, intervals, order, labels, words."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sentcse.evaluation.statistics.seeds import MeanInterval, PairedDifference
from sentcse.printing.wording import NOTHING, count, interval, number, p_value
from sentcse.studies.part import Part
from sentcse.studies.phrases import difference_with_interval, mean_and_spread, replicates_listed, seeds_in_words
from sentcse.studies.statistics import BETTER, NOT_TOLD_APART, WORSE, SeriesDifference, cell_statistics, mean_curve
from sentcse.studies.study_run import GEOMETRY, StudyRun, score_label

DODGE = 0.05
"""Decades by which neighbouring series are set apart, so that their error bars do not hide one another."""


@dataclass(frozen=True)
class Point:
    """A point of a figure.

    Attributes:
        x: where it is.
        y: what was measured there.
        words: lines that are shown when it is pointed at.
        low: where the 95 % interval of y begins; nan without one.
        high: where it ends.
        marked: filled where others are open.
    """

    x: float
    y: float
    words: tuple[str, ...]
    low: float = math.nan
    high: float = math.nan
    marked: bool = True

    @property
    def half_width(self) -> float:
        """The length of its error bar on either side; none without an interval."""
        return 0.0 if math.isnan(self.high) else self.high - self.y


@dataclass(frozen=True)
class Series:
    """What is drawn in one look.

    Attributes:
        label: its name.
        of: places, for `look`, of the series of the study that it shows: one, or the two of a difference.
        points: in the order of x.
    """

    label: str
    of: tuple[int, ...]
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Untrained:
    """The untrained encoder's score.

    Attributes:
        score: where a line is drawn.
        side: "below" or "above" where a line would press all else together, so that words stand there.
    """

    score: float
    side: str | None

    @property
    def words(self) -> str:
        """What is said of it."""
        return f"untrained: {number(self.score)}" + ("" if self.side is None else f" ({self.side} this axis)")


@dataclass(frozen=True)
class Picture:
    """One pair of axes.

    Attributes:
        title: what tells it from the others of its figure.
        x_label: of the horizontal axis.
        y_label: of the vertical axis.
        series: what is drawn, in the order of the legend.
        ticks: of the horizontal axis; none where the points give them.
        last: the last x that a point may have; None where the points give it.
        untrained: for comparison; None where there is none.
    """

    title: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    ticks: tuple[int, ...] = ()
    last: int | None = None
    untrained: Untrained | None = None


def low_shot(part: Part, key: str) -> Picture:
    """A score against the number of sentences: means and their intervals."""
    drawn = []
    for place, name in enumerate(part.series):
        shift = 10 ** (DODGE * (place - (len(part.series) - 1) / 2))
        found = {size: cell_statistics(part, name, size, key) for size in part.sizes}
        means = [_mean(size * shift, f"{size:,} sentences", over) for size, over in found.items() if over is not None]
        drawn.append(Series(name, (part.places[name],), tuple(means)))
    score, ends = part.untrained(key), [end for each in drawn for point in each.points for end in _bar_ends(point)]
    untrained = None if score is None else Untrained(score, far_side(score, ends))
    return Picture(score_label(key), "sentences", _score_axis(key), tuple(drawn), ticks=part.sizes, untrained=untrained)


def learning(part: Part, *, by: str = "size") -> list[Picture]:
    """The selecting dev score by step: means and their intervals.

    Args:
        part: its runs.
        by: a picture for each "size", with a series for each method; or for each "method", with a series for each size.
    """
    sizes = {f"{size:,} sentences": size for size in part.sizes}
    axis = _score_axis(*part.dev_scores())

    def series(label: str, place: int, name: str, size: int) -> Series:
        curve = mean_curve(part.done(name, size))
        return Series(label, (place,), tuple(_mean(step, f"step {step:,}", over) for step, over in curve.items()))

    if by == "size":
        panels = {
            panel: [series(name, part.places[name], name, size) for name in part.series]
            for panel, size in sizes.items()
        }
    else:
        panels = {
            name: [series(label, place, name, size) for place, (label, size) in enumerate(sizes.items())]
            for name in part.series
        }
    return [Picture(panel, "optimiser step", axis, tuple(drawn)) for panel, drawn in panels.items()]


def best_steps(part: Part) -> list[Picture]:
    """How many runs selected which step, a picture for each size; y is the number of runs."""
    return [
        Picture(
            f"{size:,} sentences",
            "selected optimiser step",
            "runs",
            tuple(Series(name, (part.places[name],), _counts(part.done(name, size))) for name in part.series),
            last=max((step for run in part.done(size=size) for step in run.dev_curve), default=1),
        )
        for size in part.sizes
    ]


def geometry(part: Part, key: str) -> list[Picture]:
    """A score against alignment, and against uniformity, at the selected step: a point for each run."""
    return [
        Picture(
            kind,
            f"{kind} (lower is better)",
            _score_axis(key),
            tuple(Series(name, (part.places[name],), _runs(part.done(name), kind, key)) for name in part.series),
        )
        for kind in GEOMETRY
    ]


def differences(part: Part, compared: Sequence[SeriesDifference]) -> Picture:
    """Paired differences on one score, a series for every two; x is the size, and what is told apart is marked."""
    shown = [each for each in compared if each.estimate is not None]
    pairs = dict.fromkeys((each.series, each.reference) for each in shown)
    drawn = [
        Series(
            " \u2212 ".join(pair),
            tuple(part.places[name] for name in pair),
            tuple(
                _difference(each, each.estimate, part.over)
                for each in shown
                if (each.series, each.reference) == pair and each.estimate is not None
            ),
        )
        for pair in pairs
    ]
    label = score_label(compared[0].score)
    return Picture(label, "sentences", f"difference in {label} (points)", tuple(drawn))


def run_curve(run: StudyRun, place: int) -> Picture:
    """The selecting dev score of one run by step; the selected step is marked."""
    points = [
        Point(step, score, (f"step {step:,}: {number(score)}",), marked=step == run.record.best_step)
        for step, score in run.dev_curve.items()
    ]
    series = Series(run.record.name, (place,), tuple(points))
    return Picture(run.record.name, "optimiser step (large: selected)", run.dev_label, (series,))


def far_side(value: float, shown: Sequence[float]) -> str | None:
    """On which side ("below", "above") `value` lies so far that an axis with it would press together what is shown."""
    if len(shown) == 0:
        return None
    room = 0.5 * max(max(shown) - min(shown), 0.5)
    if value < min(shown) - room:
        return "below"
    return "above" if value > max(shown) + room else None


def _mean(x: float, where: str, over: MeanInterval) -> Point:
    spread = [] if over.n == 1 else [f"95 % interval {interval(over.low, over.high)}"]
    words = (where, mean_and_spread(over), *spread, count(over.n, "run"))
    return Point(x, over.mean, words, over.low, over.high)


def _bar_ends(point: Point) -> tuple[float, float]:
    return point.y - point.half_width, point.y + point.half_width


def _counts(runs: Sequence[StudyRun]) -> tuple[Point, ...]:
    chosen = Counter(run.record.best_step for run in runs if run.record.best_step is not None)
    return tuple(Point(step, times, (f"step {step:,}: {count(times, 'run')}",)) for step, times in chosen.items())


def _runs(runs: Sequence[StudyRun], kind: str, key: str) -> tuple[Point, ...]:
    points = []
    for run in runs:
        shape, score = run.outcome(kind), run.outcome(key)
        if shape is not None and score is not None:
            where = f"{number(run.size, 0)} sentences, {replicates_listed([run.replicate])}"
            words = (where, f"{kind} {number(shape, 3)}", f"{score_label(key)} {number(score)}")
            points.append(Point(shape, score, words))
    return tuple(points)


def _difference(each: SeriesDifference, over: PairedDifference, repeated: str) -> Point:
    words = (
        f"{each.size:,} sentences",
        difference_with_interval(over),
        f"{each.verdict} (Holm p {p_value(each.corrected)}, {count(over.n, 'pair')})",
        *([f"{seeds_in_words(each.needed)} {repeated} would be needed"] if each.verdict == NOT_TOLD_APART else []),
    )
    return Point(each.size, over.mean, words, over.low, over.high, marked=each.verdict in (BETTER, WORSE))


def _score_axis(*keys: str) -> str:
    return f"{' or '.join(map(score_label, keys)) if keys else NOTHING} (Spearman x 100)"
