"""A report of runs that training itself has written: a grid of tiny encoders."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from sentcse.config import TrainConfig
from sentcse.report import run_report
from sentcse.training.run import train

pytestmark = pytest.mark.slow


def test_the_report_has_what_training_wrote(configure: Callable[..., TrainConfig], tmp_path: Path) -> None:
    for method, size, seed in product(("simcse", "micse"), (16, 32), (1, 2)):
        train(configure(f"method={method}", f"data.low_shot.size={size}", f"seed={seed}", "trainer.max_steps=4"))
    out = tmp_path / "out"
    assert run_report([str(tmp_path / "runs"), f"output={out}"]) == 0
    results = [json.loads(file.read_text()) for file in (tmp_path / "runs").glob("*/results.json")]
    assert len(results) == 8
    with (out / "tables" / "scores.csv").open(encoding="utf-8") as lines:
        table = {(r["method"], r["sentences"], r["score"]): float(r["mean"]) for r in csv.DictReader(lines)}
    assert len(table) == 8  # two methods, two sizes, dev and test
    for (method, sentences, score), mean in table.items():
        chosen = [
            each
            for each in results
            if each["config"]["method"]["_target_"].lower().endswith(method)
            and each["data"]["sentences"] == int(sentences)
        ]
        values = [each["best"][score] if score == "pairs_dev" else each["test"]["pairs"]["spearman"] for each in chosen]
        assert mean == pytest.approx(np.mean(values))
    with (out / "tables" / "differences.csv").open(encoding="utf-8") as lines:
        assert {row["pairs"] for row in csv.DictReader(lines)} == {"2"}  # the methods saw the same splits
    with (out / "tables" / "learning_curves.csv").open(encoding="utf-8") as lines:
        assert {row["step"] for row in csv.DictReader(lines)} == {"0", "2", "4"}
    page = (out / "index.html").read_text(encoding="utf-8")
    assert f"processor {results[0]['hardware']['processor']}" in page
    assert all(each["data"]["sha256"] in page for each in results)
    assert str(tmp_path) not in page
