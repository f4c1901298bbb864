"""Beside the answer: advice about the text, time and disk, what is not known."""

from __future__ import annotations

import shlex
from dataclasses import replace

from made_findings import change, findings, outcome, worth_config

from sentcse.command.composition import compose
from sentcse.config.check import check_config
from sentcse.data.text_faults import TextFaults
from sentcse.worth.corpus import Leak, NearDuplicates, Part
from sentcse.worth.findings import Cost, Findings
from sentcse.worth.scores import Outcome
from sentcse.worth.verdict import verdict
from sentcse.worth.words import next_command, not_known, of_the_corpus, of_the_cost, over_the_command

OUTCOMES = [outcome(change(1.0, p=0.001))] * 4


def messy() -> Findings:
    found = findings(OUTCOMES)
    faults = TextFaults()
    for text in [
        "A <b>good</b> line.",
        "caf\u00c3\u00a9 is",
        "12 13 14",
        "\u041f\u0440\u0438\u0432\u0435\u0442 \u043c\u0438\u0440 \u043c\u043e\u0439.",
    ]:
        faults.add(text)
    report = replace(found.corpus.report, overlong=100, unknown=0.02)
    part = replace(found.corpus.part, rows=900)
    corpus = replace(found.corpus, report=report, faults=faults, part=part, leaks=[Leak("STS-B", 2551, 12)])
    return replace(found, corpus=corpus, near=NearDuplicates(3, 60, [("a", "b")]))


def test_a_command_that_no_pairs_speak_for_is_no_advice() -> None:
    def heading(outcomes: list[Outcome]) -> str:
        found = findings(outcomes)
        return over_the_command(found, verdict(found))

    assert heading(OUTCOMES) == "The training"
    assert heading([outcome(change(0.1, p=0.5))] * 4).endswith("all the same: the run that did best on your pairs")
    assert heading([outcome(general=change(0.1, p=0.5))] * 4).endswith("that did best on the general pairs")


def test_a_clean_corpus_needs_no_word() -> None:
    assert list(of_the_corpus(findings(OUTCOMES))) == []


def test_each_thing_that_is_wrong_has_a_sentence() -> None:
    said = list(of_the_corpus(messy()))
    for part in (
        "12 of the 2,551 sentences of STS-B",
        "100 rows (10.0%) repeat an earlier one token by token: data.duplicates=drop",
        "3 of 60 sentences that were compared (5.0%) have a different one at a cosine of 0.95",
        "Broken, 25.0% of the texts",
        "Markup, 25.0% of the texts",
        "Few letters, 25.0% of the texts",
        "50% have no sentence's end",
        "10.0% of the texts are longer than 32 tokens",
        "2.0% of the tokens are unknown",
        "Cyrillic 25.0%",
    ):
        assert [line for line in said if part in line], part
    assert said[0].startswith("The corpus holds 12")


def test_time_and_disk_are_those_of_the_chosen_run() -> None:
    found = findings(OUTCOMES)
    first, second = of_the_cost(found, verdict(found))
    assert first.startswith("simcse, 10 steps took 20 s on this machine and 91 MB of disk")
    assert "A step of 64 sentences took 0.50 s" in second
    assert "16 steps, about 8 s" in second
    unlogged = replace(found, tried=[replace(each, cost=Cost(None, 20.0, 9)) for each in found.tried])
    assert len(list(of_the_cost(unlogged, verdict(unlogged)))) == 1


def test_what_is_not_known_depends_on_what_was_tried() -> None:
    with_pairs = " ".join(not_known(findings(OUTCOMES)))
    assert "the runs saw 640 of 1,000" in with_pairs
    assert "What diffcse would do" in with_pairs
    assert "the pairs alone judge." in with_pairs
    assert "the best of 4 runs is told on the pairs that chose it" in with_pairs
    assert "What more than 40 steps" in with_pairs
    few = replace(findings(OUTCOMES), pairs=30)
    assert "30 pairs are few" in " ".join(not_known(few))
    without = replace(findings([outcome()] * 4), tried=findings([outcome()] * 4).tried[:1])
    said = " ".join(not_known(without))
    assert "diffcse and micse" in said
    assert "docs/selection.md" in said
    whole = findings(OUTCOMES)
    part = Part(740, 640, 42, whole.corpus.part.held_out, [], [])
    assert "the runs saw" not in " ".join(not_known(replace(whole, corpus=replace(whole.corpus, part=part))))


def test_the_next_command_is_one_that_can_be_given() -> None:
    found = findings(OUTCOMES)
    config = worth_config(overrides=["data.path='my file.txt'", "optimizer.learning_rate=1e-5"])
    words = shlex.split(next_command(found, found.tried[0], config.overrides))
    assert words[:3] == ["python", "-m", "sentcse.train"]
    given = check_config(compose(words[3:]))
    assert (given.data.path, given.optimizer.learning_rate) == ("my file.txt", 1e-5)
    assert (given.encoder.name_or_path, given.encoder.pooler, given.method.head) == ("some/model", "avg", "none")
    assert (given.trainer.max_steps, given.data.duplicates, given.data.low_shot.size) == (10, "drop", None)
