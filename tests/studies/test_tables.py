"""The tables of a report: the figures are right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_runs import Made, grid, make_run, make_runs, make_unfinished

from sentcse.printing.tables import to_csv, to_latex
from sentcse.studies.collect import collect
from sentcse.studies.part_report import report_part


def test_scores_table_against_numpy(tmp_path: Path) -> None:
    make_runs(tmp_path, grid(("simcse", "micse"), (64, 500), (48, 49, 50)))
    report = report_part(collect([tmp_path]).parts[0])
    table = report.tables["scores"]
    values = report.part.values("micse", 500, "sts_avg_test")
    (record,) = [
        each
        for each in table.records
        if (each["sentences"], each["method"], each["score"]) == (500, "micse", "sts_avg_test")
    ]
    assert (record["mean"], record["std"]) == pytest.approx((np.mean(values), np.std(values, ddof=1)))
    assert record["seeds"] == "48 49 50"
    row = next(row for group in table.rows for row in group if row[:2] == ("500", "micse"))
    assert row[-2] == f"{np.mean(values):.2f} ± {np.std(values, ddof=1):.2f}"
    assert table.rows[0][0][1] == "untrained"


def test_one_seed_has_neither_deviation_nor_interval(tmp_path: Path) -> None:
    make_run(tmp_path, Made())
    table = report_part(collect([tmp_path]).parts[0]).tables["scores"]
    assert all("±" not in cell and "[" not in cell for group in table.rows for row in group for cell in row)
    assert all(record["std"] is None and record["low"] is None for record in table.records)
    assert "nan" not in to_csv(table)


def test_best_steps_are_counted(tmp_path: Path) -> None:
    make_runs(tmp_path, grid(("simcse",), (64,), range(48, 53)))
    report = report_part(collect([tmp_path]).parts[0])
    steps = [run.record.best_step for run in report.part.done()]
    ((row,),) = report.tables["best_steps"].rows
    assert row[2] == ", ".join(f"{step} ({steps.count(step)})" for step in sorted(set(filter(None, steps))))
    assert row[3] == f"{steps.count(100)} of 5"


def test_the_table_of_runs_has_those_that_failed(tmp_path: Path) -> None:
    make_run(tmp_path, Made())
    make_unfinished(tmp_path, Made(seed=49), reason="No space left on device.")
    table = report_part(collect([tmp_path]).parts[0]).tables["runs"]
    assert [record["status"] for record in table.records] == ["done", "failed"]
    assert table.records[1]["reason"] == "No space left on device."


def test_a_mean_over_fewer_runs_says_so(tmp_path: Path) -> None:
    make_runs(tmp_path, grid(("micse",), (64,), (48, 49)))
    make_run(tmp_path, Made("micse", seed=50, scores=(("stsb_test", None),)))
    tables = report_part(collect([tmp_path]).parts[0]).tables
    (row,) = (row for group in tables["scores"].rows for row in group if row[1] == "micse")
    assert [cell.endswith("(n = 2)") for cell in row[3::2]] == [False, True, True]
    assert sum("(n = 2)" in cell for cell in tables["tasks"].rows[1][0]) == 2
    seeds = {record["score"]: record["seeds"] for record in tables["scores"].records}
    assert seeds == {"stsb_dev": "48 49 50", "stsb_test": "48 49", "sts_avg_test": "48 49"}
    assert r"$_{\pm " in to_latex(tables["scores"])


def test_the_tasks_begin_with_the_untrained_encoder(tmp_path: Path) -> None:
    make_run(tmp_path, Made())
    first = report_part(collect([tmp_path]).parts[0]).tables["tasks"].rows[0][0]
    assert first == ("\u2013", "untrained", *["73.50"] * 8)


def test_runs_of_other_splits_have_a_column_for_them(tmp_path: Path) -> None:
    make_runs(tmp_path, [Made(seed=1, changes=(("data.low_shot.seed", split),)) for split in (48, 49)])
    tables = report_part(collect([tmp_path]).parts[0]).tables
    assert tables["runs"].columns[:4] == ("method", "sentences", "seed", "split")
    assert [row[3] for row in tables["runs"].rows[0]] == ["48", "49"]
    assert tables["scores"].records[0] | {"seeds": "1 1", "split_seeds": "48 49"} == tables["scores"].records[0]
    assert "over splits" in tables["scores"].title
