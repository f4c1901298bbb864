"""All that a report is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sentcse.errors import ConfigError
from sentcse.printing.wording import count, listed
from sentcse.studies.part import Part
from sentcse.studies.phrases import replicates_listed
from sentcse.studies.study_run import StudyRun

MOST_NAMED = 6


@dataclass(frozen=True, eq=False)
class Study:
    """Runs by part: budgets are never mixed, neither in a curve nor in a mean.

    Attributes:
        parts: one a budget, fewest steps first, epochs last; a single one where budgets are taken together.
        notes: what was found while reading, a sentence each.
        reference: the series that every other is compared with; None: every two are compared.
    """

    parts: tuple[Part, ...]
    notes: tuple[str, ...]
    reference: str | None = None

    @property
    def runs(self) -> tuple[StudyRun, ...]:
        """All runs, done or not."""
        return tuple(run for part in self.parts for run in part.runs)

    @property
    def series(self) -> tuple[str, ...]:
        """What is compared, in any part."""
        return tuple(dict.fromkeys(series for part in self.parts for series in part.series))

    @property
    def has_budgets(self) -> bool:
        """Whether its runs are not all equally long."""
        return sum(len(part.budgets) for part in self.parts) > 1

    def compared_with(self, reference: str | None) -> Study:
        """The same runs, every series compared with `reference` alone.

        Raises:
            ConfigError: if no series has that name.
        """
        if reference not in (None, *self.series):
            known = listed([f"'{each}'" for each in self.series])
            raise ConfigError(f"reference='{reference}' is none of what these runs compare: {known}.")
        return replace(self, reference=reference)


def default_title(study: Study) -> str:
    """Methods and encoders."""
    methods = dict.fromkeys(series.split(",")[0].split(" on ")[0] for series in study.series)
    encoders = sorted({run.record.encoder for run in study.runs})
    return f"{listed(list(methods))} on {listed(encoders)}"


def lead(study: Study) -> str:
    """What was trained on how much, how often and how long."""
    parts = [
        f"{_named(part.series)}, trained on {listed([f'{size:,}' for size in part.sizes])} sentences with "
        f"{replicates_listed(part.replicates)}, {part.label}"
        for part in study.parts
    ]
    said = "; ".join(parts)
    apart = " Budgets are kept apart: no mean, curve or test mixes them." if len(parts) > 1 else ""
    return f"{said}.{apart}"


def _named(series: Sequence[str]) -> str:
    """Their names, as long as a sentence holds them."""
    return listed(list(series)) if len(series) <= MOST_NAMED else count(len(series), "method")


def key_facts(study: Study) -> list[tuple[str, str]]:
    """Name and value of what a reader wants to know first."""
    done = sum(run.done for run in study.runs)
    sizes = sorted({size for part in study.parts for size in part.sizes})
    return [
        ("runs done", f"{done} of {len(study.runs)}"),
        ("methods", str(len(study.series))),
        ("sizes", f"{sizes[0]:,}" if len(sizes) == 1 else f"{sizes[0]:,} to {sizes[-1]:,}"),
        _repeated(study),
        ("budget", listed([part.label for part in study.parts])),
    ]


def _repeated(study: Study) -> tuple[str, str]:
    """How often each condition was trained."""
    replicates, over = {run.replicate for run in study.runs}, {part.over for part in study.parts}
    if over == {"splits"}:
        return "splits", str(len({each.split for each in replicates}))
    if over == {"seeds"}:
        return "seeds", str(len({each.seed for each in replicates}))
    return "pairs of seed and split", str(len(replicates))
