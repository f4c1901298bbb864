"""The page in headless Chromium: no error, no request, methods toggle, the table sorts, a run opens, axe is content."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browser import accessibility_faults, chromium, errors_of, requests_of
from made_runs import Made, grid, make_run, make_runs, make_unfinished

from sentcse.report import run_report

if TYPE_CHECKING:
    from selenium.webdriver import Chrome
    from selenium.webdriver.remote.webelement import WebElement

pytestmark = pytest.mark.slow

SHOWN = "return document.getElementById(arguments[0]).data.filter(trace => trace.visible).map(trace => trace.name)"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    make_runs(folder / "runs", grid(("simcse", "diffcse", "micse"), (64, 500, 1000, 10_000), (48, 49, 50)))
    make_runs(folder / "runs", grid(("simcse", "micse"), (64,), (48, 49), steps=None))
    make_unfinished(folder / "runs", Made(seed=51), reason="The loss is not finite.")
    # trains as another run does, which a note says: a word that is wider than a phone
    make_run(folder / "runs", Made(seed=48, changes=(("name", "x" * 80),)))
    assert run_report([str(folder / "runs"), f"output={folder / 'out'}", "title=<b>A study</b>"]) == 0
    return folder / "out" / "index.html"


@pytest.fixture(scope="module")
def wide(page: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with chromium(tmp_path_factory.mktemp("browser")) as browser:
        browser.get(page.as_uri())
        yield browser


def find(browser: Chrome, selector: str) -> WebElement:
    return browser.find_element("css selector", selector)


def find_all(browser: Chrome, selector: str) -> list[WebElement]:
    return browser.find_elements("css selector", selector)


def column(browser: Chrome, place: int) -> list[str]:
    script = (
        "return [...document.querySelectorAll('#run-table tbody tr')].map(row => row.cells[arguments[0]].innerText)"
    )
    texts: list[str] = browser.execute_script(script, place)
    return texts


def run_script(browser: Chrome, script: str, *arguments: Any) -> Any:
    return browser.execute_script(script, *arguments)


def click(browser: Chrome, selector: str) -> None:
    """Clicks in the middle of the window: at its edge, where the driver scrolls to, a growing chart hides it."""
    element = find(browser, selector)
    run_script(browser, "arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", element)
    element.click()


def test_it_loads_without_an_error_or_a_request(page: Path, tmp_path: Path) -> None:
    with chromium(tmp_path / "browser") as browser:
        browser.get(page.as_uri())
        assert requests_of(browser) == [page.as_uri()]
        assert errors_of(browser) == []
        assert browser.title == "<b>A study</b>"
        assert find(browser, "h1").text == "<b>A study</b>"
        drawn = find_all(browser, "main .plot .main-svg")
        assert len(drawn) >= len(find_all(browser, "main .plot")) == 10


def test_a_request_would_be_seen(tmp_path: Path) -> None:
    """The test above can fail: a page that asks for something outside is found out."""
    bad = tmp_path / "bad.html"
    bad.write_text("<script src='http://localhost:9/x.js'></script><script>undefined.x</script>")
    with chromium(tmp_path / "browser") as browser:
        browser.get(bad.as_uri())
        assert any("localhost:9" in address for address in requests_of(browser))
        assert any("TypeError" in line for line in errors_of(browser))


def test_a_method_can_be_toggled(wide: Chrome) -> None:
    assert run_script(wide, SHOWN, "low-shot-0")[:3] == ["simcse", "diffcse", "micse"]
    box = find(wide, ".methods input[value='1']")
    box.send_keys(" ")  # as a keyboard does
    assert run_script(wide, SHOWN, "low-shot-0")[:2] == ["simcse", "micse"]
    assert "diffcse" not in run_script(wide, SHOWN, "geometry-0")
    pairs = run_script(wide, SHOWN, "differences-0")
    assert pairs == ["micse \u2212 simcse"]
    assert "micse" in run_script(wide, SHOWN, "low-shot-1")  # the other budget has its own
    box.send_keys(" ")
    assert run_script(wide, SHOWN, "low-shot-0")[:3] == ["simcse", "diffcse", "micse"]


def test_a_chart_shows_another_view(wide: Chrome) -> None:
    title = "return document.getElementById('low-shot-0').layout.yaxis.title.text"
    assert run_script(wide, title) == "STS average (Spearman x 100)"
    click(wide, "[data-for='low-shot-0'] label:nth-of-type(2)")
    assert run_script(wide, title) == "STS-B dev (Spearman x 100)"


def test_hovering_shows_the_figures(wide: Chrome) -> None:
    script = "Plotly.Fx.hover(arguments[0], [{curveNumber: 0, pointNumber: 1}]); return arguments[0].innerText"
    run_script(wide, script, find(wide, "#low-shot-0"))
    label = find(wide, "#low-shot-0 .hoverlayer").text
    assert "simcse" in label
    assert "500 sentences" in label
    assert "3 runs" in label


def test_the_table_sorts(wide: Chrome) -> None:
    headings = [cell.text for cell in find_all(wide, "#run-table thead th")]
    place = headings.index("STS average")
    button = find_all(wide, "#run-table thead button")[place]
    heading = find_all(wide, "#run-table thead th")[place]
    run_script(wide, "arguments[0].scrollIntoView({block: 'center'})", button)
    button.send_keys("\ue007")  # Enter
    assert heading.get_attribute("aria-sort") == "ascending"
    values = [float(text) for text in column(wide, place)[:-1]]
    assert values == sorted(values)
    assert column(wide, place)[-1] == "\u2013"  # the failed run, which has none
    button.send_keys("\ue007")
    assert heading.get_attribute("aria-sort") == "descending"
    assert [float(text) for text in column(wide, place)[:-1]] == values[::-1]
    assert column(wide, place)[-1] == "\u2013"
    assert len(find_all(wide, "#run-table [aria-sort]")) == 1
    assert find(wide, "#sorted").get_attribute("textContent") == "Sorted by STS average, descending."


def test_sizes_sort_as_numbers(wide: Chrome) -> None:
    headings = [cell.text for cell in find_all(wide, "#run-table thead th")]
    place = headings.index("sentences")
    find_all(wide, "#run-table thead button")[place].send_keys("\ue007")
    sizes = [int(text.replace(",", "")) for text in column(wide, place)]
    assert sizes == sorted(sizes)


def test_a_run_opens_and_closes(wide: Chrome) -> None:
    button = find_all(wide, "#run-table .open")[3]
    name = button.text
    run_script(wide, "arguments[0].focus()", button)
    button.send_keys("\ue007")
    dialog = find(wide, "#run")
    assert dialog.get_property("open")
    text = dialog.text
    assert text.startswith(name)
    assert "STS-B dev" in text
    assert "python -m sentcse.train experiment=" in text
    assert "SHA-256" in text
    assert find_all(wide, "#run .main-svg")
    run_script(wide, "document.querySelector('#run details').open = true")
    assert "optimizer.learning_rate" in dialog.text
    assert accessibility_faults(wide) == []
    find(wide, "#run-close").send_keys("\ue00c")  # Escape
    assert not dialog.get_property("open")
    assert run_script(wide, "return document.activeElement === arguments[0]", button)


def test_a_failed_run_says_why(wide: Chrome) -> None:
    script = (
        "return [...document.querySelectorAll('#run-table tbody tr')].findIndex(r => r.innerText.includes('failed'))"
    )
    button = find_all(wide, "#run-table .open")[run_script(wide, script)]
    run_script(wide, "arguments[0].click()", button)
    assert "The loss is not finite." in find(wide, "#run .warning").text
    click(wide, "#run-close")
    assert errors_of(wide) == []


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (390, False), (320, False)])
def test_axe_finds_nothing_serious_and_nothing_overflows(page: Path, tmp_path: Path, width: int, dark: bool) -> None:
    with chromium(tmp_path / "browser", width=width, dark=dark) as browser:
        browser.get(page.as_uri())
        run_script(browser, "document.querySelectorAll('details').forEach(each => each.open = true)")
        assert accessibility_faults(browser) == []
        assert run_script(browser, "return document.documentElement.scrollWidth") <= width
        assert errors_of(browser) == []
