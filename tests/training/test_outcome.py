"""What is said of a run that is done: before, after, and where it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sentcse.evaluation.tasks.pairs import make_pairs
from sentcse.evaluation.tasks.sts import StsTask
from sentcse.training.dev_evaluation import EvaluationCallback, HeldOutViews
from sentcse.training.outcome import disappointments, print_outcome, selection_and_scores

RESULTS: Any = {
    "best": {"step": 25, "stsb_dev": 80.456},
    "initial": {"stsb_dev": 70.0, "stsb_test": 65.125},
    "test": {"stsb": {"spearman": 75.5, "pairs": 1379}, "sickr": {"spearman": None, "pairs": 4927}},
}


def task(name: str, split: str, label: str, pairs: int) -> StsTask:
    rows = [(float(number % 6), f"a dog {number}", f"the city {number}") for number in range(pairs)]
    return StsTask(name, split, (make_pairs("all", rows),), label)


def test_a_line_for_each_score_and_one_for_the_encoder(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="sentcse"):
        print_outcome(RESULTS, tmp_path)
    collapsed = "collapsed (all cosines equal)"
    assert caplog.messages == [
        "stsb_dev     70.00 -> 80.46 (step 25)",
        "stsb_test    65.12 -> 75.50 (1379 pairs)",
        # neither was it measured before training nor could it be after
        f"sickr_test   {collapsed} -> {collapsed} (4927 pairs)",
        f"encoder      {tmp_path}",
    ]


def test_an_encoder_that_was_deleted_is_not_announced_as_there(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="sentcse"):
        print_outcome(RESULTS, Path("runs/a/encoder"))
    assert caplog.messages[-1].startswith("encoder      runs/a/encoder (deleted since: export a checkpoint again")


def test_a_run_that_ends_below_what_it_began_with_says_so_in_words(caplog: pytest.LogCaptureFixture) -> None:
    worse = {**RESULTS, "best": {"step": 25, "stsb_dev": 69.5}}
    print_outcome(worse, Path("runs/a/encoder"))
    (note,) = [said for said in caplog.messages if said.startswith("note: ")]
    assert note.startswith(
        "note: Training has lowered stsb_dev: the best step, 25, scores 69.50, and the encoder scored 70.00 before the"
    )
    (said,) = disappointments({**RESULTS, "best": {"step": 25, "stsb_dev": None}})
    assert said.startswith("Every evaluation found the encoder collapsed, which scored 70.00 on stsb_dev before")
    # neither better nor without a score to compare with
    assert list(disappointments(RESULTS)) == []
    assert list(disappointments({**RESULTS, "best": {"step": 25, "stsb_dev": 70.0}})) == []
    assert list(disappointments({**RESULTS, "initial": {"stsb_dev": None}})) == []


def test_the_card_says_what_selected_and_what_came_out() -> None:
    dev = [task("sickr", "dev", "SICK-R", 4), task("stsb", "dev", "STS-B", 3)]
    tests = [task("stsb", "test", "STS-B", 5), task("sickr", "test", "SICK-R", 6)]
    evaluation = EvaluationCallback(dev, tests, select="stsb", every_n_steps=125)
    assert selection_and_scores(evaluation, RESULTS) == {
        "selection": {"metric": "STS-B dev Spearman, every 125 steps", "step": 25, "labels": "STS-B dev"},
        "scores": {
            # of the dev tasks the one that selected, with its own number of pairs; of the tests what was recorded
            "STS-B dev": {"pairs": 3, "before": 70.0, "after": 80.456},
            "STS-B test": {"pairs": 1379, "before": 65.125, "after": 75.5},
            "SICK-R test": {"pairs": 4927, "before": None, "after": None},
        },
    }


def test_what_selected_without_labels_is_said(caplog: pytest.LogCaptureFixture) -> None:
    views = HeldOutViews([np.zeros(3, dtype=np.uint16)] * 1200, temperature=0.05, seed=0)
    evaluation = EvaluationCallback([], select="info_nce", every_n_steps=125, held_out=views)
    results: Any = {
        "best": {"step": 25, "info_nce": 0.123456},
        "initial": {"info_nce": 0.5},
        "test": {},
        "stopped": "Stopped at step 50.",
    }
    assert selection_and_scores(evaluation, results) == {
        "selection": {
            "metric": "InfoNCE of two dropout views of 1,200 held-out sentences, every 125 steps",
            "labels": None,
            "step": 25,
            "stopped": "Stopped at step 50.",
        },
        "scores": {},
    }
    with caplog.at_level("INFO", logger="sentcse"):
        print_outcome(results, Path("e"))
    assert caplog.messages[:2] == ["info_nce     0.5000 -> 0.1235 (step 25)", "Stopped at step 50."]


def test_what_a_discriminator_selected_is_said() -> None:
    views = HeldOutViews([np.zeros(3, dtype=np.uint16)] * 1200, temperature=0.05, seed=0)
    evaluation = EvaluationCallback([], select="rtd_accuracy", every_n_steps=125, held_out=views)
    results: Any = {"best": {"step": 25, "rtd_accuracy": 0.9}, "initial": {"rtd_accuracy": 0.5}, "test": {}}
    assert selection_and_scores(evaluation, results)["selection"] == {
        "metric": "RTD accuracy of 1,200 held-out sentences, every 125 steps",
        "labels": None,
        "step": 25,
    }


def test_that_nothing_was_compared_is_said(caplog: pytest.LogCaptureFixture) -> None:
    results: Any = {"best": {"step": 25}, "initial": {}, "test": {}}
    evaluation = EvaluationCallback([], every_n_steps=125)
    assert selection_and_scores(evaluation, results)["selection"] == {"rule": "last", "step": 25}
    with caplog.at_level("INFO", logger="sentcse"):
        print_outcome(results, Path("e"))
    assert caplog.messages[0] == "step         25, the last: nothing was compared"
