"""Write the tables of docs/reliability.md by doing what stands in them.

python docs/reliability.py             the inputs, as tests/flows/test_reliability.py gives them
python docs/reliability.py faults      the faults, as tests/flows/test_faults.py does them: takes minutes
python docs/reliability.py soak 1800   a training of so many seconds that is watched

What stands outside the marks in the page is written by hand and kept.
"""

from __future__ import annotations

import argparse
import logging
import os
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "helpers"))
os.environ.update({"HF_HUB_OFFLINE": "1", "WANDB_MODE": "offline", "TOKENIZERS_PARALLELISM": "false"})
os.environ.pop("SENTCSE_DATA", None)

from reliability import Case, Outcome, carry_out, cases  # noqa: E402
from usual_files import make_usual_files  # noqa: E402

from sentcse.printing.tables import escape_markdown, plain_table, to_markdown  # noqa: E402

PAGE = Path(__file__).with_name("reliability.md")


def main(arguments: Sequence[str] | None = None, page: Path = PAGE) -> int:
    """Do one part and write its table; returns the exit code."""
    parser = argparse.ArgumentParser(description="Write the tables of docs/reliability.md.")
    parser.add_argument("part", nargs="?", default="inputs", choices=["inputs", "faults", "soak"])
    parser.add_argument("seconds", nargs="?", type=float, default=30.0, help="of a soak")
    given = parser.parse_args(arguments)
    parts: dict[str, Callable[[], str]] = {
        "inputs": inputs,
        "faults": faults,
        "soak": lambda: soaked(given.seconds),
    }
    made = parts[given.part]()
    page.write_text(with_part(page.read_text(encoding="utf-8"), given.part, made), encoding="utf-8")
    print(f"wrote {page}")
    return 0


def with_part(page: str, part: str, made: str) -> str:
    """The page with what stands between the marks of a part made anew.

    Raises:
        ValueError: if the page has no such marks.
    """
    marks = [f"<!-- {part} -->", f"<!-- end of {part} -->"]
    found = re.compile(f"({marks[0]}).*({marks[1]})", re.DOTALL)
    if found.search(page) is None:
        raise ValueError(f"page must hold {marks[0]} and {marks[1]}, got neither")
    return found.sub(lambda match: f"{match[1]}\n\n{made}\n\n{match[2]}", page)


def inputs() -> str:
    """Give every input to its command; returns a table for each group.

    Raises:
        ValueError: if one gets another answer than is expected.
    """
    logging.getLogger().addHandler(logging.NullHandler())  # else a command would have the log printed
    everything = cases()
    lines = [f"{len(everything)} inputs; files that are named are those of `tests/helpers/usual_files.py`."]
    with TemporaryDirectory() as folder:
        usual = make_usual_files(Path(folder, "usual"))
        for group, members in groupby(everything, key=lambda case: case.group):
            rows = []
            for number, case in enumerate(members):
                place = Path(folder, f"{group} {number}")
                rows.append(_row(case, carry_out(case, usual, place)))
                shutil.rmtree(place)
            table = to_markdown(plain_table(("input", "what is printed", "exit code"), rows, "llr"), marked_up=True)
            lines.append(f"### {group}\n\n`python -m sentcse.{case.command.removesuffix('.__main__')}`\n\n{table}")
    return "\n\n".join(lines)


def _row(case: Case, outcome: Outcome) -> tuple[str, str, str]:
    if outcome.defect or outcome.code != case.code or case.says not in outcome.out + outcome.err:
        raise ValueError(f"{case.given} must say {case.says!r}, got {outcome}")
    return escape_markdown(case.given), escape_markdown(outcome.shown(case.says)), str(outcome.code)


def faults() -> str:
    """Do every fault; returns the table."""
    from bench import Bench
    from faults import every_fault
    from forking import server

    with TemporaryDirectory() as folder, server(Path(folder, "logs")) as running:
        rows = [tuple(map(escape_markdown, fault.row())) for fault in every_fault(Bench(Path(folder), running))]
    return to_markdown(plain_table(("fault", "times", "what came of it"), rows, "lrl"), marked_up=True)


def soaked(seconds: float) -> str:
    """Train for so long; returns the table."""
    from soak import soak

    with TemporaryDirectory() as folder:
        found = soak(Path(folder), seconds)
    table = plain_table(("what", "most in the third quarter", "in the fourth", "allowed"), found.table(), "lrrr")
    return f"{found.seconds:,.0f} seconds, {found.steps:,} steps.\n\n{to_markdown(table)}"


if __name__ == "__main__":
    sys.exit(main())
