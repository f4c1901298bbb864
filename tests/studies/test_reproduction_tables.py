"""Tables of a reproduction: every figure stands where it belongs."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from made_reproductions import made

from sentcse.printing.tables import to_csv, to_latex
from sentcse.printing.wording import NOTHING
from sentcse.studies.reproduction_tables import paper_table, score_of, task_table


def test_scores_of_one_run_and_of_several(tmp_path: Path) -> None:
    one, two = made(tmp_path, scores=(72.0,)).scores, made(tmp_path).scores
    assert score_of(one, "sts", "STS13") == (73.0, None, [72.0, 74.0])
    assert score_of(one, "sts", "avg") == (75.0, None, [74.0, 76.0])
    mean, std, ends = score_of(two, "sts", "avg")
    assert (mean, std) == pytest.approx((76.0, 0.6 / math.sqrt(2)))
    assert ends is not None
    assert ends[0] < 76 < ends[1]
    assert score_of(two, "transfer", "MR") == (None, None, None)


def test_a_line_a_task_with_its_verdict(tmp_path: Path) -> None:
    table = task_table(made(tmp_path, scores=(80.0,)), "sts")
    assert table.lines[0] == ("STS12", "above", "68.40", "80.00", "+11.60", "[79.00, 81.00]")
    assert table.lines[-1][:3] == ("avg", "above", "76.25")
    assert "bootstrap" in table.title
    assert "mean over seeds" in task_table(made(tmp_path), "sts").title


def test_tasks_without_a_published_figure_have_a_dash(tmp_path: Path) -> None:
    table = task_table(made(tmp_path, "micse_bert", transfer=True), "transfer")
    assert table.lines[0][:4] == ("MR", NOTHING, NOTHING, "80.00 ± 0.00")


def test_rows_for_a_paper(tmp_path: Path) -> None:
    changed = made(tmp_path, "diffcse_bert", scores=(70.0,), changes=("trainer.max_steps=4 instead of null",))
    table = paper_table([made(tmp_path), changed], "sts")
    assert [row[0] for row in table.lines] == [
        "unsup. SimCSE, BERT-base, published",
        "simcse_bert, seeds 42, 43",
        "DiffCSE, BERT-base, published",
        "diffcse_bert, changed, seed 42",
    ]
    assert table.lines[0][-1] == "76.25"
    assert table.lines[1][-1] == "76.00 ± 0.42"
    assert table.notes[1] == "diffcse_bert was changed: trainer.max_steps=4 instead of null"
    latex = to_latex(table)
    assert r"simcse\_bert, seeds 42, 43 & 73.00$_{\pm 0.42}$ & " in latex
    heading, *lines = to_csv(table).splitlines()
    assert heading.startswith("row,seeds,STS12,")
    assert ",0.424264068711924" in lines[1]
