"""A table in each of its forms: what is special to a form is escaped, and cells stand where they belong."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from sentcse.printing.tables import (
    Table,
    escape_latex,
    escape_markdown,
    plain_table,
    to_csv,
    to_latex,
    to_markdown,
    to_text,
)

TABLE = Table(
    columns=("method", "x|y", "score"),
    rows=((("simcse, path=a_b&c", "1", "70.00 ± 0.10"),), (("micse", "2", "\u2212 3"),)),
    align="lrr",
    name="some_name",
    title="A title with 95 % and a_b",
    notes=("A note.",),
    records=({"method": "simcse, b", "score": 70.123456789}, {"method": "micse", "score": None, "more": 1}),
)
LONG = replace(TABLE, rows=(tuple(("simcse", str(row), "1.00") for row in range(60)),))
SPECIAL = "\\{$}~^<#>&%_±\u2212\u2013…"


def test_text_is_aligned() -> None:
    table = plain_table(("a", "long"), [("1", "x"), ("222", "y")], "rl")
    assert to_text(table) == "  a  long\n  1  x\n222  y"
    assert to_text(table, rule=True).split("\n")[:2] == ["  a  long", "---------"]
    assert to_text(plain_table(("a", "b"), [], "lr")) == "a  b"


def test_markdown() -> None:
    assert to_markdown(TABLE) == (
        "A title with 95 % and a_b.\n\n"
        "| method | x\\|y | score |\n|---|---:|---:|\n"
        "| simcse, path=a_b&c | 1 | 70.00 ± 0.10 |\n| micse | 2 | \u2212 3 |\n\nA note."
    )


def test_markdown_keeps_a_cell_in_its_cell() -> None:
    assert to_markdown(plain_table(("a",), [("one|two\nthree",)], "l")) == "| a |\n|---|\n| one\\|two three |"


def test_latex_has_booktabs_rules_and_nothing_special_left() -> None:
    text = to_latex(TABLE)
    assert r"\caption{A title with 95 \% and a\_b. A note.}" in text
    assert r"\label{tab:some-name}" in text
    assert r"\begin{tabular}{lrr}" in text
    assert r"simcse, path=a\_b\&c & 1 & 70.00$_{\pm 0.10}$ \\" in text
    assert [text.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule")] == [1, 2, 1]


def test_latex_says_first_what_it_needs() -> None:
    assert to_latex(TABLE).startswith(r"% needs \usepackage{booktabs,adjustbox}")
    assert to_latex(LONG).startswith(r"% needs \usepackage{booktabs,longtable}")
    assert r"\begin{longtable}{lrr}" in to_latex(LONG)
    assert to_latex(LONG).count(r"\midrule") == 1


def test_every_special_character_of_latex() -> None:
    assert escape_latex(r"\{$}~^<#>") == (r"\textbackslash{}\{\$\}\textasciitilde{}\textasciicircum{}$<$\#$>$")


def test_latex_sets_it(tmp_path: Path) -> None:
    """With a real LaTeX: every form, every special character, and a table far wider than its column."""
    latex = shutil.which("pdflatex")
    if latex is None:
        pytest.skip("there is no pdflatex")
    wide = plain_table([f"STS{number}" for number in range(40)], [[SPECIAL] * 40], "r" * 40)
    tables = [TABLE, LONG, wide, replace(wide, title=f"Wide, {SPECIAL}", name="wide")]
    (tmp_path / "page.tex").write_text(
        "\\documentclass{article}\\usepackage{booktabs,longtable,adjustbox}\\begin{document}\n"
        + "\n\n".join(map(to_latex, tables))
        + "\n\\end{document}\n",
        encoding="utf-8",
    )
    command = [latex, "-interaction=nonstopmode", "-halt-on-error", "page.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout
    assert "Overfull" not in done.stdout


def test_csv_is_unrounded_and_takes_commas() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(TABLE))))
    assert rows == [
        {"method": "simcse, b", "score": "70.123456789", "more": ""},
        {"method": "micse", "score": "", "more": "1"},
    ]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("<script>a</script>", r"\<script>a\</script>"),
        ("![a [b]](http://b) [c]: d `c` *d* ~e~", r"![a [b]\](http://b) [c\]: d \`c\` \*d\* \~e\~"),
        ("_a_ ami_weight=0.1 &lt; a & b", r"\_a\_ ami_weight=0.1 \&lt; a & b"),
        ("a|b\\\n\x1b[2J", r"a\|b\\ \\x1b[2J"),
        ("p <0.001, 80.5 ± 0.1, +0.2 [0.1, 0.3]", r"p <0.001, 80.5 ± 0.1, +0.2 [0.1, 0.3]"),
    ],
)
def test_text_is_no_markup(text: str, written: str) -> None:
    assert escape_markdown(text) == written
    assert to_markdown(plain_table(("a",), [(text,)], "l")).splitlines()[-1] == f"| {written} |"


def test_what_is_marked_up_already_stays_in_its_cell() -> None:
    written = to_markdown(plain_table(("a",), [("`b` | `c`\n[d](e)",)], "l"), marked_up=True)
    assert written.splitlines()[-1] == r"| `b` \| `c` [d](e) |"


def test_a_terminal_obeys_no_cell() -> None:
    assert to_text(plain_table(("a",), [("b\x1b[2J\n\u202ec",)], "l")) == "a\nb\\x1b[2J\\n\\u202ec"
