"""The files of a reproduction."""

from __future__ import annotations

import json
import re
from pathlib import Path

from made_reproductions import made
from made_runs import Made, make_run

from sentcse.studies.reproduction_report import render_page, seeds_table, verdict_text, write_reproduction

COMMAND = "python -m sentcse.reproduce simcse_bert,micse_bert seeds=2"


def test_everything_is_written_and_the_same_again(tmp_path: Path) -> None:
    reproductions = [made(tmp_path / "runs"), made(tmp_path / "runs", "micse_bert", transfer=True)]
    written = []
    for _ in range(2):
        write_reproduction(reproductions, tmp_path / "out", page=False, command=COMMAND)
        written.append({file: file.read_bytes() for file in (tmp_path / "out").rglob("*") if file.is_file()})
    assert written[0] == written[1]
    names = {str(file.relative_to(tmp_path / "out")) for file in written[0]}
    tables = {f"reproduction_{suite}.{kind}" for suite in ("sts", "transfer") for kind in ("md", "tex", "csv")}
    of_each = {f"{name}/{file}" for name in ("simcse_bert", "micse_bert") for file in ("results.json", "table.tex")}
    assert names >= {"verdict.txt", "verdict.json", *tables, *of_each}
    assert "index.html" not in names
    assert (tmp_path / "out" / "verdict.txt").read_text() == verdict_text(reproductions) + "\n"
    judged = json.loads((tmp_path / "out" / "verdict.json").read_text())["simcse_bert"]
    assert judged["reproduction"][0]["average"]["verdict"] == "agrees"
    assert judged["changes"] == []
    # only the recipe that was scored on them
    assert "simcse_bert" not in (tmp_path / "out" / "reproduction_transfer.md").read_text()


def test_the_page_beside_the_study_of_the_runs(tmp_path: Path) -> None:
    reproduction = made(tmp_path / "runs", scores=(72.0,))
    run = make_run(tmp_path / "made", Made(tests=("stsb",)))
    (tmp_path / "runs").mkdir()
    from sentcse.records.run_folder import RunFolder

    run.rename(RunFolder(reproduction.configs[0]).path)
    write_reproduction([reproduction], tmp_path / "out", page=True, command=COMMAND)
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    (link,) = re.findall(r'href="([^"#]+\.html)"', page)
    assert (tmp_path / "out" / link).is_file()


def test_the_page_escapes_and_marks_what_was_changed(tmp_path: Path) -> None:
    changed = made(tmp_path, changes=("encoder.name_or_path=<b> instead of bert-base-uncased",))
    page = render_page([changed, made(tmp_path, "micse_bert")], command=COMMAND)
    assert "encoder.name_or_path=&lt;b&gt;" in page
    assert "<b>" not in page
    assert page.count("no reproduction of it") == 1
    assert '<span class="verdict good"><span aria-hidden="true">≈</span> agrees</span>' in page
    assert "<script" not in page
    assert COMMAND in page


def test_the_runs_of_a_recipe(tmp_path: Path) -> None:
    rows = seeds_table(made(tmp_path)).lines
    assert [row[1:] for row in rows] == [("42", "250", "81.50", "3,600"), ("43", "250", "81.50", "3,600")]
