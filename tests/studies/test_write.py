"""A report as files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from made_runs import Made, grid, make_run, make_runs
from matplotlib.text import Text

from sentcse.errors import SentcseError
from sentcse.printing.figures import FORMATS as DRAWN
from sentcse.printing.tables import escape_markdown, to_csv, to_markdown
from sentcse.studies import write
from sentcse.studies.collect import collect
from sentcse.studies.figures import learning_figure
from sentcse.studies.part_report import report_part
from sentcse.studies.remake import remake_commands
from sentcse.studies.study import Study, default_title
from sentcse.studies.write import FIGURE_NAME, FORMATS, PAGE_FILE, PAGE_MARK, TABLE_NAME, part_figures, write_report

StudyOf = Callable[[Iterable[Made]], Study]


def test_every_figure_of_a_single_run(tmp_path: Path) -> None:
    make_run(tmp_path, Made())
    drawn = part_figures(report_part(collect([tmp_path]).parts[0]))
    assert set(drawn) == {
        "low_shot-stsb_dev", "low_shot-stsb_test", "low_shot-sts_avg_test", "learning_curves", "best_steps", "geometry",
    }  # fmt: skip
    for figure in drawn.values():
        figure.draw_without_rendering()


def test_long_names_lie_inside_the_figures(tmp_path: Path) -> None:
    changes = (("method.ami_weight", 0.001), ("optimizer.learning_rate", 1e-5))
    make_runs(tmp_path, grid(("simcse", "micse"), (64, 500, 1000), (48, 49)))
    make_runs(tmp_path, grid(("micse",), (64, 500, 1000), (48, 49), changes=changes))
    report = report_part(collect([tmp_path]).parts[0])
    for name, figure in {**part_figures(report), "by method": learning_figure(report.part, by="method")}.items():
        figure.draw_without_rendering()
        width, height = figure.canvas.get_width_height()
        texts = [text for text in figure.findobj(Text) if "simcse" in text.get_text() or "micse" in text.get_text()]
        assert any("0.001" in text.get_text() for text in texts), name
        for text in texts:
            box = text.get_window_extent()
            assert box.x0 >= -1, (name, text.get_text())
            assert box.x1 <= width + 1, (name, text.get_text())
            assert box.y1 <= height + 1, (name, text.get_text())


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures that are not drawn: their files are empty."""

    def save(figure: Any, path: Path) -> list[Path]:
        files = [path.with_name(f"{path.name}.{kind}") for kind in DRAWN]
        for file in files:
            file.touch()
        return files

    monkeypatch.setattr(write, "part_figures", lambda report, **options: dict.fromkeys(["best_steps", "geometry"]))
    monkeypatch.setattr(write, "save_figure", save)


def files_in(folder: Path) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.usefixtures("quickly")
def test_what_was_written_is_what_is_there(study_of: StudyOf, tmp_path: Path) -> None:
    study, out = study_of(grid(("simcse", "micse"), (64,), (48, 49))), tmp_path / "new" / "out"
    written = write_report(study, out, page=False, command="python -m sentcse.report runs")
    (report,) = written.reports
    tables = {f"tables/{name}.{kind}" for name in report.tables for kind in ("md", "tex", "csv")}
    figures = {f"figures/{name}.{kind}" for name in ("best_steps", "geometry") for kind in ("pdf", "svg", "png")}
    assert files_in(out) == {*tables, *figures, "summary.md"}
    assert {file.relative_to(out).as_posix() for file in written.files} == files_in(out)
    for name, table in report.tables.items():
        assert (out / "tables" / f"{name}.md").read_text(encoding="utf-8") == to_markdown(table) + "\n"
        assert (out / "tables" / f"{name}.csv").read_text(encoding="utf-8") == to_csv(table) + "\n"
    summary = (out / "summary.md").read_text(encoding="utf-8")
    assert summary.startswith(f"# {escape_markdown(default_title(study))}\n")
    *remade, last = summary.partition("```bash\n")[2].partition("\n```")[0].splitlines()
    assert remade == remake_commands(study.runs)
    assert last == "python -m sentcse.report runs"


@pytest.mark.usefixtures("quickly")
def test_budgets_have_files_of_their_own(study_of: StudyOf, tmp_path: Path) -> None:
    write_report(study_of([Made(), Made(steps=None)]), tmp_path / "out", page=False)
    names = files_in(tmp_path / "out")
    assert {"tables/scores-100_steps.md", "tables/scores-epochs.md", "figures/best_steps-epochs.pdf"} <= names
    assert "tables/scores.md" not in names
    assert r"\label{tab:scores-100-steps}" in (tmp_path / "out" / "tables" / "scores-100_steps.tex").read_text()
    assert "](figures/geometry-epochs.png)" in (tmp_path / "out" / "summary.md").read_text()


@pytest.mark.usefixtures("quickly")
def test_what_an_earlier_report_left_is_deleted_and_nothing_else(study_of: StudyOf, tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_report(study_of([Made()]), out, page=False)
    (out / "index.html").write_text(f'<head>{PAGE_MARK}0.1.0">')
    before = files_in(out)
    others = {"tables/scores_mine.tex", "tables/scores.txt", "figures/figure.png", "figures/best_steps.jpg", "a.md"}
    for other in others:
        (out / other).touch()
    write_report(study_of([Made(steps=250)]), out, page=False)
    after = files_in(out)
    assert after & before == {"summary.md"}
    assert after >= others | {"tables/scores-250_steps.tex", "figures/geometry-100_steps.svg"}


@pytest.mark.usefixtures("quickly")
def test_a_page_of_somebody_else_stays(study_of: StudyOf, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "index.html").write_text("<p>Mine</p>")
    write_report(study_of([Made()]), tmp_path / "out", page=False)
    assert (tmp_path / "out" / "index.html").read_text() == "<p>Mine</p>"


@pytest.mark.usefixtures("quickly")
def test_the_page_is_known_by_its_mark(study_of: StudyOf, tmp_path: Path) -> None:
    written = write_report(study_of([Made()]), tmp_path / "out", title="A <title>")
    page = tmp_path / "out" / PAGE_FILE
    assert page in written.files
    text = page.read_text(encoding="utf-8")
    assert PAGE_MARK in text
    assert "<title>A &lt;title&gt;</title>" in text
    write_report(study_of([]), tmp_path / "out", page=False)
    assert not page.exists()


@pytest.mark.usefixtures("quickly")
def test_a_folder_that_cannot_be_written(study_of: StudyOf, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SentcseError, match=r"file.* cannot be written .*output=DIR"):
        write_report(study_of([Made()]), tmp_path / "file", page=False)


def test_every_name_that_is_written_is_known_to_be_ours(study_of: StudyOf) -> None:
    """What a report does not know as its own, a later one would leave beside tables of other runs."""
    report = report_part(study_of(grid(("simcse", "micse"), (64,), (48, 49))).parts[0])
    figures = part_figures(report)
    assert {"differences-sts_avg_test", "low_shot-stsb_dev", "geometry"} <= set(figures)
    for suffix in ("", "-epochs", "-1250_steps"):
        assert all(TABLE_NAME.fullmatch(f"{name}{suffix}.{kind}") for name in report.tables for kind in FORMATS)
        assert all(FIGURE_NAME.fullmatch(f"{name}{suffix}.{kind}") for name in figures for kind in DRAWN)
    assert not TABLE_NAME.fullmatch("scores-mine.md")
    assert not FIGURE_NAME.fullmatch("my_geometry.png")
