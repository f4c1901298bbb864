"""How long the rest of a sweep will take, from the jobs that are done."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from statistics import fmean


def expected_seconds(kinds: Sequence[Hashable], measured: Mapping[int, float]) -> list[float]:
    """The seconds of every job: as measured, else the mean of those of its kind, else the mean of all.

    Args:
        kinds: of each job, what its duration depends on.
        measured: seconds by position in `kinds`; at least one.
    """
    by_kind: dict[Hashable, list[float]] = {}
    for position, seconds in measured.items():
        by_kind.setdefault(kinds[position], []).append(seconds)
    overall = fmean(measured.values())
    return [
        measured.get(position, fmean(by_kind[kind]) if kind in by_kind else overall)
        for position, kind in enumerate(kinds)
    ]


def seconds_left(
    kinds: Sequence[Hashable],
    measured: Mapping[int, float],
    *,
    ended: Sequence[int],
    open_: Sequence[int],
    elapsed: float,
) -> float | None:
    """Seconds until the open jobs are done, if they go at the rate of those that ended.

    The rate takes in what a job's own seconds leave out: starting up, and jobs side by side.

    Args:
        kinds: of each job of the sweep, what its duration depends on.
        measured: seconds of training by position, of jobs of this sitting and of earlier ones.
        ended: positions that ended in this sitting.
        open_: positions that have not.
        elapsed: seconds of this sitting.

    Returns:
        None before anything is measured.
    """
    if len(measured) == 0 or len(ended) == 0:
        return None
    expected = expected_seconds(kinds, measured)
    work = sum(expected[position] for position in ended)
    return elapsed * sum(expected[position] for position in open_) / work if work > 0 else None


def in_words(seconds: float | None) -> str:
    """`about 41 min left`, in the unit that fits."""
    if seconds is None:
        return "time left unknown"
    if seconds < 90:
        return f"about {max(1, round(seconds))} s left"
    if seconds < 90 * 60:
        return f"about {round(seconds / 60)} min left"
    return f"about {seconds / 3600:.1f} h left"
