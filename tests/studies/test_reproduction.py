"""What is said of a recipe that was run again."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from composing import checked
from made_reproductions import made
from scipy.stats import t

from sentcse.studies.reproduction import changes, one_more_run, suites_of, verdict


def test_changes_are_what_scores_may_depend_on() -> None:
    plain = checked("experiment=simcse_bert", "seed=43")
    assert changes(plain, plain) == ()
    elsewhere = ("trainer.accelerator=cpu", "runs.root=other", "logger.kind=tensorboard", "evaluation.batch_size=8")
    assert changes(plain, checked("experiment=simcse_bert", "seed=43", *elsewhere)) == ()
    other = checked("experiment=simcse_bert", "seed=43", "trainer.max_steps=4", "encoder.name_or_path=/a/b/c/tiny")
    assert changes(plain, other) == (
        "encoder.name_or_path=.../c/tiny instead of bert-base-uncased",
        "trainer.max_steps=4 instead of null",
    )


@pytest.mark.parametrize("word", ["evaluation.verify=none", "data.hub_file.rows=40"])
def test_unchecked_files_are_a_change_although_the_run_is_the_same(word: str) -> None:
    plain, other = checked("experiment=simcse_bert"), checked("experiment=simcse_bert", word)
    (said,) = changes(plain, other)
    assert said.startswith(f"{word} instead of ")


def test_a_recipe_for_transfer_tasks_is_scored_on_them() -> None:
    assert suites_of("simcse_bert", transfer=False) == ("sts",)
    assert suites_of("simcse_bert", transfer=True) == ("sts", "transfer")
    assert suites_of("diffcse_bert_transfer", transfer=False) == ("sts", "transfer")


def test_the_verdict_of_seeds(tmp_path: Path) -> None:
    """The record's average is three points above its STS12: 75.7 and 76.3, so 76.00 against the published 76.25."""
    lines = list(verdict(made(tmp_path)))
    assert lines[0].startswith("simcse_bert, seeds 42, 43: Gao et al. 2021")
    assert lines[1] == "The recipe was run as it is, but for the seeds."
    assert lines[2] == "Trained on 1,000,000 sentences of wiki1m_for_simcse.txt (SHA-256 aaaaaaaaaaaa), precision fp16"
    half = t.ppf(0.975, 1) * (0.6 / math.sqrt(2)) / math.sqrt(2)
    inside = f"lies inside {76 - half:.2f} to {76 + half:.2f}"
    assert f"avg: agrees: 76.00, published 76.25 {inside}" in lines


def test_a_changed_recipe_is_no_reproduction(tmp_path: Path) -> None:
    lines = list(verdict(made(tmp_path, changes=("trainer.max_steps=4 instead of null",))))
    assert "no reproduction of it: trainer.max_steps=4 instead of null." in lines[1]


def test_one_more_run_by_the_prediction_interval(tmp_path: Path) -> None:
    several = made(tmp_path, scores=(72.0, 72.1, 72.2))
    (said,) = one_more_run(several, several.records[0])
    half = t.ppf(0.975, 2) * 0.1 * math.sqrt(1 + 1 / 3)
    assert f"{75.1 - half:.2f} to {75.1 + half:.2f}" in said
    assert said.endswith("the published 76.25, of one run, lies outside.")
    one = made(tmp_path, scores=(72.0,))
    assert list(one_more_run(one, one.records[0])) == []


def test_scores_without_a_published_row_stand_without_a_verdict(tmp_path: Path) -> None:
    lines = list(verdict(made(tmp_path, "micse_bert", transfer=True)))
    assert (
        lines[-1] == "No row of transfer tasks is published for this recipe: its scores there stand without a verdict."
    )
    lines = list(verdict(made(tmp_path, "diffcse_bert_transfer")))
    assert any(line.startswith("TREC: below") for line in lines)
    assert lines[-1].startswith("No row of STS tasks is published")
