"""The inputs of docs/reliability.md: read from tests/flows/reliability/, given to the commands in this process."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import re
import shlex
import shutil
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from unittest import mock

import yaml
from damage import damage
from hydra.core.global_hydra import GlobalHydra
from usual_files import TRAIN

FOLDER = Path(__file__).parents[1] / "flows" / "reliability"
UNFINISHED = (".partial", ".building", ".replaced", ".deleted", ".damaged")
"""What ends the name of a file or folder that is being written."""
ALWAYS = ("runs", "sentences.txt", "pairs.tsv")
SEARCHED = ("index", "export")
NO_NETWORK = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
LONGEST = 300
"""Characters of a sentence in the table."""


@dataclass(frozen=True)
class Case:
    """An input, and what is expected of it.

    Attributes:
        group: heading of the table that it stands in.
        command: the module below `sentcse`.
        given: what is given, in words.
        do: lines of `damage`, carried out in a copy of the usual files.
        words: of the command line.
        code: the exit code.
        says: a piece of what is printed.
        faults: lines that begin with `error: `.
    """

    group: str
    command: str
    given: str
    do: tuple[str, ...]
    words: tuple[str, ...]
    code: int
    says: str
    faults: int

    @property
    def line(self) -> str:
        """The words as they are typed."""
        return shlex.join(self.words)


@dataclass(frozen=True)
class Outcome:
    """What a command did: its exit code, what it printed, and the traceback if one came out of it."""

    code: int
    out: str
    err: str
    defect: str
    left: tuple[str, ...]

    @property
    def faults(self) -> list[str]:
        """The sentences of the faults."""
        return [line for line in self.err.splitlines() if line.startswith("error: ")]

    def shown(self, says: str) -> str:
        """The line that matters, for the table."""
        lines = self.faults if self.faults else [line for line in (self.out + self.err).splitlines() if says in line]
        text = re.sub(r"/\S*/site-packages", "/site-packages", lines[0] if lines else "")
        return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."


def cases() -> list[Case]:
    """Every case, in the order of the files and of their rows."""
    return [case for path in sorted(FOLDER.glob("*.yaml")) for case in _cases(path)]


def _cases(path: Path) -> Iterator[Case]:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    for row in content["rows"]:
        unknown = row.keys() - {"given", "do", "words", "code", "says", "faults", "bare"}
        if unknown:
            raise ValueError(f"{path.name}: row must not have {sorted(unknown)}, got {row}")
        do = row.get("do", [])
        common = "" if row.get("bare", False) else content.get("words", "")
        yield Case(
            content["title"],
            content["command"],
            row["given"],
            (do,) if isinstance(do, str) else tuple(do),
            tuple(_words(f"{common} {row.get('words', '')}")),
            row.get("code", 1),
            row.get("says", ""),
            row.get("faults", 0 if row.get("code", 1) == 0 else 1),
        )


def _words(line: str) -> Iterator[str]:
    for word in shlex.split(line):
        yield from TRAIN if word == "TRAIN" else (word,)


def carry_out(case: Case, usual: Path, place: Path) -> Outcome:
    """Give a case to its command.

    Args:
        case: what is given.
        usual: the folder of `usual_files`.
        place: a folder that is not there yet; a copy of the usual files, in which the command works.
    """
    shutil.copytree(usual, place, ignore=lambda folder, names: _unused(case, names) if Path(folder) == usual else ())
    with contextlib.chdir(place) if sys.version_info >= (3, 11) else inside(place):
        for line in case.do:
            damage(line)
        outcome = call(case.command, case.words)
    plain = [text.replace(str(place.resolve()), "").replace(str(place), "") for text in (outcome.out, outcome.err)]
    left = [path.name for path in place.rglob(".*") if path.name.endswith(UNFINISHED)]
    return Outcome(outcome.code, *plain, outcome.defect, tuple(left))


def _unused(case: Case, names: list[str]) -> set[str]:
    """The files that a case does not name: copying all of them takes longer than most commands."""
    text = " ".join([*ALWAYS, *case.do, *case.words, *(SEARCHED if case.command == "search" else ())])
    return {name for name in names if name not in text and not (name == "senteval" and "data_root=." in text)}


def call(command: str, words: tuple[str, ...]) -> Outcome:
    """`python -m sentcse.COMMAND WORDS` in this process and the current folder."""
    out, err, defect = io.StringIO(), io.StringIO(), ""
    handler = logging.StreamHandler(out)
    logger = logging.getLogger("sentcse")
    level = logger.level
    GlobalHydra.instance().clear()
    with (
        mock.patch.dict(os.environ, NO_NETWORK),
        mock.patch.object(sys, "argv", [f"sentcse-{command}", *words]),
        mock.patch.object(sys, "path", ["", *sys.path]),  # as python -m has it
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        try:
            code = import_module(f"sentcse.{command}").main()
        except SystemExit as ended:
            code = ended.code
        except BaseException:
            code, defect = -1, traceback.format_exc()
        finally:
            logger.removeHandler(handler)
            logger.setLevel(level)
    return Outcome(int(code or 0), _plain(out.getvalue()), _plain(err.getvalue()), defect, ())


def _plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@contextlib.contextmanager
def inside(place: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(place)
    try:
        yield
    finally:
        os.chdir(before)
