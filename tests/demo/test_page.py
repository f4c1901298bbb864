from __future__ import annotations

import re

import pytest
from demo_parts import HOSTILE, SENTENCES, make_answers

pytest.importorskip("gradio", reason="gradio is not installed: pip install -e '.[demo]'")

from sentcse.demo.answers import SHADES
from sentcse.demo.page import SESSIONS, WAITING, appearance, build_page


def test_the_page_has_its_parts_and_asks_nobody() -> None:
    page = build_page(make_answers(2), ["one", "<b>two</b>"], SENTENCES, ["/map/0", None])
    settings = page.get_config_file()
    assert settings["analytics_enabled"] is False
    texts = [str(each["props"].get("value", "")) for each in settings["components"]]
    assert any("8 sentences; one and &lt;b&gt;two&lt;/b&gt;." in text for text in texts)
    assert any('<iframe class="map" src="/map/0"' in text for text in texts)
    assert any("There is no map of &lt;b&gt;two" in text for text in texts)
    assert {each["api_name"] for each in settings["dependencies"]} == {"search", "compare"}
    assert [each["props"].get("label") for each in settings["components"] if each["type"] == "tabitem"] == [
        "Search",
        "Compare",
        "Map",
    ]
    html = [str(each["props"]["value"]) for each in settings["components"] if each["type"] == "html"]
    assert len(html) == 5
    assert not [text for text in html for sentence in HOSTILE if sentence in text]


def test_what_waits_is_bounded() -> None:
    page = build_page(make_answers(), ["one"], SENTENCES, [None])
    assert page._queue.max_size == WAITING
    assert page.state_session_capacity == SESSIONS
    assert page.api_open is False
    assert page._queue.ANALYTICS_MAX_EVENTS == 1


def test_letters_and_colours_come_from_this_machine() -> None:
    look = appearance()
    rules = re.findall(r"shade-(\d+) \{ background: rgb\((\d+) (\d+) (\d+)\); color: (#\w+)", look["css"])
    assert [int(rule[0]) for rule in rules] == list(range(SHADES + 1))
    for _, *background, ink in rules:
        light, dark = sorted((luminance([int(each) for each in background]), luminance(bytes.fromhex(ink[1:]))))[::-1]
        assert (light + 0.05) / (dark + 0.05) >= 4.5
    assert "http" not in look["css"]
    assert re.findall(r"url\((?![\"']?data:)|@import", look["theme"]._get_theme_css()) == []
    assert look["theme"]._stylesheets == []


def luminance(colour: list[int] | bytes) -> float:
    """WCAG 2, relative luminance."""
    parts = [each / 255 for each in colour]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
