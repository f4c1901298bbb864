"""The runs that are compared: methods by size by seed, and what is missing of that grid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sentcse.config.tasks import TASKS
from sentcse.printing.wording import listed
from sentcse.records.layout import STS_AVERAGE, score_key
from sentcse.studies.series import in_order
from sentcse.studies.study_run import Budget, Replicate, StudyRun

TEST_ORDER = tuple(score_key(task, "test") for task in TASKS)


@dataclass(frozen=True, eq=False)
class Part:
    """The part of a study that one budget makes, or all of it where budgets are taken together.

    Attributes:
        budgets: of its runs, fewest steps first, epochs last.
        runs: done or not, by series, size and seed.
        names: series by the run's name.
        series: what is compared, as it is shown.
        sizes: of the runs that are done, ascending.
        replicates: of all runs, ascending.
        places: of each series among those of the study, which decide its look.
    """

    budgets: tuple[Budget, ...]
    runs: tuple[StudyRun, ...]
    names: Mapping[str, str]
    series: tuple[str, ...]
    sizes: tuple[int, ...]
    replicates: tuple[Replicate, ...]
    places: Mapping[str, int]

    @classmethod
    def of(cls, runs: Sequence[StudyRun], names: Mapping[str, str], places: Mapping[str, int]) -> Part:
        """The part that these runs make; `names` gives their series, `places` those of all series."""
        series = in_order(names.values())

        def place(run: StudyRun) -> tuple[Any, ...]:
            own = run.record.name
            return series.index(names[own]), run.size is None, run.size or 0, in_order_of_seeds(run.replicate), own

        return cls(
            budgets=in_order_of_length(runs),
            runs=tuple(sorted(runs, key=place)),
            names=names,
            series=series,
            sizes=tuple(sorted({run.size for run in runs if run.done and run.size is not None})),
            replicates=tuple(sorted({run.replicate for run in runs}, key=in_order_of_seeds)),
            places=places,
        )

    @property
    def label(self) -> str:
        """The budgets in words, with the epochs where all runs that have any have the same."""
        said = []
        for budget in self.budgets:
            words = {run.trained_for for run in self.runs if run.budget == budget}
            said.append(words.pop() if len(words) == 1 else budget.label)
        return listed(said)

    @property
    def slug(self) -> str:
        """The budgets as part of a file's name."""
        return "_".join(budget.slug for budget in self.budgets)

    def done(self, series: str | None = None, size: int | None = None) -> list[StudyRun]:
        """Runs with scores, of a series and of a size where they are given, by seed."""
        return [
            run
            for run in self.runs
            if run.done
            and (series is None or self.names[run.record.name] == series)
            and (size is None or run.size == size)
        ]

    def values(self, series: str, size: int, key: str) -> list[float]:
        """A score of the runs that have it, by seed."""
        found = [run.outcome(key) for run in self.done(series, size)]
        return [value for value in found if value is not None]

    def score_keys(self) -> tuple[str, ...]:
        """Every score that a run has: selecting dev scores, test tasks, the average."""
        present = {key for run in self.done() for key in run.scores}
        dev = self.dev_scores()
        tests = sorted(present - {*dev, STS_AVERAGE}, key=lambda key: (_place(key), key))
        return (*dev, *tests, *((STS_AVERAGE,) if STS_AVERAGE in present else ()))

    def dev_scores(self) -> list[str]:
        """Every dev score that selected a run's step."""
        return sorted({run.dev_score for run in self.done() if run.dev_score is not None})

    def headline_keys(self) -> tuple[str, ...]:
        """The scores that are compared: dev, the STS-B test or else the only tests there are, and the average."""
        keys = self.score_keys()
        tests = [key for key in keys if key.endswith("_test") and key != STS_AVERAGE]
        chosen = ["stsb_test"] if "stsb_test" in tests else tests[:1]
        return tuple(key for key in keys if key.endswith("_dev") or key in chosen or key == STS_AVERAGE)

    def untrained(self, key: str) -> float | None:
        """A score of the untrained encoder, if it is the same for all runs to a hundredth of a point."""
        found = [run.initial.get(key) for run in self.done()]
        values = [value for value in found if value is not None]
        return values[0] if values and max(values) - min(values) < 0.01 else None

    def not_done(self) -> list[StudyRun]:
        """Runs that failed or were interrupted."""
        return [run for run in self.runs if not run.done]

    @property
    def over(self) -> str:
        """What means are over: "seeds", "splits" of one seed, or "runs" of all there is."""
        low_shot = [each for each in self.replicates if each.split is not None]
        seeds, splits = {each.seed for each in self.replicates}, {each.split for each in low_shot}
        if len(seeds) == 1 and len(splits) > 1:
            return "splits"
        return "runs" if self.splits_of_their_own and len(splits) > 1 else "seeds"

    @property
    def splits_of_their_own(self) -> bool:
        """Whether some run's split is not that of its seed, so that both must be named."""
        return any(each.split not in (None, each.seed) for each in self.replicates)

    def missing(self) -> list[tuple[str, int, list[Replicate]]]:
        """Series, size and replicates of the grid of all series, sizes and replicates for which there is no run."""
        there = {(self.names[run.record.name], run.size, run.replicate) for run in self.runs}
        gaps = [
            (series, size, [each for each in self._replicates_at(size) if (series, size, each) not in there])
            for series in self.series
            for size in self.sizes
        ]
        return [gap for gap in gaps if gap[2]]

    def _replicates_at(self, size: int) -> list[Replicate]:
        """Those that a size can have: a whole corpus has no splits."""
        whole = all(run.replicate.split is None for run in self.runs if run.size == size)
        return [each for each in self.replicates if (each.split is None) == whole]

    def primary_key(self) -> str:
        """The score that a study is about: the average where there is one, else a test, else the dev score."""
        return self.headline_keys()[-1]

    def without_score(self, key: str) -> list[StudyRun]:
        """Runs that are done, and collapsed on this score or did not make it."""
        return [run for run in self.done() if run.outcome(key) is None]


def in_order_of_length(runs: Iterable[StudyRun]) -> tuple[Budget, ...]:
    """The budgets of runs, fewest steps first, epochs last."""
    found = {run.budget for run in runs}
    return tuple(sorted(found, key=lambda budget: (budget.steps is None, budget.steps)))


def in_order_of_seeds(replicate: Replicate) -> tuple[int, int]:
    """What replicates are sorted by: the seed, then the split's."""
    return replicate.seed, -1 if replicate.split is None else replicate.split


def _place(key: str) -> int:
    return TEST_ORDER.index(key) if key in TEST_ORDER else len(TEST_ORDER)
