from __future__ import annotations

import pytest
from score_records import difference, record, sts

from sentcse.evaluation.reports.text import format_results

NO_DIFFERENCES = {"tasks": {}, "average": {}, "resamples": 10}


def test_the_terminal_says_how_it_was_scored_and_how_much():
    results = record("good", transfer=True)
    text = format_results({**results, "recorded_pooler": "cls", "truncated": 3})
    how, *tables, counts, geometry = text.split("\n\n")
    assert how.split("\n") == [
        "Protocol simcse, mode test; Spearman x 100 of all pairs together, accuracy in per cent",
        "good: pooler avg (recorded: cls), at most 512 tokens (3 of 10 sentences cut)",
    ]
    assert len(tables) == 2
    assert counts.startswith("Pairs: STS12 test 10, STS13 test 10, ")
    assert counts.split("\n")[1].startswith("Rows: MR test 5, CR test 5, ")
    assert geometry.startswith("Geometry on STS-B test\n")


def test_own_pairs_are_of_no_protocol():
    results = record("good")
    own = {"mine": results["tasks"]["STS12"]}
    assert format_results({**results, "tasks": own}).startswith("Own pairs; Spearman x 100 of all pairs together\n")
    german = {"STS-B de": results["tasks"]["STS12"]}
    assert format_results({**results, "tasks": german}).startswith("Protocol simcse, mode test; ")
    both = {**results, "tasks": {**own, **results["tasks"]}}
    assert format_results(both).startswith("Protocol simcse, mode test; ")


@pytest.mark.parametrize("recorded", [None, "avg"])
def test_a_pooler_that_nobody_overrode_is_not_spoken_of(recorded):
    assert "recorded" not in format_results({**record(), "recorded_pooler": recorded})


def test_a_long_name_is_shown_from_its_end():
    long = "/a/very/long/folder/of/runs/simcse_bert/encoder"
    assert f"\n...{long[-33:]} " in format_results(record(long))


@pytest.mark.parametrize("layout", ["markdown", "latex"])
def test_what_is_pasted_is_the_tables_alone(layout):
    pasted = format_results(record(transfer=True), layout)
    assert len(pasted.split("\n\n")) == 2
    assert "Protocol" not in pasted
    assert "Pairs:" not in pasted


def test_a_collapsed_encoder_is_marked_and_not_compared():
    results = record("good", transfer=True)
    assert "collapsed" not in format_results(results)
    tasks = {**results["tasks"], "STS12": {**sts(0), "spearman": {"all": None}, "collapsed": True, "ci95": None}}
    marked = {**results, "tasks": tasks}
    assert format_results(marked).count("* collapsed: the vectors do not differ, so that there is no score.") == 1
    compared = format_results({**marked, "against": {**record("bad", transfer=True), "differences": NO_DIFFERENCES}})
    assert "Not compared, because an encoder is collapsed or its rows are not known: STS12, STS13" in compared


def test_transfer_differences_say_what_their_interval_leaves_out():
    differences = {"tasks": {"MR": difference(2.0)}, "average": {}, "resamples": 10000}
    results = record(transfer=True)
    results["against"] = {**record("runs/b", transfer=True), "differences": differences}
    assert "what another classifier_seed would\ngive is not in" in format_results(results)
    differences["tasks"] = {"STS12": difference(2.0)}
    assert "classifier_seed" not in format_results(results)


def test_few_pairs_are_named():
    results = record("good")
    few = "\nToo few pairs for a score or its interval to mean much (below 30): STS12"
    assert f"{few}\n" in format_results({**results, "tasks": {"STS12": results["tasks"]["STS12"]}}) + "\n"
    enough = {label: {**task, "pairs": 30} for label, task in results["tasks"].items()}
    assert "Too few" not in format_results({**results, "tasks": enough})
