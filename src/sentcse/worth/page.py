"""The answer as one HTML file that needs nothing beside it and no script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from sentcse.data.text_faults import KINDS
from sentcse.printing.html import render_template
from sentcse.printing.tables import Table
from sentcse.printing.wording import interval, number, p_value
from sentcse.studies.page import FILES as STUDY_FILES
from sentcse.sweeps.progress import in_unit
from sentcse.worth.findings import Findings, Tried
from sentcse.worth.scores import GENERAL, OWN, Change
from sentcse.worth.verdict import Verdict

FILES = Path(__file__).parent / "page_files"
BETTER, WORSE, NOT_TOLD = "better", "worse", "not told apart"
MARKS = {
    BETTER: {"kind": "good", "mark": "\u25b2"},
    WORSE: {"kind": "bad", "mark": "\u25bc"},
    NOT_TOLD: {"kind": "none", "mark": "\u2248"},
}
LEFT, WIDTH, ROW, TOP = 190, 720, 34, 14
"""Of the picture of intervals, in pixels."""
NAMES = ("method", "steps")
INTERVALS = "The interval is of the paired bootstrap over pairs; p is corrected for the number of runs (Holm)."
WITHOUT_LABELS = (
    "InfoNCE and alignment + uniformity are of two dropout views, lower is better; InfoNCE is what is trained. "
    "Agreement is Spearman x 100 of the cosines of these sentences before and after: 100 is no change."
)


@dataclass(frozen=True)
class Bar:
    """A run's difference in the picture: where its interval begins and ends and the difference lies, in pixels."""

    name: str
    y: int
    low: float
    high: float
    at: float
    words: str
    kind: str


@dataclass(frozen=True)
class Picture:
    """Differences to the start with their intervals, a line a run, and where no difference would be."""

    title: str
    bars: list[Bar]
    zero: float
    height: int


def render(
    findings: Findings,
    judged: Verdict,
    *,
    corpus: Sequence[str],
    cost: Sequence[str],
    unknown: Sequence[str],
    next_: tuple[str, str],
) -> str:
    """The whole page; all text of the corpus is escaped, and its policy forbids every request.

    `next_` is a heading and the command of a training, which may be empty.
    """
    name = Path(findings.corpus.name).name
    return render_template(
        "worth.html",
        FILES,
        STUDY_FILES,
        title=f"Is training on {name} worth it?",
        encoder=findings.encoder,
        verdict=judged,
        facts=_facts(findings),
        picture=picture(findings),
        scores=score_tables(findings),
        texts=corpus_table(findings),
        examples=_examples(findings),
        corpus=corpus,
        cost=cost,
        unknown=unknown,
        next_heading=next_[0],
        next=next_[1],
        command=findings.command,
        verdicts=MARKS,
        version=version("sentcse"),
        css=(STUDY_FILES / "page.css").read_text(encoding="utf-8"),
    )


def score_tables(findings: Findings) -> list[Table]:
    """A row for each run: on the user's pairs where there are any, on the general ones, and what needs no labels."""
    changed = ("score", "difference", "95 %", "p", "verdict")
    tables = []
    for what, pairs in ((OWN, findings.pairs), (GENERAL, findings.general_pairs)):
        changes = [each.outcome.own if what == OWN else each.outcome.general for each in findings.tried]
        rows = [
            (*_names(each), *_cells(change)) for each, change in zip(findings.tried, changes, strict=True) if change
        ]
        which = f"your {pairs or 0:,} pairs" if what == OWN else f"{pairs or 0:,} {what}"
        title = f"On {which}: Spearman x 100 before and after"
        tables += [Table((*NAMES, *changed), (tuple(rows),), "lrrrrrl", title=title)] if rows else []
    tables[-1] = replace(tables[-1], notes=(INTERVALS,))
    free = [
        (
            *_names(each),
            f"{each.outcome.info_nce.before:.2g} \u2192 {each.outcome.info_nce.after:.2g}",
            f"{number(each.outcome.shape[0])} \u2192 {number(each.outcome.shape[1])}",
            *(number(each.outcome.agreement, 1), in_unit(each.cost.seconds)),
        )
        for each in findings.tried
    ]
    columns = (*NAMES, "InfoNCE", "alignment + uniformity", "agreement", "time")
    held_out = len(findings.corpus.part.held_out)
    title = f"On {held_out:,} held-out sentences, without labels"
    return [*tables, Table(columns, (tuple(free),), "lrrrrr", title=title, notes=(WITHOUT_LABELS,))]


def corpus_table(findings: Findings) -> Table:
    """What was counted in the corpus."""
    report, faults, part = findings.corpus.report, findings.corpus.faults, findings.corpus.part
    texts = report.rows * report.columns
    rows = [
        ("rows that can be trained on", f"{report.rows:,}", ""),
        ("repeated token by token", *_share(report.rows - part.rows, report.rows)),
        ("near-duplicates among those compared", *_share(findings.near.sentences, findings.near.of)),
        (f"longer than {findings.max_length} tokens, cut", *_share(report.overlong, texts)),
        ("blank rows, left out", f"{report.blank:,}", ""),
        ("unknown tokens", "", f"{report.unknown:.2%}"),
        *((kind, *_share(faults.counts[kind], faults.texts)) for kind in KINDS),
        *((f"script: {script}", *_share(number_, faults.texts)) for script, number_ in faults.scripts.most_common(5)),
        *((f"test sentences of {leak.test}", *_share(leak.found, leak.sentences)) for leak in findings.corpus.leaks),
    ]
    return Table(("what", "how many", "share"), (tuple(rows),), "lrr", title="The whole corpus")


def picture(findings: Findings) -> Picture:
    """The differences on the user's pairs, or on the general ones where there are no others."""
    own = findings.pairs is not None
    known: list[tuple[str, Change]] = []
    for each in findings.tried:
        change = each.outcome.own if own else each.outcome.general
        if change is not None and change.low == change.low:
            known.append((each.trial.name, change))
    ends = [0.0, *(end for _, change in known for end in (change.low, change.high))]
    least, most = min(ends), max(ends)
    scale = (WIDTH - LEFT - 150) / max(most - least, 1e-9)

    def place(value: float) -> float:
        return round(LEFT + (value - least) * scale, 1)

    bars = [
        Bar(
            name,
            TOP + ROW * row + ROW // 2,
            *(place(change.low), place(change.high), place(change.difference)),
            f"{number(change.difference, sign=True)} {interval(change.low, change.high)}",
            MARKS[judgement(change)]["kind"],
        )
        for row, (name, change) in enumerate(known)
    ]
    what = OWN if own else GENERAL
    return Picture(f"Points gained or lost on {what}", bars, place(0), 2 * TOP + ROW * len(bars))


def judgement(change: Change) -> str:
    """Better, worse or not told apart."""
    if not change.told:
        return NOT_TOLD
    return BETTER if change.difference > 0 else WORSE


def _names(tried: Tried) -> tuple[str, str]:
    return tried.trial.method, f"{tried.trial.steps:,}"


def _cells(change: Change) -> tuple[str, ...]:
    moved = f"{number(change.before)} \u2192 {number(change.after)}"
    told = (number(change.difference, sign=True), interval(change.low, change.high), p_value(change.p_holm))
    return (moved, *told, judgement(change))


def _share(some: int, of: int) -> tuple[str, str]:
    return f"{some:,}", f"{some / max(1, of):.2%}"


def _facts(findings: Findings) -> list[tuple[str, str]]:
    part = findings.corpus.part
    return [
        ("different sentences", f"{part.rows:,}"),
        ("trained on", f"{part.size:,}"),
        ("held out", f"{len(part.held_out):,}"),
        ("runs", f"{len(findings.tried)}"),
        ("your pairs", "none" if findings.pairs is None else f"{findings.pairs:,}"),
    ]


def _examples(findings: Findings) -> list[tuple[str, str]]:
    faults = findings.corpus.faults
    found = [(kind, faults.examples[kind]) for kind in KINDS if kind in faults.examples]
    return [*found, *(("near-duplicates", f"{one}  |  {other}") for one, other in findings.near.examples)]
