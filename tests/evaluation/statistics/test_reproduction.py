from __future__ import annotations

import math

import pytest
from scipy.stats import t

from sentcse.evaluation.statistics.published_rows import PublishedFigure, PublishedRow, published_rows
from sentcse.evaluation.statistics.reproduction import (
    describe_reproduction,
    prediction_interval,
    reproduction_record,
    stand_against,
)

SIMCSE = next(row for row in published_rows() if (row.suite, row.name) == ("sts", "simcse_bert"))
PROMPT = next(row for row in published_rows() if (row.suite, row.name) == ("sts", "prompt_bert"))


def results(row: PublishedRow, shift: float = 0.0, half: float = 1.0) -> dict:
    """Scores at a distance from those of a row."""
    scores = {column: figure.score + shift for column, figure in row.figures.items()}
    tasks = {
        column: {"spearman": {"all": score}, "collapsed": False, "ci95": [score - half, score + half]}
        for column, score in scores.items()
    }
    average = row.average.score + shift
    return {"tasks": tasks, "average": {"sts": average, "sts_ci95": [average - half, average + half]}}


def verdicts(row: PublishedRow, scores: dict) -> set[str]:
    return {standing.verdict for standing in stand_against(row, scores["tasks"], scores["average"]).values()}


@pytest.mark.parametrize(
    ("shift", "verdict"), [(0.0, "agrees"), (0.99, "agrees"), (-0.99, "agrees"), (1.1, "above"), (-1.1, "below")]
)
def test_a_score_agrees_where_the_figure_lies_inside_its_interval(shift, verdict):
    assert verdicts(SIMCSE, results(SIMCSE, shift)) == {verdict}


def test_the_published_figure_is_known_to_two_digits_only():
    assert verdicts(SIMCSE, results(SIMCSE, 1.004)) == {"agrees"}
    assert verdicts(SIMCSE, results(SIMCSE, 1.006)) == {"above"}


@pytest.mark.parametrize(("half", "verdict"), [(4.99, "agrees"), (5.01, "undecided"), (70.0, "undecided")])
def test_an_interval_that_holds_everything_agrees_with_nothing(half, verdict):
    scores = results(SIMCSE, -4.0, half)
    assert verdicts(SIMCSE, scores) == {verdict}
    wide = stand_against(SIMCSE, scores["tasks"], scores["average"])["STS12"].words().endswith("too wide to say more")
    assert wide == (verdict == "undecided")


def test_words_say_where_by_how_much_and_that_there_is_no_error_bar():
    record = reproduction_record(SIMCSE, results(SIMCSE, -1.5))
    lines = describe_reproduction(record)
    assert lines[0].startswith("Reproduction of unsup. SimCSE, BERT-base (SimCSE issue 100;")
    assert lines[1] == "STS12: below by 1.50 points: 66.90, published 68.40 lies outside 65.90 to 67.90"
    assert lines[-2] == "avg: below by 1.50 points: 74.75, published 76.25 lies outside 73.75 to 75.75"
    assert "of one run, without an error bar" in lines[-1]
    assert record["average"] == {
        "published": 76.25,
        "published_std": None,
        "score": 74.75,
        "difference": -1.5,
        "inside_published_spread": None,
        "verdict": "below",
    }


def test_a_published_spread_is_used_beside_the_interval():
    # one further run of ten lies within 2.262 x 0.15 x sqrt(1.1) = 0.356 of the mean
    inside, outside = (stand_against(PROMPT, **results(PROMPT, shift))["avg"] for shift in (0.35, 0.36))
    assert (inside.verdict, inside.inside_spread) == ("agrees", True)
    assert (outside.verdict, outside.inside_spread) == ("agrees", False)
    assert outside.words().endswith("; not within the published spread over seeds")
    lines = describe_reproduction(reproduction_record(PROMPT, results(PROMPT)))
    assert "standard deviation over 10 seeds" in lines[-1]


def test_prediction_interval_closed_form():
    low, high = prediction_interval(PublishedFigure(70.0, 0.5), 10)
    half = t.ppf(0.975, 9) * 0.5 * math.sqrt(1.1)
    assert (low, high) == pytest.approx((70 - half, 70 + half))
    assert prediction_interval(PublishedFigure(70.0), 1) is None
    with pytest.raises(ValueError, match="at least 2 where there is a standard deviation, got 1"):
        prediction_interval(PublishedFigure(70.0, 0.5), 1)


def test_what_was_not_scored_says_so_and_has_no_average():
    scores = results(SIMCSE)
    scores = {"tasks": {"STS-B": scores["tasks"]["STS-B"]}, "average": {"sts": None}}
    standings = stand_against(SIMCSE, **scores)
    assert standings["STS-B"].verdict == "agrees"
    assert standings["avg"].words() == "not scored (published 76.25)"
    assert standings["STS12"].verdict == "not scored"


def test_a_collapsed_encoder_is_not_scored():
    scores = results(SIMCSE)
    scores["tasks"]["STS12"] = {"spearman": {"all": None}, "collapsed": True}
    assert stand_against(SIMCSE, **scores)["STS12"].verdict == "not scored"


def test_only_the_average_where_nothing_else_is_published():
    row = next(row for row in published_rows() if row.name == "sup_simcse_roberta")
    found = stand_against(row, results(SIMCSE)["tasks"], {"sts": 82.0, "sts_ci95": [81.0, 83.0]})
    assert {label: standing.verdict for label, standing in found.items()} == {"avg": "agrees"}


def test_several_seeds_stand_by_their_own_interval():
    summary = {"mean": 76.0, "std": 0.1, "ci95": [75.9, 76.1]}
    seeds = {"tasks": dict.fromkeys(SIMCSE.figures, summary), "average": {"sts": summary}}
    record = reproduction_record(SIMCSE, {"encoders": [], "seeds": seeds})
    assert record["average"]["verdict"] == "below"
    assert record["average"]["difference"] == pytest.approx(-0.25)
