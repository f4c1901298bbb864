"""What follows from one part: which scores come first, which tables there are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from made_runs import Made, grid, make_unfinished

from sentcse.studies.findings import findings
from sentcse.studies.part import Part
from sentcse.studies.part_report import report_part
from sentcse.studies.statistics import compare_series

PartOf = Callable[[Iterable[Made]], Part]


def test_the_primary_score_comes_first(part_of: PartOf) -> None:
    part = part_of(grid(("simcse", "micse"), (64,), (48, 49)))
    report = report_part(part)
    assert list(report.compared) == ["sts_avg_test", "stsb_dev", "stsb_test"]
    assert report.compared["sts_avg_test"] == compare_series(part, "sts_avg_test")
    first, *others = (list(findings(found)) for found in report.compared.values())
    assert list(report.findings) == first
    assert list(report.other_findings) == [sentence for each in others for sentence in each]
    assert len(report.other_findings) == 2


def test_every_table_under_its_name_in_the_order_of_a_report(part_of: PartOf) -> None:
    report = report_part(part_of(grid(("simcse", "micse"), (64,), (48, 49))))
    order = ["scores", "differences", "tasks", "learning_curves", "best_steps", "geometry", "runs"]
    assert list(report.tables) == order
    assert all(table.name == name and table.title for name, table in report.tables.items())


def test_nothing_is_compared_where_there_is_one_of_it(part_of: PartOf) -> None:
    report = report_part(part_of([Made(tests=("stsb",)), Made(seed=49, tests=("stsb",))]))
    assert not {"differences", "tasks"} & report.tables.keys()
    assert report.compared == {"stsb_test": [], "stsb_dev": []}
    assert (report.findings, report.other_findings) == ((), ())


def test_differences_between_sizes_are_said_after_the_gaps(part_of: PartOf, tmp_path: Path) -> None:
    make_unfinished(tmp_path, Made(seed=49, size=500), reason="The disk is full.")
    slow = (("optimizer.learning_rate", 1e-5),)
    gaps = report_part(part_of([Made(changes=slow), Made(size=500)])).gaps
    assert any("The disk is full." in sentence for sentence in gaps[:-1])
    assert gaps[-1] == "simcse: optimizer.learning_rate is 1e-05 at 64 and 3e-05 at 500 sentences."


def test_a_budget_without_the_reference_says_that_nothing_is_compared(part_of: PartOf) -> None:
    report = report_part(part_of(grid(("simcse", "micse"), (64,), (48, 49))), "diffcse")
    assert "differences" not in report.tables
    assert report.findings == ()
    assert report.gaps[0] == "No run of diffcse has this budget, so that nothing is compared here."
