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
    worked: Mapping[int, float],
    running: Mapping[int, float],
    elapsed: float,
) -> float | None:
    """Seconds until the open jobs are done, if they go at the rate of this sitting.

    The rate is work by time: it takes in jobs side by side, and what a job's own seconds leave out.

    Args:
        kinds: of each job of the sweep, what its duration depends on.
        measured: seconds of whole jobs by position, of this sitting and of earlier ones.
        worked: seconds in this sitting of the jobs that ended in it, by position.
        running: seconds in this sitting of the jobs that have not ended, by position; 0 where they have not begun.
        elapsed: seconds of this sitting.

    Returns:
        None before a job has ended.
    """
    if len(worked) == 0:
        return None
    expected = expected_seconds(kinds, measured if len(measured) > 0 else worked)
    # one that takes longer than expected is about to end, as far as anybody knows
    begun = {position: min(seconds, expected[position]) for position, seconds in running.items()}
    work = sum(worked.values()) + sum(begun.values())
    left = sum(expected[position] - seconds for position, seconds in begun.items())
    return elapsed * left / work if work > 0 else None


def in_words(seconds: float | None) -> str:
    """`about 41 min left`, in the unit that fits."""
    if seconds is None:
        return "time left unknown"
    if seconds < 90:
        return f"about {max(1, round(seconds))} s left"
    if seconds < 90 * 60:
        return f"about {round(seconds / 60)} min left"
    return f"about {seconds / 3600:.1f} h left"
