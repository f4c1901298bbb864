"""Command: say whether it is worth to train an encoder on a corpus, with which method, how long, at what price.

python -m sentcse.worth data.path=mine.txt encoder=MODEL pairs=pairs.tsv
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sentcse.command.composed import announce_loading
from sentcse.command.plain import run_plain_command
from sentcse.config.worth import WorthConfig

if TYPE_CHECKING:
    from sentcse.worth.findings import Findings

PAGE_FILE, RECORD = "index.html", "worth.json"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    return run_plain_command(worth_job, "worth", WorthConfig, split_settings(words))


def split_settings(words: Sequence[str]) -> list[str]:
    """The command's own settings, and under `overrides` all other words, which are settings of the runs."""
    own = {key for key in WorthConfig.model_fields if key != "overrides"}
    mine = [word for word in words if word.partition("=")[0] in own or word in ("-h", "--help")]
    others = [word for word in words if word not in mine]
    # as JSON, since a setting may hold what a list is divided by
    return [*mine, *([f"overrides={json.dumps(others, ensure_ascii=False)}"] if others else [])]


def worth_job(config: WorthConfig) -> None:
    """Look at the corpus, train on a part, compare, say what it means.

    Raises:
        SentcseError: if the corpus, the pairs or a model cannot be had, or a folder cannot be written to.
    """
    from sentcse.machine.files import writing
    from sentcse.printing.html import require
    from sentcse.worth.plan import plan

    require("jinja2")
    plan(config)  # every fault of a setting before anything is loaded
    with writing(Path(config.output), "name another folder, output=DIR"):
        Path(config.output).mkdir(parents=True, exist_ok=True)
    announce_loading()
    from sentcse.worth.inquiry import find_out

    conclude(find_out(config, command=_command(config)), config)


def conclude(findings: Findings, config: WorthConfig) -> None:
    """Write the page and the record, print the same words."""
    from sentcse.machine.files import write_json, write_text, writing
    from sentcse.worth.page import render
    from sentcse.worth.verdict import verdict
    from sentcse.worth.words import next_command, not_known, of_the_corpus, of_the_cost, over_the_command

    judged, output = verdict(findings), Path(config.output)
    corpus, cost = list(of_the_corpus(findings)), list(of_the_cost(findings, judged))
    unknown = list(not_known(findings))
    following = "" if judged.choice is None else next_command(findings, judged.choice, config.overrides)
    next_ = (over_the_command(findings, judged), following)
    with writing(output, "name another folder, output=DIR"):
        page = render(findings, judged, corpus=corpus, cost=cost, unknown=unknown, next_=next_)
        write_text(output / PAGE_FILE, page)
        said = {"verdict": judged.kind, "headline": judged.headline, "reasons": judged.reasons}
        write_json(output / RECORD, {**said, **findings.as_dict()}, allow_nan=False)
    parts = {"The text": corpus, "What it takes": cost, "What is not known from this": unknown}
    print(told(judged.headline, judged.reasons, parts, next_))
    print(f"\nWritten to {config.output}: {PAGE_FILE} to begin with")


def told(headline: str, reasons: Sequence[str], parts: dict[str, list[str]], next_: tuple[str, str]) -> str:
    """The words of the page for the terminal."""
    from sentcse.printing.wording import printable

    lines = ["", headline, *(f"- {line}" for line in reasons)]
    for title, sentences in parts.items():
        lines += ["", title, *(f"- {line}" for line in sentences or ["Nothing stands out."])]
    return "\n".join(map(printable, [*lines, *(["", *next_] if next_[1] else [])]))


def _command(config: WorthConfig) -> str:
    from sentcse.studies.study_run import setting_text

    given = config.model_dump(exclude={"overrides"}, exclude_defaults=True)
    own = [f"{key}={setting_text(value)}" for key, value in given.items()]
    return " ".join(["python -m sentcse.worth", *map(shlex.quote, [*own, *config.overrides])])


if __name__ == "__main__":
    sys.exit(main())
