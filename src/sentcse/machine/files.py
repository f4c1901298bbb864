"""Files and folders that are written whole or not at all, and JSON that is read back."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from sentcse.errors import SentcseError


def _first_line(error: BaseException) -> str:
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file; raises SentcseError where it is damaged."""
    try:
        return cast("dict[str, Any]", json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise SentcseError(f"{path} cannot be read as JSON: {_first_line(error)}") from error


def write_whole(text: str, path: Path) -> None:
    """Write a text file, whole or not at all; the folder is made.

    Raises:
        SentcseError: if it cannot be written.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, path)
    except OSError as error:
        raise SentcseError(
            f"{path} cannot be written ({error.strerror}): name a folder that can be written to."
        ) from error


def write_atomically(path: Path, text: str) -> None:
    """Write a whole file or nothing."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)


@contextmanager
def replaced_as_a_whole(target: Path, *, kind: str, marker: str) -> Iterator[Path]:
    """A folder beside the target to write in; takes the target's place at the end, vanishes after a fault.

    Two names change at the end, so that a crash just between them leaves no target: then the new folder lies complete
    in `.NAME.partial` and the old one in `.NAME.replaced`. Never is there half a folder under the target's name.

    Args:
        target: absolute path of the folder.
        kind: what is exported, for a message.
        marker: the file by which an older export of the same kind is known, which alone is replaced.

    Raises:
        SentcseError: if the target is something else, or cannot be written.
    """
    _check_replaceable(target, kind, marker)
    partial, replaced = (target.with_name(f".{target.name}.{state}") for state in ("partial", "replaced"))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        yield partial
        if target.exists():
            shutil.rmtree(replaced, ignore_errors=True)
            os.replace(target, replaced)
        os.replace(partial, target)
        shutil.rmtree(replaced, ignore_errors=True)
    except OSError as error:
        raise SentcseError(f"{target} cannot be written: {error}.") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        if not target.exists() and replaced.exists():
            os.replace(replaced, target)


def _check_replaceable(target: Path, kind: str, marker: str) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise SentcseError(f"{target} is a file: name a folder to export to.")
    if any(target.iterdir()) and not (target / marker).is_file():
        raise SentcseError(
            f"{target} holds something else than an exported {kind} ({marker} is missing), which would be lost: "
            "name a new folder."
        )


def write_json(path: Path, content: Any) -> None:
    """Write JSON that is the same for the same content."""
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
