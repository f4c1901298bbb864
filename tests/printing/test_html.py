"""Templates with their text escaped, and what is said where a page cannot be made."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from sentcse.errors import SentcseError
from sentcse.printing.html import render_template, require


def test_text_is_escaped_and_the_first_folder_wins(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "page.html").write_text(f"{name}: {{{{ text }}}}")
    folders = [tmp_path / "first", tmp_path / "second"]
    assert render_template("page.html", *folders, text="<b>") == "first: &lt;b&gt;"
    with pytest.raises(UndefinedError):
        render_template("page.html", *folders)


def test_a_missing_package_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    require("jinja2")
    monkeypatch.setitem(sys.modules, "plotly", None)
    needed = r"^The page needs plotly, which is not installed: pip install 'sentcse\[analysis\]'"
    with pytest.raises(SentcseError, match=rf"{needed}\.$"):
        require("jinja2", "plotly")
    with pytest.raises(SentcseError, match=rf"{needed}, or set page=false\.$"):
        require("plotly", otherwise="set page=false")
