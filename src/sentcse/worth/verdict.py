"""The answer in words: train or not, with which method, how long, and on what that rests."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from sentcse.printing.wording import count, interval, number, p_value
from sentcse.worth.findings import Findings, Tried
from sentcse.worth.scores import Change

FEW_PAIRS = 100
NEAR_0 = 0.01
"""InfoNCE, in nats, below which telling sentences apart teaches little."""


@dataclass(frozen=True)
class Verdict:
    """The answer.

    Attributes:
        kind: yes, no, or cannot be told.
        headline: one sentence.
        reasons: sentences.
        choice: the run to follow if one trains; None where all are against it.
    """

    kind: Literal["yes", "no", "open"]
    headline: str
    reasons: list[str]
    choice: Tried | None


def verdict(findings: Findings) -> Verdict:
    """Judge by the user's pairs where there are any, else by what can be said without."""
    return _by_pairs(findings) if findings.pairs is not None else _without_pairs(findings)


def _by_pairs(findings: Findings) -> Verdict:
    tried = findings.tried
    best = max(tried, key=lambda each: _value(each.outcome.own))
    change = best.outcome.own
    assert change is not None
    said = f"On your {findings.pairs:,} pairs {best.trial.name} {_moved(change, len(tried))}"
    if change.told and change.difference > 0:
        reasons = [said, *_how_long(findings, best), *_general(best.outcome.general, len(tried))]
        gained = f"which gained {number(change.difference)} points on your pairs"
        return Verdict(
            "yes", f"Train with {best.trial.method} for {best.trial.steps:,} steps, {gained}.", reasons, best
        )
    lost = [each for each in tried if each.outcome.own is not None and _lost(each.outcome.own)]
    if len(lost) == len(tried):
        return Verdict("no", "Do not train: every run lost on your pairs.", [f"The best of them: {said}"], None)
    reasons = [said, *([f"{_names(lost)} lost on them."] if lost else []), *_resolution(findings, change)]
    worse = [each for each in tried if _lost(each.outcome.general)]
    if worse:
        reasons.append(
            f"On the {findings.general_pairs} general pairs, {count(len(worse), 'run')} of {len(tried)} lost."
        )
    choice = best if change.difference > 0 else None
    return Verdict("open", "Leave the encoder as it is: no gain can be told.", reasons, choice)


def _without_pairs(findings: Findings) -> Verdict:
    tried = findings.tried
    lost = [each for each in tried if _lost(each.outcome.general)]
    gained = [each for each in tried if each.outcome.general.told and each.outcome.general.difference > 0]
    best = max(tried, key=lambda each: _value(each.outcome.general))
    general = f"{findings.general_pairs} general English pairs, which ship with sentcse"
    if len(lost) == len(tried):
        reasons = [
            f"Every run lost on {general}: {best.trial.name}, the best of them, "
            f"{_moved(best.outcome.general, len(tried))}",
            "On your own text it may still gain; only pairs of your own can tell.",
        ]
        return Verdict("no", "Do not train before you have pairs: every run lost what the encoder had.", reasons, None)
    reasons = [
        f"On {general}, {best.trial.name} {_moved(best.outcome.general, len(tried))}",
        *([f"{_names(lost)} lost on them."] if lost else []),
        _label_free(findings),
        "Neither says whether your own text is told apart better: some hundred graded pairs of it would.",
    ]
    headline = "It cannot be told without pairs of your own"
    more = "; no loss on general pairs is told" if not lost else "; some runs lost on general pairs"
    more = "; general pairs gained" if gained and not lost else more
    return Verdict("open", f"{headline}{more}.", reasons, best)


def _label_free(findings: Findings) -> str:
    told = [each for each in findings.tried if each.outcome.info_nce.told]
    fell = sum(each.outcome.info_nce.difference < 0 for each in told)
    held_out, before = len(findings.corpus.part.held_out), findings.tried[0].outcome.info_nce.before
    near_0 = f" It was {before:.2g} before, near 0: there is little left to tell apart." if before < NEAR_0 else ""
    return (
        f"InfoNCE of {held_out:,} held-out sentences fell in {fell} of {count(len(findings.tried), 'run')} and rose in "
        f"{len(told) - fell}: it is what is trained, so that a fall alone does not speak for training; a rise speaks "
        f"against it.{near_0}"
    )


def _how_long(findings: Findings, best: Tried) -> Iterator[str]:
    if best.trial.steps == findings.longest():
        yield (
            f"The longest budget is the best, so that there is no sign of an end: try steps=[{best.trial.steps},"
            f"{4 * best.trial.steps}] next."
        )
    else:
        yield (
            f"No longer budget, up to {findings.longest():,} steps, scored higher; whether the runs differ from each "
            "other was not tested."
        )


def _general(change: Change, runs: int) -> Iterator[str]:
    if _lost(change):
        yield f"It has a price: on the general pairs it {_moved(change, runs)}"
    else:
        yield f"On the general pairs it {_moved(change, runs)}"


def _resolution(findings: Findings, change: Change) -> Iterator[str]:
    if math.isnan(change.low):
        return
    half = (change.high - change.low) / 2
    yield (
        f"With {findings.pairs:,} pairs a difference is known to about {number(half, 1)} points either way; four times "
        "as many pairs halve that."
    )


def _moved(change: Change, runs: int) -> str:
    if math.isnan(change.p):
        return "has one value for all pairs, so that it ranks nothing: it collapsed."
    told = "" if change.told else ", which is not told apart from nothing"
    corrected = f" corrected for {runs} runs" if runs > 1 else ""
    return (
        f"went from {number(change.before)} to {number(change.after)}, {number(change.difference, sign=True)} with "
        f"95 % interval {interval(change.low, change.high)}, p {p_value(change.p_holm)}{corrected}{told}."
    )


def _lost(change: Change) -> bool:
    """Told apart and lower, or collapsed."""
    return math.isnan(change.after) or (change.told and change.difference < 0)


def _value(change: Change | None) -> float:
    return -math.inf if change is None or math.isnan(change.after) else change.after


def _names(tried: Sequence[Tried]) -> str:
    return "; ".join(each.trial.name for each in tried)
