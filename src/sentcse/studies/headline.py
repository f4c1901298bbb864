"""A study in a few words: its title, its first sentence, its figures at a glance."""

from __future__ import annotations

from sentcse.studies.study import Study
from sentcse.studies.wording import count, listed, seeds_listed


def default_title(study: Study) -> str:
    """Methods and encoders."""
    methods = dict.fromkeys(series.split(",")[0].split(" on ")[0] for part in study.parts for series in part.series)
    encoders = sorted({run.record.encoder for run in study.runs})
    return f"{listed(list(methods))} on {listed(encoders)}"


def lead(study: Study) -> str:
    """What was trained on how much, how often and how long."""
    parts = [
        f"{listed(list(part.series))}, trained on {listed([f'{size:,}' for size in part.sizes])} sentences with "
        f"{count(len(part.seeds), 'seed')} ({seeds_listed(part.seeds)}), {part.label}"
        for part in study.parts
        if part.sizes
    ]
    said = "; ".join(parts)
    apart = " Budgets are kept apart: no mean, curve or test mixes them." if len(parts) > 1 else ""
    return f"{said}.{apart}"


def facts(study: Study) -> list[tuple[str, str]]:
    """Name and value of what a reader wants to know first."""
    done = sum(run.done for run in study.runs)
    series = dict.fromkeys(series for part in study.parts for series in part.series)
    sizes = sorted({size for part in study.parts for size in part.sizes})
    seeds = {run.record.seed for run in study.runs}
    return [
        ("runs done", f"{done} of {len(study.runs)}"),
        ("methods", str(len(series))),
        ("sizes", f"{sizes[0]:,}" if len(sizes) == 1 else f"{sizes[0]:,} to {sizes[-1]:,}"),
        ("seeds", str(len(seeds))),
        ("budget", listed([part.label for part in study.parts])),
    ]
