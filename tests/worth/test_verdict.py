"""What is said follows from the figures: train, do not, or it cannot be told."""

from __future__ import annotations

import math

import pytest
from made_findings import change, findings, outcome

from sentcse.worth.scores import Change
from sentcse.worth.verdict import verdict

NAN = math.nan
COLLAPSED = Change(70.0, NAN, NAN, NAN, NAN, NAN)


def test_the_best_that_is_told_apart_is_the_one_to_train() -> None:
    outcomes = [outcome(change(each, p=p)) for each, p in ((0.9, 0.01), (0.2, 0.5), (1.5, 0.004), (1.1, 0.01))]
    judged = verdict(findings(outcomes))
    assert (judged.kind, judged.headline) == (
        "yes",
        "Train with simcse for 40 steps, which gained 1.50 points on your pairs.",
    )
    assert judged.choice is not None
    assert judged.choice.trial.name == "simcse, 40 steps"
    assert (
        "from 70.00 to 71.50, +1.50 with 95 % interval [1.00, 2.00], p 0.004 corrected for 4 runs." in judged.reasons[0]
    )
    assert "no sign of an end: try steps=[40,160]" in judged.reasons[1]


def test_a_shorter_budget_that_is_best_says_so_and_a_price_is_told() -> None:
    best = outcome(change(2.0, p=0.001), general=change(-1.2, p=0.01))
    judged = verdict(findings([best, *[outcome(change(0.3)) for _ in range(3)]]))
    assert "No longer budget, up to 40 steps, scored higher" in judged.reasons[1]
    assert "It has a price: on the general pairs it went from 70.00 to 68.80" in judged.reasons[2]


def test_nothing_told_apart_leaves_the_encoder_as_it_is() -> None:
    judged = verdict(findings([outcome(change(0.4)), outcome(change(-3, p=0.01)), *[outcome(change(0.1))] * 2]))
    assert (judged.kind, judged.headline) == ("open", "Leave the encoder as it is: no gain can be told.")
    assert "which is not told apart from nothing" in judged.reasons[0]
    assert "micse, 10 steps lost on them." in judged.reasons[1]
    assert "about 0.5 points either way" in judged.reasons[2]
    assert judged.choice is not None
    assert verdict(findings([outcome(change(-0.4))] * 4)).choice is None


@pytest.mark.parametrize("lost", [change(-2.0, p=0.01), COLLAPSED])
def test_where_every_run_lost_none_is_chosen(lost: Change) -> None:
    by_pairs = verdict(findings([outcome(lost)] * 4))
    assert (by_pairs.kind, by_pairs.choice) == ("no", None)
    assert "every run lost on your pairs" in by_pairs.headline
    without = verdict(findings([outcome(general=lost)] * 4))
    assert (without.kind, without.choice) == ("no", None)
    assert "Do not train before you have pairs" in without.headline
    if lost is COLLAPSED:
        assert "it collapsed" in by_pairs.reasons[0]


@pytest.mark.parametrize(
    ("general", "ending"),
    [
        ([0.1, 0.1], "pairs of your own; no loss on general pairs is told."),
        ([0.9, 0.1], "pairs of your own; general pairs gained."),
        ([-0.9, 0.9], "pairs of your own; some runs lost on general pairs."),
    ],
)
def test_without_pairs_it_cannot_be_told(general: list[float], ending: str) -> None:
    outcomes = [outcome(general=change(each, p=0.01 if abs(each) > 0.5 else 0.5)) for each in general]
    judged = verdict(findings(outcomes))
    assert judged.kind == "open"
    assert judged.headline.endswith(ending)
    assert "InfoNCE of 100 held-out sentences fell in 2 of 2 runs and rose in 0" in " ".join(judged.reasons)
    assert judged.choice is not None
    assert judged.choice.outcome.general.difference == pytest.approx(max(general))


def test_info_nce_near_0_is_told() -> None:
    near = outcome(info_nce=change(-0.0001, 0.00001, 0.001, 0.0002))
    assert "It was 0.0002 before, near 0" in " ".join(verdict(findings([near])).reasons)
    assert "near 0" not in " ".join(verdict(findings([outcome()])).reasons)


def test_a_rise_of_info_nce_is_counted() -> None:
    rise = outcome(info_nce=change(0.3, 0.1, 0.001, 1.5))
    assert "fell in 1 of 2 runs and rose in 1" in " ".join(verdict(findings([rise, outcome()])).reasons)
