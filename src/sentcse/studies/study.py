"""All that a report is made of."""

from __future__ import annotations

from dataclasses import dataclass

from sentcse.studies.part import Part
from sentcse.studies.study_run import StudyRun


@dataclass(frozen=True, eq=False)
class Study:
    """Runs by budget: budgets are never mixed, neither in a curve nor in a mean.

    Attributes:
        parts: one a budget, fewest steps first, epochs last.
        notes: what was found while reading, a sentence each.
    """

    parts: tuple[Part, ...]
    notes: tuple[str, ...]

    @property
    def runs(self) -> tuple[StudyRun, ...]:
        """All runs, done or not."""
        return tuple(run for part in self.parts for run in part.runs)
