"""Tables of a reproduction: a recipe's tasks with the verdict on each, and the rows for a paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sentcse.config.tasks import AVERAGE_COLUMN, SUITE_COLUMNS
from sentcse.evaluation.statistics.published_rows import PublishedRow
from sentcse.evaluation.statistics.seed_summary import task_score
from sentcse.printing.tables import Table
from sentcse.printing.wording import NOTHING, interval, number
from sentcse.studies.reproduction import SUITES, Reproduction, rows_of

OVER_SEEDS = "95 %: Student's t interval of the mean over seeds"
OVER_PAIRS = "95 %: bootstrap over the pairs or rows of a task"


class Score(NamedTuple):
    """A score, its standard deviation over seeds, and its 95 % interval; None for what there is not."""

    mean: float | None
    std: float | None
    ci95: Sequence[float] | None


def score_of(scores: Mapping[str, Any], suite: str, column: str) -> Score:
    """A task's score, or the average of a suite.

    Args:
        scores: of `sentcse.studies.reproduction_scores.over_seeds`.
        suite: "sts" or "transfer".
        column: the task's heading, or "avg".
    """
    over = scores.get("seeds")
    if over is not None:
        found = over["average"].get(suite) if column == AVERAGE_COLUMN else over["tasks"].get(column)
        return Score(None, None, None) if found is None else Score(found["mean"], found["std"], found["ci95"])
    if column == AVERAGE_COLUMN:
        return Score(scores["average"].get(suite), None, scores["average"].get(f"{suite}_ci95"))
    task = scores["tasks"].get(column)
    return Score(None, None, None) if task is None else Score(task_score(task), None, task.get("ci95"))


def task_table(reproduction: Reproduction, suite: str) -> Table:
    """A line for each task of a suite: the verdict, published, here, the difference, the interval."""
    record = next((each for each in reproduction.records if each["suite"] == suite), None)
    standings = {} if record is None else {**record["tasks"], AVERAGE_COLUMN: record["average"]}

    def line(column: str) -> tuple[str, ...]:
        score, standing = score_of(reproduction.scores, suite, column), standings.get(column)
        ends = NOTHING if score.ci95 is None else interval(score.ci95[0], score.ci95[1])
        if standing is None:
            return column, NOTHING, NOTHING, _shown(score), NOTHING, ends
        difference = number(standing["difference"], sign=True)
        return column, standing["verdict"], number(standing["published"]), _shown(score), difference, ends

    several = len(reproduction.configs) > 1
    return Table(
        columns=("task", "verdict", "published", "mean ± std" if several else "here", "difference", "95 %"),
        rows=(tuple(map(line, SUITE_COLUMNS[suite])), (line(AVERAGE_COLUMN),)),
        align="llrrrr",
        name=f"{reproduction.name}_{suite}",
        title=f"{reproduction.name}, {reproduction.seeds}: {SUITES[suite]}; {OVER_SEEDS if several else OVER_PAIRS}",
    )


def paper_table(reproductions: Sequence[Reproduction], suite: str) -> Table:
    """The rows for a paper: of each recipe the published one, where there is one, and the one of these runs."""
    columns = (*SUITE_COLUMNS[suite], AVERAGE_COLUMN)
    scored = [each for each in reproductions if suite in each.suites]
    groups, records = [], []
    for each in scored:
        lines = [
            (label, seeds, {column: _score(figures, suite, column) for column in columns})
            for label, seeds, figures in _lines(each, suite)
        ]
        groups.append(tuple((label, *map(_shown, scores.values())) for label, _, scores in lines))
        records += [{"row": label, "seeds": seeds, **_unrounded(scores)} for label, seeds, scores in lines]
    changed = [f"{each.name} was changed: {', '.join(each.changes)}" for each in scored if each.changes]
    return Table(
        columns=("", *columns),
        rows=tuple(groups),
        align="l" + "r" * len(columns),
        name=f"reproduction_{suite}",
        title=f"Published scores and what running their recipes again gave, {SUITES[suite]}",
        notes=("Of several seeds: mean ± standard deviation", *changed),
        records=tuple(records),
    )


def _lines(reproduction: Reproduction, suite: str) -> list[tuple[str, int, PublishedRow | Mapping[str, Any]]]:
    published = [(f"{row.label}, published", row.seeds, row) for row in rows_of(reproduction.name, (suite,))]
    changed = ", changed" if len(reproduction.changes) > 0 else ""
    here = f"{reproduction.name}{changed}, {reproduction.seeds}"
    return [*published, (here, len(reproduction.configs), reproduction.scores)]


def _score(figures: PublishedRow | Mapping[str, Any], suite: str, column: str) -> Score:
    if not isinstance(figures, PublishedRow):
        return score_of(figures, suite, column)
    figure = figures.average if column == AVERAGE_COLUMN else figures.figures.get(column)
    return Score(None, None, None) if figure is None else Score(figure.score, figure.std, None)


def _unrounded(scores: Mapping[str, Score]) -> dict[str, float | None]:
    means = {column: score.mean for column, score in scores.items()}
    return means | {f"{column}_std": score.std for column, score in scores.items()}


def _shown(score: Score) -> str:
    """`76.25 ± 0.20`."""
    return number(score.mean) if score.std is None else f"{number(score.mean)} ± {number(score.std)}"
