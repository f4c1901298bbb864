"""What every evaluation file must be, and what a copy of it is: the scores are as good as these files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

from sentcse.config.section import Level
from sentcse.config.tasks import download_command
from sentcse.errors import DataError

State = Literal["ok", "missing", "rows", "line ends", "text", "bytes"]
"""What is wrong: nothing, no file, the number of rows, CRLF for LF, spaces or punctuation or capitals, content."""
TOLERATED: dict[Level, tuple[State, ...]] = {
    "exact": ("ok",),
    "text": ("ok", "line ends", "text"),
    # not another number of rows: sentences would be compared with the scores of others
    "none": ("ok", "line ends", "text", "bytes"),
}
_TEXT, _NONE = (f"verify={level} (in training evaluation.verify={level})" for level in ("text", "none"))
_NOT_TEXT = re.compile(r"[^\w\t\n.]|_|(?<!\d)\.|\.(?!\d)")
"""All but letters, digits, the point within a number, tabs and line feeds."""


@dataclass(frozen=True)
class EvaluationFile:
    """An evaluation file as it was scored when the project's figures were checked.

    Attributes:
        path: below `senteval/`.
        header: lines before the first row.
        rows: lines after them.
        size: bytes.
        sha256: of the bytes.
        text: first 16 digits of the SHA-256 of letters and numbers alone, in lower case, by column and line: no
            tokeniser and no casing changes it.
    """

    path: str
    header: int
    rows: int
    size: int
    sha256: str
    text: str


@dataclass(frozen=True)
class FileCheck:
    """What a copy of an evaluation file is.

    Attributes:
        file: what it must be.
        state: what is wrong with it.
        rows: rows found.
        sha256: of the bytes found; empty if there are none.
    """

    file: EvaluationFile
    state: State
    rows: int
    sha256: str


Manifest = Mapping[str, EvaluationFile]


@cache
def load_manifest() -> Manifest:
    """Every evaluation file by its path below `senteval/`, out of `manifest.tsv` beside this module."""
    lines = (files("sentcse.data.fetching") / "manifest.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines[1:]]
    return {row[0]: EvaluationFile(row[0], int(row[1]), int(row[2]), int(row[3]), row[4], row[5]) for row in rows}


def manifest_entry(path: str, content: bytes, *, header: int = 0) -> EvaluationFile:
    """The manifest's entry of a file.

    Args:
        path: below `senteval/`.
        content: the file's bytes.
        header: lines before the first row.
    """
    return EvaluationFile(path, header, _rows(content, header), len(content), _sha256(content), _text_digest(content))


def check_file(senteval: Path, file: EvaluationFile) -> FileCheck:
    """Compare a copy with what it must be.

    Args:
        senteval: the folder that holds the copy.
        file: what it must be.

    Raises:
        DataError: if it is there and cannot be read.
    """
    path = senteval / file.path
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return FileCheck(file, "missing", 0, "")
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from None
    found, rows = _sha256(content), _rows(content, file.header)
    return FileCheck(file, "ok" if found == file.sha256 else _difference(content, rows, file), rows, found)


def check_files(
    senteval: Path, paths: Iterable[str], *, level: Level = "exact", manifest: Manifest | None = None
) -> tuple[FileCheck, ...]:
    """Refuse files that are not what they must be.

    Args:
        senteval: the folder that holds them.
        paths: below it; each must be in the manifest.
        level: how much must be right.
        manifest: what they must be; None for the published files.

    Returns:
        The checks of the files that differ in what `level` lets pass.

    Raises:
        DataError: one sentence a line for every file that is refused.
    """
    known = load_manifest() if manifest is None else manifest
    checks = [check_file(senteval, known[path]) for path in dict.fromkeys(paths)]
    faults = [explain(check, senteval) for check in checks if check.state not in TOLERATED[level]]
    if len(faults) > 0:
        raise DataError("\n".join(faults))
    return tuple(check for check in checks if check.state != "ok")


def explain(check: FileCheck, senteval: Path) -> str:
    """One sentence that names the file, says what is wrong with it and what to do."""
    path, file = senteval / check.file.path, check.file
    again = f"fetch it with `{download_command([file.path])}`"
    if check.state == "missing":
        return f"{path} is missing: {again}, or set SENTCSE_DATA to a folder that holds senteval/."
    if check.state == "rows":
        return f"{path}: expected {file.rows} rows, got {check.rows}; it is not the published file: {again}."
    if check.state == "line ends":
        return (
            f"{path} has other line ends (CRLF for LF, or LF for CRLF) than the published file and is the same "
            f"otherwise: {again}, or score it as it is with {_TEXT}."
        )
    if check.state == "text":
        return (
            f"{path} has the published words, but other spaces, punctuation or capitals (damage, or another version "
            f"of SentEval's preprocessing), which can change scores: {again}, or score it as it is with {_TEXT}."
        )
    return (
        f"{path} has {check.rows} rows as published, but other content (SHA-256 {check.sha256[:12]}..., expected "
        f"{file.sha256[:12]}...): it is damaged or was changed: {again}, or score it at your own risk with {_NONE}."
    )


def warn_of(differing: Sequence[FileCheck]) -> str:
    """One sentence for files that were let pass though they differ from the published ones."""
    shown = ", ".join(f"{check.file.path} ({check.state})" for check in differing[:3])
    more = f" and {len(differing) - 3} more" if len(differing) > 3 else ""
    return (
        f"{len(differing)} evaluation files are not the published ones: {shown}{more}; scores on them may not compare "
        "with others."
    )


def states_by_path(checks: Sequence[FileCheck]) -> dict[str, str]:
    """Path and state of files that differ from the published ones, for `results.json`."""
    return {check.file.path: check.state for check in checks}


def _difference(content: bytes, rows: int, file: EvaluationFile) -> State:
    if rows != file.rows:
        return "rows"
    with_lf = content.replace(b"\r\n", b"\n")
    if file.sha256 in (_sha256(with_lf), _sha256(with_lf.replace(b"\n", b"\r\n"))):
        return "line ends"
    return "text" if _text_digest(content) == file.text else "bytes"


def _rows(content: bytes, header: int) -> int:
    # the last line may lack its line feed
    return content.count(b"\n") + (len(content) > 0 and not content.endswith(b"\n")) - header


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _text_digest(content: bytes) -> str:
    text = content.decode("utf-8", "surrogateescape").casefold().removesuffix("\n")
    return _sha256(_NOT_TEXT.sub("", text).encode("utf-8"))[:16]
