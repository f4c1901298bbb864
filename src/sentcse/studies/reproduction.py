"""A recipe that was run again: what of it was changed, and where its scores stand against the published row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sentcse.config import TrainConfig
from sentcse.config.section import flat
from sentcse.evaluation.statistics.published_rows import PublishedFigure, PublishedRow, published_rows
from sentcse.evaluation.statistics.reproduction import (
    describe_reproduction,
    prediction_interval,
    reproduction_record,
)
from sentcse.printing.wording import numbered
from sentcse.records.contents import Results
from sentcse.records.run_folder import has_effect
from sentcse.studies.study_run import setting_text

SUITES = {"sts": "Spearman x 100", "transfer": "accuracy in per cent"}
CHECKED = ("evaluation.verify", "data.hub_file")
"""Settings that do not change what a run computes, but what it is computed from or scored on."""
SAME = "The recipe was run as it is, but for the seeds."
WITHOUT_ROW = "No row of {tasks} is published for this recipe: its scores there stand without a verdict."
TASKS = {"sts": "STS tasks", "transfer": "transfer tasks"}


@dataclass(frozen=True)
class Reproduction:
    """A recipe, its runs and their scores.

    Attributes:
        name: of the experiment, and of the published row.
        recipe: `recipe` of the experiment.
        changes: what was set otherwise than in the recipe, a sentence part each; empty where nothing was.
        configs: of the runs, one a seed.
        trained: results.json of the runs, in the same order.
        scores: of all runs in one, of `sentcse.studies.reproduction_scores.over_seeds`.
        suites: that were scored, of "sts" and "transfer".
    """

    name: str
    recipe: Mapping[str, Any]
    changes: tuple[str, ...]
    configs: tuple[TrainConfig, ...]
    trained: tuple[Results, ...]
    scores: Mapping[str, Any]
    suites: tuple[str, ...]

    @property
    def rows(self) -> list[PublishedRow]:
        """The published rows of the suites that were scored."""
        return rows_of(self.name, self.suites)

    @property
    def records(self) -> list[dict[str, Any]]:
        """Where the scores stand, suite by suite, as "reproduction" of `results.json`."""
        return [reproduction_record(row, self.scores) for row in self.rows]

    @property
    def seeds(self) -> str:
        """`seeds 42-46`."""
        return numbered("seed", sorted(config.seed for config in self.configs))


def rows_of(name: str, suites: Sequence[str]) -> list[PublishedRow]:
    """The published rows of a recipe, in the order of the suites."""
    return [row for suite in suites for row in published_rows() if (row.name, row.suite) == (name, suite)]


def suites_of(name: str, *, transfer: bool) -> tuple[str, ...]:
    """What a recipe is scored on: the STS tasks, and the transfer tasks if they are wanted or what was published."""
    published = {row.suite for row in rows_of(name, tuple(SUITES))}
    return tuple(SUITES) if transfer or published == {"transfer"} else ("sts",)


def changes(plain: TrainConfig, run: TrainConfig) -> tuple[str, ...]:
    """What of a run is set otherwise than in its recipe, as far as a score may depend on it.

    Args:
        plain: the recipe with the run's seed.
        run: what was run.
    """
    before, after = (flat(config.model_dump(mode="json", by_alias=True)) for config in (plain, run))
    keys = [key for key in dict.fromkeys((*before, *after)) if has_effect(key) or key.startswith(CHECKED)]
    return tuple(
        f"{key}={setting_text(after.get(key))} instead of {setting_text(before.get(key))}"
        for key in keys
        if before.get(key) != after.get(key)
    )


def verdict(reproduction: Reproduction) -> Iterator[str]:
    """The verdict on a recipe, a sentence or a task a line."""
    yield f"{reproduction.name}, {reproduction.seeds}: {source(reproduction)}"
    yield what_was_run(reproduction)
    yield from dict.fromkeys(trained_on(results) for results in reproduction.trained)
    yield from standings(reproduction)


def standings(reproduction: Reproduction) -> Iterator[str]:
    """Where the scores stand, suite by suite, a task a line."""
    for record in reproduction.records:
        yield from describe_reproduction(record)
        yield from one_more_run(reproduction, record)
    published = {row.suite for row in reproduction.rows}
    for suite in reproduction.suites:
        if suite not in published:
            yield WITHOUT_ROW.format(tasks=TASKS[suite])


def one_more_run(reproduction: Reproduction, record: Mapping[str, Any]) -> Iterator[str]:
    """Whether a published average of one run is what one more seed here might give; nothing for a single seed.

    The interval of a mean over seeds is narrower than that of one run, which is all that was published.
    """
    over = reproduction.scores.get("seeds", {"average": {}})["average"].get(record["suite"])
    if over is None or over["std"] is None or record["average"] is None or record["seeds"] != 1:
        return
    ends = prediction_interval(PublishedFigure(over["mean"], over["std"]), len(reproduction.configs))
    if ends is not None:
        published = record["average"]["published"]
        where = "inside" if ends[0] <= published <= ends[1] else "outside"
        yield (
            f"One more run here would have an average of {ends[0]:.2f} to {ends[1]:.2f} with 95 % probability: the "
            f"published {published:.2f}, of one run, lies {where}."
        )


def source(reproduction: Reproduction) -> str:
    """Where the recipe comes from, and what is to be known of it."""
    note = reproduction.recipe.get("note")
    return f"{reproduction.recipe['source']}{'' if note is None else f'; {note}'}"


def what_was_run(reproduction: Reproduction) -> str:
    """Whether it was the recipe, and if not, by what it differs."""
    if len(reproduction.changes) == 0:
        return SAME
    return f"The recipe was changed, so that this is no reproduction of it: {', '.join(reproduction.changes)}."


def trained_on(results: Results) -> str:
    """The corpus of a run, in which precision it was trained on."""
    data, precision = results["data"], results.get("precision")
    said = f"Trained on {data['sentences']:,} sentences of {data['source']} (SHA-256 {data['sha256'][:12]})"
    return said if precision is None else f"{said}, precision {precision}"
