"""The page to try encoders on, served by its command, in headless Chromium; and a thousand questions in small."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browser import accessibility_faults, chromium, errors_of, requests_of
from demo_parts import HOSTILE, SENTENCES, ask, memory_of
from tiny import tiny_checkpoint

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

pytest.importorskip("gradio", reason="gradio is not installed: pip install -e '.[demo]'")
pytestmark = pytest.mark.slow

TOGETHER = 32
QUESTIONS = 256
GROWTH = 48 * 2**20
"""Bytes: a page in a browser takes gradio some 50 KB, of which 64 are kept, and each question a few more."""


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command and the address that it prints."""
    folder = tmp_path_factory.mktemp("demo")
    for seed in (0, 1):
        tiny_checkpoint(folder / f"tiny{seed}", seed=seed)
    (folder / "corpus.txt").write_text("\n".join(SENTENCES) + "\n", encoding="utf-8")
    words = ["encoder=[tiny0,tiny1]", "pooler=avg", "corpus=corpus.txt", "map=pca", "port=0", "device=cpu"]
    command = [sys.executable, "-m", "sentcse.demo", *words]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
        assert running.stdout is not None
        try:
            said = []
            for line in running.stdout:
                said.append(line)
                if line.startswith("http"):
                    yield running, line.split()[0]
                    break
            else:
                pytest.fail("".join(said))
        finally:
            running.kill()


def open_page(browser: Chrome, process: Any) -> None:
    browser.get(process[1])
    wait_for(browser, "#search-answers .note")


def write(browser: Chrome, place: str, text: str) -> None:
    """In place of what stands there, key by key."""
    field = browser.find_element("css selector", f"{place} textarea")
    browser.execute_script("arguments[0].select()", field)
    field.send_keys("\ue017", text)  # delete


def wait_for(browser: Chrome, selector: str, *, text: str = "") -> str:
    from selenium.webdriver.support.ui import WebDriverWait

    script = "const found = document.querySelector(arguments[0]); return found === null ? null : found.innerText"

    def there(_: Any) -> Any:
        found = browser.execute_script(script, selector)
        return found if found is not None and text in found else False

    found: str = WebDriverWait(browser, 20).until(there, f"{selector} with {text!r} did not appear")
    return found


def tab(browser: Chrome, name: str) -> None:
    (button,) = [each for each in browser.find_elements("css selector", "button[role=tab]") if each.text == name]
    button.click()


def test_a_search_follows_what_is_typed_and_text_stays_text(process: Any, tmp_path: Path) -> None:
    with chromium(tmp_path / "browser") as browser:
        open_page(browser, process)
        write(browser, "#question", "the dog sits")
        shown = wait_for(browser, "#search-answers", text="tiny1 (avg)")
        assert all(sentence in shown for sentence in SENTENCES)
        assert len(browser.find_elements("css selector", "#search-answers .hits li")) == 2 * len(SENTENCES)
        write(browser, "#question", HOSTILE[1])
        wait_for(browser, "#search-answers .hits li:first-child", text=f"1.000\n{HOSTILE[1]}")
        assert browser.find_elements("css selector", "#search-answers :is(img, script, svg, iframe, b)") == []
        assert browser.title == "sentcse: try an encoder"
        assert errors_of(browser) == []
        assert all(address.startswith(process[1]) for address in requests_of(browser))


def test_pasted_sentences_become_a_heat_map(process: Any, tmp_path: Path) -> None:
    with chromium(tmp_path / "browser") as browser:
        open_page(browser, process)
        tab(browser, "Compare")
        assert len(browser.find_elements("css selector", "#compare-answers td[class]")) == 2 * 25
        write(browser, "#pasted", "the dog sits\nthe dog sits\n<b>a man</b>")
        wait_for(browser, "#compare-answers ol", text="<b>a man</b>")
        cells = [each.text for each in browser.find_elements("css selector", "#compare-answers td[class]")]
        assert len(cells) == 18
        assert cells[:2] == ["1.00", "1.00"]
        write(browser, "#pasted", "")
        wait_for(browser, "#compare-answers", text="Paste two sentences or more")
        assert errors_of(browser) == []


def test_the_maps_are_shown_in_frames(process: Any, tmp_path: Path) -> None:
    with chromium(tmp_path / "browser") as browser:
        open_page(browser, process)
        tab(browser, "Map")
        frames = browser.find_elements("css selector", "iframe.map")
        assert len(frames) == 2
        browser.switch_to.frame(frames[1])
        assert "tiny1 (avg)" in wait_for(browser, "h1", text="Clusters by")
        assert browser.find_elements("css selector", "button[data-rank]")
        browser.switch_to.default_content()
        assert browser.title == "sentcse: try an encoder"
        assert errors_of(browser) == []


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (360, False)])
def test_nothing_overflows_and_axe_finds_nothing_serious(process: Any, tmp_path: Path, width: int, dark: bool) -> None:
    with chromium(tmp_path / "browser", width=width, dark=dark) as browser:
        open_page(browser, process)
        write(browser, "#question", "the dog sits")
        wait_for(browser, "#search-answers", text="tiny1 (avg)")
        for name in ("Search", "Compare", "Map"):
            tab(browser, name)
            # what moves has a colour between two
            browser.execute_script("for (const each of document.getAnimations()) each.finish()")
            assert browser.execute_script("return document.documentElement.scrollWidth") <= width
            assert accessibility_faults(browser) == []
        assert errors_of(browser) == []


def test_many_questions_at_a_time_in_bounded_memory(process: Any) -> None:
    """The second half of them must not take more; docs/demo.md has 1,000 by a real encoder."""
    import httpx

    running, address = process

    def asked(number: int) -> str:
        name, text = ("compare", f"a dog\na man {number}") if number % 4 == 0 else ("search", f"the dog runs {number}")
        with httpx.Client(base_url=address, timeout=120, trust_env=False) as client:
            return ask(client, name, text)

    with ThreadPoolExecutor(TOGETHER) as executor:
        answers = list(executor.map(asked, range(QUESTIONS)))
        before = memory_of(running.pid)
        answers += executor.map(asked, range(QUESTIONS))
    assert all(re.search("<li>|<td", answer) for answer in answers)
    assert memory_of(running.pid) - before < GROWTH


def test_it_ends_at_ctrl_c(process: Any) -> None:
    """The last of the file: the command is gone after it."""
    running, _ = process
    os.kill(running.pid, signal.SIGINT)
    assert running.wait(30) == 0
    assert running.stdout.read().strip().endswith("Ended.")
