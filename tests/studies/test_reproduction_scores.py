"""Scores of runs: made once, read after that, made again where the run or the way of scoring is another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from made_reproductions import AROUND
from score_records import record
from sweeping import made, results

from sentcse.config import TrainConfig
from sentcse.config.commands import EvaluationSettings
from sentcse.studies import reproduction_scores
from sentcse.studies.reproduction_scores import merged, over_seeds, score_run


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[EvaluationSettings]:
    """What was scored, in place of scoring it."""
    calls: list[EvaluationSettings] = []

    def evaluate(settings: EvaluationSettings) -> dict[str, Any]:
        calls.append(settings)
        return {**record(str(settings.encoder)), **AROUND}

    monkeypatch.setattr(reproduction_scores, "run_evaluation", evaluate)
    return calls


def config_of(root: Path, *words: str, content: dict[str, Any] | None = None) -> TrainConfig:
    from composing import checked

    made(root, *words, results=results() if content is None else content)
    return checked("experiment=micse_bert", f"runs.root={root}", *words)


def test_a_run_is_scored_once(tmp_path: Path, asked: list[EvaluationSettings]) -> None:
    config = config_of(tmp_path / "runs", "trainer.accelerator=cpu", "evaluation.batch_size=8")
    first = score_run(config, "sts", tmp_path / "scores")
    assert score_run(config, "sts", tmp_path / "scores") == first
    assert len(asked) == 1
    assert (asked[0].tasks, asked[0].device, asked[0].batch_size, asked[0].verify) == (["sts"], "cpu", 8, "exact")
    score_run(config, "transfer", tmp_path / "scores")
    assert [settings.tasks for settings in asked] == [["sts"], ["transfer"]]


@pytest.mark.parametrize("other", ["run", "how", "damaged"])
def test_what_is_of_something_else_is_made_again(tmp_path: Path, asked: list[EvaluationSettings], other: str) -> None:
    config = config_of(tmp_path / "runs")
    score_run(config, "sts", tmp_path / "scores")
    if other == "run":
        config_of(tmp_path / "runs", content={**results(), "seconds": 13.0})
    elif other == "how":
        config = config_of(tmp_path / "runs", "evaluation.verify=text")
    else:
        (file,) = (tmp_path / "scores").iterdir()
        file.write_text(file.read_text()[:100])
    score_run(config, "sts", tmp_path / "scores")
    assert len(asked) == 2


def test_suites_in_one() -> None:
    both = record("runs/a", 70.0, transfer=True) | AROUND
    sts = {**both, "tasks": {label: task for label, task in both["tasks"].items() if "spearman" in task}}
    sts["average"] = {**both["average"], "transfer": None}
    transfer = {**both, "tasks": {label: task for label, task in both["tasks"].items() if "accuracy" in task}}
    transfer["average"] = {"sts": None, "transfer": 80.0}
    transfer["data"] = {"verify": "exact", "differ": {"MR/x": "bytes"}}
    found = merged([sts, transfer])
    assert found["tasks"] == both["tasks"]
    assert found["average"] == both["average"]
    assert found["data"] == {"verify": "exact", "differ": {"MR/x": "bytes"}}
    assert found["seconds"] == 2.0


def test_several_seeds_are_summed_up_and_one_is_itself() -> None:
    one, two = ({**record("runs/a", score), **AROUND} for score in (70.0, 72.0))
    assert over_seeds([one]) == one
    found = over_seeds([one, two])
    assert found["seeds"]["average"]["sts"]["mean"] == 74.0
    assert [each["encoder"] for each in found["encoders"]] == ["runs/a", "runs/a"]
    json.dumps(found)
