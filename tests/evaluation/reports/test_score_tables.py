from __future__ import annotations

import pytest
from score_records import difference, record, sts

from sentcse.config.tasks import SUITE_COLUMNS
from sentcse.evaluation.reports.score_tables import NAME_WIDTH, encoder_names, geometry_table, score_tables
from sentcse.evaluation.reports.text import format_results
from sentcse.evaluation.statistics.published_rows import published_rows


def names(table) -> list[str]:
    return [row.name for row in table.rows]


def test_sts_alone_is_one_table_of_fixed_columns():
    (table,) = score_tables(record())
    assert table.columns == (*SUITE_COLUMNS["sts"], "avg")
    assert names(table) == ["runs/a", "  95 %"]
    assert table.rows[0].values["avg"] == 73.0


def test_columns_stay_where_a_task_is_missing_and_there_is_no_average():
    results = record()
    del results["tasks"]["STS14"]
    results["average"] = {"sts": None}
    (table,) = score_tables(results)
    assert table.columns == (*SUITE_COLUMNS["sts"], "avg")
    cells = dict(
        zip(["encoder", *table.columns], format_results(results).split("\n\n")[1].split("\n")[2].split(), strict=True)
    )
    assert (cells["STS14"], cells["avg"]) == ("-", "-")


def test_own_pairs_stand_behind_the_seven_or_alone():
    with_own = record()
    with_own["tasks"]["mine"] = sts(50.0)
    assert score_tables(with_own)[0].columns == (*SUITE_COLUMNS["sts"], "avg", "mine")
    alone = {**record(), "tasks": {"mine": sts(50.0)}, "average": {"sts": None}}
    assert score_tables(alone)[0].columns == ("mine",)


def test_transfer_has_a_table_of_its_own():
    tables = score_tables(record(transfer=True))
    assert [table.columns for table in tables] == [(*columns, "avg") for columns in SUITE_COLUMNS.values()]
    assert tables[1].rows[0].values["avg"] == 80.0
    assert "accuracy in per cent" in format_results(record(transfer=True))


def test_geometry_is_in_every_table():
    results = {**record(), "against": {**record("runs/b"), "differences": {"tasks": {}, "average": {}, "resamples": 1}}}
    assert names(geometry_table(results)) == ["runs/a", "runs/b"]
    assert "0.213" in format_results(results)
    pasted = format_results(results, "markdown")
    assert pasted.split("\n")[0].endswith("| avg | alignment | uniformity | anisotropy | rank |")
    assert pasted.split("\n")[2].endswith("| 73.00 | 0.213 | -2.500 | 0.100 | 100.0 |")
    assert "0.213 & -2.500 & 0.100 & 100.0" in format_results(results, "latex")
    assert geometry_table({**record(), "geometry": None}) is None


def test_a_comparison_shows_both_and_the_difference():
    differences = {
        "tasks": {"STS12": difference(2.0), "STS13": difference(0.1, p=0.6)},
        "average": {"sts": difference(1.5)},
        "resamples": 10000,
    }
    results = {**record(), "against": {**record("runs/b", 68.0), "differences": differences}}
    (table,) = score_tables(results)
    assert names(table) == ["runs/a", "  95 %", "runs/b", "  95 %", "difference", "  95 %", "  p", "  p (Holm)"]
    assert table.rows[4].values == {"STS12": 2.0, "STS13": 0.1, "avg": 1.5}
    text = format_results(results)
    assert "STS12: runs/a is better than runs/b by 2.00 points" in text
    assert "STS13: runs/a and runs/b are not told apart" in text
    assert "avg of seven STS tasks: runs/a is better than runs/b by 1.50 points\n  (95 % interval +0.50 to" in text
    assert "Not compared, because an encoder is collapsed or its rows are not known: STS14, STS15" in text


def test_published_rows_stand_below_their_suite():
    shown = [row.record() for row in published_rows() if row.name in ("simcse_bert", "minilm_mteb")]
    tables = score_tables({**record(transfer=True), "published": shown})
    assert names(tables[0])[2:] == ["published: unsup. SimCSE, BERT-base", "published: all-MiniLM-L6-v2"]
    assert names(tables[1])[1:] == ["published: unsup. SimCSE, BERT-base"]
    assert tables[0].rows[2].values["avg"] == 76.25
    # where no average was published, that of the seven figures
    assert tables[0].rows[3].values["avg"] == pytest.approx(78.94, abs=0.005)


def test_seeds_are_rows_with_their_mean_and_spread():
    summary = {"mean": 70.5, "std": 0.5, "ci95": [66.0, 75.0]}
    seeds = {"n": 2, "tasks": dict.fromkeys(SUITE_COLUMNS["sts"], summary), "average": {"sts": summary}}
    results = {"protocol": "simcse", "mode": "test", "encoders": [record("a"), record("b")], "seeds": seeds}
    (table,) = score_tables(results)
    assert names(table) == ["a", "b", "mean", "  std", "  95 % (t)"]
    assert table.rows[3].values["avg"] == 0.5


def test_names_are_short_and_different():
    long = "/some/long/folder/of/many/runs/simcse_bert_seed42/encoder"
    assert encoder_names(record(long)) == ["..." + long[3 - NAME_WIDTH :]]
    assert len(encoder_names(record(long))[0]) == NAME_WIDTH
    assert encoder_names(record("short")) == ["short"]
    by_pooler = {**record(long), "against": record(long, pooler="cls_before_pooler")}
    assert encoder_names(by_pooler) == ["pooler avg", "pooler cls_before_pooler"]
    assert encoder_names({**record("a"), "against": record("a")}) == ["a", "a"]
    assert encoder_names({**record("a"), "against": record("b", pooler="cls")}) == ["a", "b"]
