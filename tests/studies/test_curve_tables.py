"""The tables of curves and of geometry against numpy."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
from made_runs import Made, grid, make_run

from sentcse.studies.collect import collect
from sentcse.studies.curve_tables import geometry_by_size, learning_table
from sentcse.studies.part import Part
from sentcse.studies.part_report import report_part


def test_the_curve_table_keeps_every_step_in_its_file(tmp_path: Path) -> None:
    make_run(tmp_path, Made(every=5))
    table = report_part(collect([tmp_path]).parts[0]).tables["learning_curves"]
    assert len(table.records) == 21
    assert table.columns == ("sentences", "step", "simcse")
    assert [row[1] for group in table.rows for row in group] == [str(step) for step in range(0, 101, 5)]


def test_a_cell_of_the_curves_is_the_mean_over_seeds(part_of: Callable[[Iterable[Made]], Part]) -> None:
    part = part_of(grid(("simcse", "micse"), (64, 500), (48, 49, 50)))
    table = learning_table(part)
    assert table.columns == ("sentences", "step", "simcse", "micse")
    assert [{row[0] for row in group} for group in table.rows] == [{"64"}, {"500"}]
    for record in table.records:
        runs = part.done(record["method"], record["sentences"])
        values = [run.dev_curve[record["step"]] for run in runs]
        assert (record["mean"], record["std"], record["n"]) == pytest.approx(
            (np.mean(values), np.std(values, ddof=1), 3), abs=1e-9
        )
    by_step = {record["step"]: record for record in table.records[-5:]}
    last = by_step[100]
    assert table.rows[-1][-1][3] == f"{last['mean']:.2f} [{last['low']:.2f}, {last['high']:.2f}]"
    assert table.title == "STS-B dev by optimiser step, mean over seeds and 95 % interval (100 steps)"


def test_series_of_other_steps_share_the_rows(part_of: Callable[[Iterable[Made]], Part]) -> None:
    table = learning_table(part_of([Made(every=50), Made("micse", every=25)]))
    (rows,) = table.rows
    assert [row[1] for row in rows] == ["0", "25", "50", "75", "100"]
    assert [row[2] == "\u2013" for row in rows] == [False, True, False, True, False]
    assert not any(row[3] == "\u2013" for row in rows)
    assert all(record.keys() == {"sentences", "method", "step", "mean", "n"} for record in table.records)  # one run


def test_geometry_is_that_of_the_selected_step(part_of: Callable[[Iterable[Made]], Part]) -> None:
    part = part_of(grid(("simcse",), (64,), (48, 49, 50)))
    table = geometry_by_size(part)
    assert table.columns == ("sentences", "method", "alignment", "uniformity", "STS average")
    ((row,),) = table.rows
    for column, kind, digits in ((2, "alignment", 3), (3, "uniformity", 3)):
        values = [run.curves[f"val/{kind}"][run.record.best_step or 0] for run in part.runs]
        mean, std = f"{np.mean(values):.{digits}f}", f"{np.std(values, ddof=1):.{digits}f}"
        assert row[column] == f"{mean} ± {std}".replace("-", "\u2212")
        assert [record[kind] for record in table.records] == values
    scores = [run.scores["sts_avg_test"] or 0 for run in part.runs]
    assert row[4] == f"{np.mean(scores):.2f} ± {np.std(scores, ddof=1):.2f}"
    assert [(record["seed"], record["split_seed"]) for record in table.records] == [(48, 48), (49, 49), (50, 50)]


def test_geometry_beside_a_score_that_not_all_runs_have(part_of: Callable[[Iterable[Made]], Part]) -> None:
    made = [Made(seed=48), Made(seed=49), Made(seed=50, scores=(("stsb_test", None),))]
    table = geometry_by_size(part_of([*made, Made("micse", 500, 48)]))
    simcse, nothing = table.rows[0]
    assert "(n = 2)" in simcse[4]
    assert "(n" not in simcse[2]
    assert nothing == ("64", "micse", "\u2013", "\u2013", "\u2013")  # there is no such run
    assert [record["sts_avg_test"] is None for record in table.records] == [False, False, True, False]
