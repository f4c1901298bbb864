"""Files and folders that are written whole or not at all, and JSON that is read back."""

from __future__ import annotations

import errno
import glob
import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sentcse.errors import SentcseError

ABANDONED_SECONDS = 24 * 3600
DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)
OS_ERROR = re.compile(r"(?:\(os error |\bOs \{ code: )(\d+)")
LONGEST_REASON = 300
"""Characters of another library's words that a sentence takes over."""


def read_json(path: Path, *, keys: tuple[str, ...] = ()) -> dict[str, Any]:
    """The JSON object in a file.

    Args:
        path: the file.
        keys: that the object must have.

    Raises:
        SentcseError: if the file cannot be read, is no JSON, no object, or lacks a key.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SentcseError(f"{path} cannot be read as JSON: {first_line(error)}") from error
    except RecursionError:
        raise SentcseError(f"{path} cannot be read as JSON: it is nested too deep.") from None
    if not isinstance(content, dict):
        raise SentcseError(f"{path} cannot be read as JSON: expected an object, got {type(content).__name__}.")
    missing = [key for key in keys if key not in content]
    if missing:
        raise SentcseError(f"{path} is damaged: {', '.join(missing)} is missing in it.")
    return content


def write_json(path: Path, content: Any, *, allow_nan: bool = True) -> None:
    """Write JSON that is the same for the same content, as `written_whole`.

    Raises:
        ValueError: for nan or infinity, which JSON has not, unless they are allowed.
    """
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=allow_nan) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a text file, as `written_whole`."""
    with written_whole(path) as partial:
        partial.write_text(text, encoding="utf-8")


@contextmanager
def written_whole(target: Path, *, alone: bool = False) -> Iterator[Path]:
    """A file beside the target to write; it is synced and takes the target's place at the end, and goes after a fault.

    So whoever reads the target finds all of the old content or all of the new, whenever a process is killed.

    Args:
        target: in a folder that exists.
        alone: whether no other process writes this target at the same time: what a kill leaves of a large file is then
            written over by the next one, and does not pile up.

    Raises:
        OSError: if it cannot be written.
    """
    partial = target.with_name(f".{target.name}.partial" if alone else f".{target.name}.{os.getpid()}.partial")
    if not alone:
        _remove_abandoned(target)
    try:
        yield partial
        put_in_place(partial, target)
    except BaseException:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise


def _remove_abandoned(target: Path) -> None:
    """Remove what killed processes have left beside a file: nothing was written to it for a day."""
    for partial in target.parent.glob(f".{glob.escape(target.name)}.*.partial"):
        with suppress(OSError):
            if time.time() - partial.stat().st_mtime > ABANDONED_SECONDS:
                partial.unlink()


def put_in_place(written: Path, target: Path) -> None:
    """Have a file that is written take the place of another, in one move, once it is on the disk."""
    sync(written)
    os.replace(written, target)


def sync_all(folder: Path) -> None:
    """Have every file of a folder on the disk."""
    for path in folder.rglob("*"):
        if path.is_file():
            sync(path)


def sync(file: Path) -> None:
    """Have a file on the disk: else a power cut may leave a new name with no content."""
    with file.open("rb+") as opened:
        os.fsync(opened.fileno())


@contextmanager
def writing(place: Path, advice: str) -> Iterator[None]:
    """Turn what the system says of a place that cannot be written into a sentence that ends with advice."""
    try:
        yield
    except OSError as error:
        reason = error if error.strerror is None else error.strerror
        raise SentcseError(f"{place} cannot be written ({reason}): {advice}.") from error


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
        _open_to_readers(partial)
        sync_all(partial)
        if target.exists():
            shutil.rmtree(replaced, ignore_errors=True)
            os.replace(target, replaced)
        os.replace(partial, target)
        shutil.rmtree(replaced, ignore_errors=True)
    except SentcseError:
        raise  # of something else, though its words may hold those of the system
    except OSError as error:
        raise SentcseError(f"{target} cannot be written: {error}.") from error
    except Exception as error:
        if (number := _system_error(error)) is None:
            raise
        raise SentcseError(f"{target} cannot be written: {os.strerror(number)}.") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        if not target.exists() and replaced.exists():
            os.replace(replaced, target)


def _open_to_readers(folder: Path) -> None:
    """Give files the permissions that the user's umask gives: safetensors 0.8 writes for the user alone."""
    mode = folder.stat().st_mode & 0o666
    for path in folder.rglob("*"):
        if path.is_file() and path.stat().st_mode & 0o666 != mode:
            with suppress(OSError):  # a file system without permissions
                path.chmod(mode)


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


def disk_fault(error: BaseException) -> str | None:
    """What the system says of a disk that is full, read-only or broken; None for any other error."""
    number = _system_error(error)
    return os.strerror(number) if number in DISK_ERRORS else None


def _system_error(error: BaseException) -> int | None:
    """The number of what the system refused; libraries in Rust raise no OSError, and name it in their words."""
    if isinstance(error, OSError):
        return error.errno
    found = OS_ERROR.search(str(error))
    return None if found is None else int(found[1])


def first_line(error: BaseException) -> str:
    """The first line of what an error says with the one that it announces, or its kind where it says nothing."""
    if isinstance(error, KeyError) and len(error.args) == 1:
        return f"there is no {error.args[0]!r}"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if len(lines) == 0:
        return type(error).__name__
    return " ".join(lines[: 2 if lines[0].endswith(":") else 1])[:LONGEST_REASON]
