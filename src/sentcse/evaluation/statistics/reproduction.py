"""Where a score stands against a published figure, in numbers and in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scipy.stats import t

from sentcse.config.tasks import AVERAGE_COLUMN
from sentcse.evaluation.statistics.published_rows import PublishedFigure, PublishedRow
from sentcse.evaluation.statistics.seed_summary import task_score

AGREES, UNDECIDED = "agrees", "undecided"
TOO_WIDE = 10.0
"""Points: an interval of that width holds figures of other methods, too, and so agrees with none."""
NO_ERROR_BAR = (
    "The published figures are of one run, without an error bar: that a score agrees says no more than that the figure "
    "lies inside the score's own interval."
)
HAS_SPREAD = (
    "The published figures have a standard deviation over {seeds} seeds: within the published spread means inside the "
    "range that holds one further run of theirs with 95 % probability."
)


@dataclass(frozen=True)
class Standing:
    """Where one score stands.

    Attributes:
        published: the figure.
        score: ours; None where the task was not scored or the encoder is collapsed.
        low: where the score's 95 % interval begins; None without a score.
        high: where it ends; None without a score.
        inside_spread: whether the score lies where one further run of the published recipe would with 95 % probability;
            None where no spread is published.
    """

    published: PublishedFigure
    score: float | None
    low: float | None
    high: float | None
    inside_spread: bool | None

    @property
    def verdict(self) -> str:
        """Say "agrees" if the figure lies inside the score's interval, else "below" or "above"; or why neither.

        That is "not scored", or "undecided" if it lies inside an interval of `TOO_WIDE` points or more.
        """
        if self.score is None or self.low is None or self.high is None:
            return "not scored"
        # the interval's ends are as exact as they are computed, the figure is rounded to two digits
        rounding = 0.005
        if self.low - rounding <= self.published.score <= self.high + rounding:
            return AGREES if self.high - self.low < TOO_WIDE else UNDECIDED
        return "below" if self.published.score > self.score else "above"

    def words(self) -> str:
        """Say it in words, with the figures."""
        if self.score is None or self.low is None or self.high is None:
            return f"{self.verdict} (published {self.published.score:.2f})"
        difference = self.score - self.published.score
        inside = self.verdict in (AGREES, UNDECIDED)
        where = "inside" if inside else "outside"
        points = "" if inside else f" by {abs(difference):.2f} points"
        said = (
            f"{self.verdict}{points}: {self.score:.2f}, published {self.published.score:.2f} lies {where} "
            f"{self.low:.2f} to {self.high:.2f}"
        )
        if self.verdict == UNDECIDED:
            said += ", which is too wide to say more"
        if self.inside_spread is None:
            return said
        return f"{said}; {'within' if self.inside_spread else 'not within'} the published spread over seeds"


def stand_against(row: PublishedRow, tasks: Mapping[str, Any], average: Mapping[str, Any]) -> dict[str, Standing]:
    """Compare scores with a published row, task by task and on the average.

    Args:
        row: the published row, of the same protocol and mode.
        tasks: "tasks" of `results.json`, or of its "seeds", whose intervals are those over seeds.
        average: "average" of the same.

    Returns:
        By column heading, the average under "avg", in the order of the row; tasks without a published figure are not
        there.
    """
    standings = {
        column: _standing(figure, _score(tasks.get(column, {})), tasks.get(column, {}).get("ci95"), row.seeds)
        for column, figure in row.figures.items()
    }
    if row.average is not None:
        score, ends = average.get(row.suite), average.get(f"{row.suite}_ci95")
        if isinstance(score, Mapping):
            score, ends = score["mean"], score["ci95"]
        standings[AVERAGE_COLUMN] = _standing(row.average, score, ends, row.seeds)
    return standings


def reproduction_record(row: PublishedRow, results: Mapping[str, Any]) -> dict[str, Any]:
    """Make an entry of "reproduction" in `results.json`."""
    scores = results.get("seeds", results)
    standings = stand_against(row, scores["tasks"], scores["average"])
    return {
        "name": row.name,
        "suite": row.suite,
        "label": row.label,
        "source": row.source,
        "note": row.note,
        "seeds": row.seeds,
        "tasks": {label: _record(standing) for label, standing in standings.items() if label != AVERAGE_COLUMN},
        "average": _record(standings[AVERAGE_COLUMN]) if AVERAGE_COLUMN in standings else None,
        "words": {label: standing.words() for label, standing in standings.items()},
    }


def describe_reproduction(record: Mapping[str, Any]) -> list[str]:
    """Say line by line where scores stand against a published row.

    Args:
        record: of `reproduction_record`.
    """
    note = "" if record["note"] == "" else f"; {record['note']}"
    lines = [f"Reproduction of {record['label']} ({record['source']}{note})"]
    lines += [f"{label}: {words}" for label, words in record["words"].items()]
    spread = any(task["published_std"] is not None for task in record["tasks"].values())
    lines.append(HAS_SPREAD.format(seeds=record["seeds"]) if spread else NO_ERROR_BAR)
    return lines


def prediction_interval(figure: PublishedFigure, seeds: int, *, confidence: float = 0.95) -> tuple[float, float] | None:
    """Where one further run lies, by Student's t: mean +- t std sqrt(1 + 1 / seeds); None without a published spread.

    Raises:
        ValueError: if a spread over fewer than two seeds is claimed.
    """
    if figure.std is None:
        return None
    if seeds < 2:
        raise ValueError(f"seeds must be at least 2 where there is a standard deviation, got {seeds}")
    half = float(t.ppf((1 + confidence) / 2, seeds - 1)) * figure.std * math.sqrt(1 + 1 / seeds)
    return figure.score - half, figure.score + half


def _standing(figure: PublishedFigure, score: float | None, ends: Sequence[float] | None, seeds: int) -> Standing:
    if score is None or ends is None:
        return Standing(figure, None, None, None, None)
    spread = prediction_interval(figure, seeds)
    inside = None if spread is None else spread[0] <= score <= spread[1]
    return Standing(figure, score, ends[0], ends[1], inside)


def _record(standing: Standing) -> dict[str, Any]:
    return {
        "published": standing.published.score,
        "published_std": standing.published.std,
        "score": standing.score,
        "difference": None if standing.score is None else standing.score - standing.published.score,
        "inside_published_spread": standing.inside_spread,
        "verdict": standing.verdict,
    }


def _score(task: Mapping[str, Any]) -> float | None:
    if len(task) == 0:
        return None
    score: float | None = task["mean"] if "mean" in task else task_score(task)
    return score
