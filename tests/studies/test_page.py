"""The page's text: everything inside, nothing from outside, nothing of a run that the browser would run."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from made_runs import Made, grid, make_run, make_runs, make_unfinished

from sentcse.printing.figures import COLOURS, DARK_COLOURS
from sentcse.studies.collect import collect
from sentcse.studies.page import render_page
from sentcse.studies.part_report import report_part

EVIL = "</script><img src=x onerror=alert(1)>"
STYLE = Path(__file__).parents[2] / "src" / "sentcse" / "studies" / "page_files" / "page.css"


def page_of(folder: Path) -> str:
    study = collect([folder])
    return render_page(study, [report_part(part) for part in study.parts], title=f"A {EVIL}", commands=["python -m x"])


def own(page: str) -> str:
    """The page without plotly's code."""
    start = page.index("/**\n* plotly.js")
    return page[:start] + page[page.index("</script>", start) :]


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="report-data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    content: dict[str, Any] = json.loads(found[1])
    return content


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("runs")
    make_runs(folder, grid(("simcse", "micse"), (64, 500), (48, 49)))
    make_runs(folder, grid(("simcse",), (64,), (48, 49), steps=None))
    make_unfinished(folder, Made(seed=50), reason=f"It says {EVIL}.")
    make_run(folder, Made(seed=51, changes=(("data.encoding", EVIL),)))
    return page_of(folder)


def test_no_address_outside(page: str) -> None:
    text = own(page)
    assert re.findall(r"(?:https?:)?//[a-z][\w.-]+\.[a-z]+", text) == []
    assert re.findall(r"<(?:script|link|img|iframe)[^>]*\s(?:src|href)=\"(?!data:,)[^\"]*", text) == []
    assert "default-src 'none'" in text


def test_text_of_runs_is_text(page: str) -> None:
    assert EVIL not in page
    assert "<img" not in own(page).replace("&lt;img", "")
    (failed,) = [run for run in data_of(page)["runs"] if run["reason"] != ""]
    assert failed["reason"] == f"Status: failed. It says {EVIL}."


def test_every_run_opens_with_what_made_it(page: str) -> None:
    runs = data_of(page)["runs"]
    assert len(runs) == 12
    for run in runs:
        assert run["command"].startswith("python -m sentcse.train experiment=simcse_minilm") or "micse" in run["name"]
        assert {key for key, _ in run["settings"]} >= {"optimizer.learning_rate", "method._target_"}
        assert page.count(f">{run['name']}</button>") == 1


def test_budgets_have_charts_of_their_own(page: str) -> None:
    charts = data_of(page)["charts"]
    assert {name.rsplit("-", 1)[1] for name in charts} == {"0", "1"}
    assert all(f'id="{name}"' in page for name in charts)
    assert 'id="results-100-steps"' in page
    assert 'id="results-epochs"' in page


def test_views_have_the_figures_of_the_runs(page: str) -> None:
    chart = data_of(page)["charts"]["low-shot-0"]
    assert [view["label"] for view in chart] == ["STS average", "STS-B dev", "STS-B test"]
    traces = chart[0]["figure"]["data"]
    # two settings of simcse, and micse: a method has its place in every study, others follow
    assert [trace["meta"]["series"] for trace in traces] == [3, 4, 2]
    assert all(len(trace["x"]) == len(trace["y"]) == len(trace["error_y"]["array"]) for trace in traces)


def test_the_style_sheet_has_the_colours_of_the_figures() -> None:
    text = STYLE.read_text(encoding="utf-8").upper()
    for place, colour in enumerate((*COLOURS, *DARK_COLOURS)):
        assert f"--SERIES-{place % len(COLOURS)}: {colour.upper()}" in text
