"""The record is plain and whole, and a run's price is read from its files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from made_findings import change, findings, outcome, worth_config

from sentcse.records.run_folder import RunFolder
from sentcse.worth.findings import cost_of
from sentcse.worth.plan import plan
from sentcse.worth.scores import Change


def test_the_record_is_json_without_this_machine() -> None:
    nan = float("nan")
    found = findings([outcome(change(1.0, p=0.01)), outcome(Change(70.0, nan, nan, nan, nan, nan))])
    record = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert [each["run"].partition("_seed")[0] for each in record["runs"]] == ["simcse_10", "micse_10"]
    assert record["runs"][0]["own"]["after"] == 71
    assert record["runs"][1]["own"]["after"] is None
    assert record["corpus"]["name"] == "mine.txt"
    assert record["corpus"]["trained_on"] == 640
    assert record["corpus"]["leaks"] == [{"test": "STS-B", "sentences": 2551, "found": 0}]
    assert "/home/me" not in json.dumps(record)
    assert found.longest() == 10


def test_the_price_of_a_run(tmp_path: Path) -> None:
    trial = plan(worth_config(output=str(tmp_path)))[0]
    folder = RunFolder(trial.config)
    folder.path.mkdir(parents=True)
    rows = ["step,train/sentences_per_second", "5,32", "10,", "15,128", "20,64"]
    folder.metrics.write_text("\n".join(rows) + "\n")
    (folder.path / "encoder").mkdir()
    (folder.path / "encoder" / "model").write_bytes(b"x" * 1000)
    cost = cost_of(trial, 12.5)
    assert (cost.seconds_a_step, cost.seconds) == (1.0, 12.5)
    assert cost.bytes == 1000 + folder.metrics.stat().st_size
    folder.metrics.write_text("step\n1\n")
    assert cost_of(replace(trial), 1.0).seconds_a_step is None
