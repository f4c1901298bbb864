"""The summary: what stands in it, in which order, and that nothing of a run becomes markup."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest
from made_runs import Made, grid, make_run, make_unfinished

from sentcse.printing.tables import to_markdown
from sentcse.studies.part_report import report_part
from sentcse.studies.study import Study, lead
from sentcse.studies.summary import CAPTIONS, SHOWN, render_summary

StudyOf = Callable[[Iterable[Made]], Study]


def text_of(study: Study, *, pictures: Mapping[str, Path] | None = None, commands: Iterable[str] = ("python",)) -> str:
    reports = [report_part(part) for part in study.parts]
    files = [{} if pictures is None else pictures] * len(reports)
    return render_summary(study, reports, title="A title", pictures=files, commands=list(commands))


def headings(text: str) -> list[str]:
    return re.findall(r"(?m)^(#+ .*)$", text)


def test_sections_in_their_order(study_of: StudyOf, tmp_path: Path) -> None:
    make_unfinished(tmp_path, Made(seed=50))
    text = text_of(study := study_of(grid(("simcse", "micse"), (64,), (48, 49))))
    assert headings(text) == [
        "# A title",
        "## What is told apart",
        "## What is missing or uneven",
        "## Figures",
        "## Tables",
        "## Commands",
    ]
    assert text.splitlines()[2] == lead(study)
    report = report_part(study.parts[0])
    for sentence in (*report.findings, *report.other_findings, *report.gaps):
        assert text.count(sentence[:20]) >= 1
    for name in SHOWN:
        assert to_markdown(report.tables[name]) in text
    assert report.tables["geometry"].title not in text  # that is a file of its own


def test_what_there_is_nothing_of_has_no_section(study_of: StudyOf) -> None:
    assert headings(text_of(study_of([Made(), Made(seed=49)]))) == [
        "# A title",
        "## Figures",
        "## Tables",
        "## Commands",
    ]


def test_budgets_have_sections_of_their_own(study_of: StudyOf) -> None:
    found = headings(text_of(study_of([Made(), Made(seed=49), Made(steps=None), Made(seed=49, steps=None)])))
    of_a_part = ["### Figures", "### Tables"]
    assert found == ["# A title", "## Budget: 100 steps", *of_a_part, "## Budget: 1 epoch", *of_a_part, "## Commands"]


def test_notes_come_last(study_of: StudyOf, tmp_path: Path) -> None:
    again = make_run(tmp_path, Made(tests=("stsb",)))
    text = text_of(study_of([Made()]))
    assert text.endswith(" it counts once.\n")
    notes = text.partition("## Notes")[2]
    assert again.name.replace("_", "") in notes.replace("\\", "").replace("_", "")


@pytest.mark.parametrize("name", ["low_shot-stsb_test", "learning_curves", "differences-sts_avg_test"])
def test_a_picture_has_the_caption_of_its_kind(study_of: StudyOf, name: str) -> None:
    text = text_of(study_of([Made()]), pictures={name: Path("figures") / f"{name}.png"})
    assert f"![{CAPTIONS[name.partition('-')[0]]}](figures/{name}.png)" in text


@pytest.mark.parametrize(("ticks", "fence"), [("", "```"), ("``", "```"), ("```", "````"), ("`````", "``````")])
def test_no_command_ends_its_block(study_of: StudyOf, ticks: str, fence: str) -> None:
    command = f"python -m sentcse.report 'title={ticks}a'"
    assert f"\n{fence}bash\npython\n{command}\n{fence}\n" in text_of(study_of([Made()]), commands=["python", command])


def test_text_of_runs_is_no_markup(study_of: StudyOf, tmp_path: Path) -> None:
    make_unfinished(tmp_path, Made(seed=49), reason="*bold* <b>x</b> [a](b)\n# a heading")
    text = text_of(study_of([Made()]))
    assert r"\*bold\* \<b>x\</b> [a\](b)" in text
    assert "# a heading" not in headings(text)
