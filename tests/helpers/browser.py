"""A headless Chromium for tests of pages; tests skip where there is none."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DEAD_PROXY = "--proxy-server=127.0.0.1:9"
"""Whatever asks for an address outside gets an error, which the browser's log then has."""


@contextmanager
def chromium(folder: Path, *, width: int = 1280, height: int = 900, dark: bool = False) -> Iterator[Chrome]:
    """A browser whose logs begin empty; skips the test where Chromium or its driver is missing.

    Args:
        folder: empty, for the browser's own files.
        width: of the page, in CSS pixels; below 600 a phone.
        height: of the page.
        dark: whether the reader prefers a dark page.
    """
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed: pip install -e '.[dev]'")
    from selenium.webdriver.chrome.service import Service

    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.skip("there is no Chromium with its driver: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in (*FLAGS, DEAD_PROXY, f"--user-data-dir={folder}", f"--window-size={max(width, 500)},{height}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = webdriver.Chrome(options=options, service=Service(driver))
    try:
        screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        if dark:
            scheme = [{"name": "prefers-color-scheme", "value": "dark"}]
            browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})
        browser.get("about:blank")
        for kind in ("browser", "performance"):
            browser.get_log(kind)
        browser.set_script_timeout(120)
        yield browser
    finally:
        browser.quit()


def requests_of(browser: Chrome) -> list[str]:
    """Every address that was asked for since the last call, data inside the page left out."""
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [each["params"]["request"]["url"] for each in messages if each["method"] == "Network.requestWillBeSent"]
    return [address for address in asked if not address.startswith(("data:", "blob:"))]


def errors_of(browser: Chrome) -> list[str]:
    """Every line of the browser's console since the last call."""
    return [entry["message"] for entry in browser.get_log("browser")]


def accessibility_faults(browser: Chrome) -> list[str]:
    """What axe finds on the page as it stands, serious or critical, one line each."""
    axe = pytest.importorskip("axe_core_python.selenium", reason="axe-core-python is not installed").Axe()
    found: list[dict[str, Any]] = axe.run(browser)["violations"]
    return [
        f"{each['id']} ({each['impact']}): {node['html'][:200]}"
        for each in found
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


def save_picture(browser: Chrome, path: Path) -> None:
    """The whole page as a PNG."""
    size = browser.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
    area = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
    taken = browser.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": area})
    path.write_bytes(base64.b64decode(taken["data"]))
