"""What is done to files before a command gets them, one line of words each: `cut export/model.safetensors 100`."""

from __future__ import annotations

import gzip
import json
import os
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch


def damage(line: str) -> None:
    """Carry out a line in the current folder; a name may hold a `*` that one file or folder meets."""
    action, *words = shlex.split(line)
    ACTIONS[action](*words)


def found(name: str) -> Path:
    """The one path that a name means."""
    if "*" not in name:
        return Path(name)
    (path,) = Path().glob(name)
    return path


def _text(name: str, content: str = "") -> None:
    """Write a text; `\\n`, `\\t` and `\\u0000` in it are as in Python."""
    path = found(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_unescaped(content), encoding="utf-8", newline="")


def _unescaped(text: str) -> str:
    return text.encode("latin-1", "backslashreplace").decode("unicode_escape")


def _bytes(name: str, digits: str) -> None:
    """Write bytes that are given in hexadecimal."""
    found(name).write_bytes(bytes.fromhex(digits))


def _repeat(name: str, times: str, content: str) -> None:
    """Write a text many times over."""
    _text(name, content)
    found(name).write_bytes(found(name).read_bytes() * int(times))


def _parquet(name: str, rows: str) -> None:
    """Write rows, an array of objects in JSON."""
    import pyarrow
    from pyarrow import parquet

    parquet.write_table(pyarrow.Table.from_pylist(json.loads(rows)), name)


def _cut(name: str, size: str) -> None:
    """Keep the first bytes, or with a negative number all but the last."""
    path = found(name)
    path.write_bytes(path.read_bytes()[: int(size)])


def _flip(name: str, share: str = "0.5") -> None:
    """Change one bit, so far into the file."""
    path = found(name)
    content = bytearray(path.read_bytes())
    content[int(len(content) * float(share))] ^= 1
    path.write_bytes(content)


def _replace(name: str, old: str, new: str) -> None:
    """Put one text in the place of another, which must be there."""
    text = found(name).read_text(encoding="utf-8")
    old, new = _unescaped(old), _unescaped(new)
    if old not in text:
        raise ValueError(f"old must be in {name}, got {old!r}")
    found(name).write_text(text.replace(old, new, 1), encoding="utf-8")


def _set(name: str, key: str, value: str) -> None:
    """Set a dotted key of a JSON file, a number for an element of a list."""
    _change(name, key, lambda holder, last: holder.__setitem__(last, json.loads(value)))


def _unset(name: str, key: str) -> None:
    """Take a dotted key out of a JSON file."""
    _change(name, key, lambda holder, last: holder.__delitem__(last))


def _change(name: str, key: str, act: Callable[[Any, Any], None]) -> None:
    path = found(name)
    content = json.loads(path.read_text(encoding="utf-8"))
    act(*_holder(content, key))
    path.write_text(json.dumps(content), encoding="utf-8")


def _checkpoint(name: str, key: str, value: str) -> None:
    """Set a dotted key of a checkpoint to a value in JSON; `gone` takes it out."""
    path = found(name)
    content = torch.load(path, weights_only=True)
    holder, last = _holder(content, key)
    last = last.replace("%2F", "/") if isinstance(last, str) else last
    if value == "gone":
        del holder[last]
    else:
        holder[last] = json.loads(value)
    torch.save(content, path)


def _holder(content: Any, key: str) -> tuple[Any, Any]:
    *parents, last = [int(part) if part.isdecimal() else part for part in key.split("/" if "/" in key else ".")]
    for part in parents:
        content = content[part]
    return content, last


def _delete(name: str) -> None:
    path = found(name)
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def _copy(old: str, new: str) -> None:
    path = found(old)
    shutil.copytree(path, new, dirs_exist_ok=True) if path.is_dir() else shutil.copy(path, found(new))


def _gzip(name: str) -> None:
    """Pack a file beside itself."""
    Path(f"{name}.gz").write_bytes(gzip.compress(found(name).read_bytes()))


ACTIONS: dict[str, Callable[..., None]] = {
    "text": _text,
    "bytes": _bytes,
    "repeat": _repeat,
    "parquet": _parquet,
    "cut": _cut,
    "flip": _flip,
    "replace": _replace,
    "set": _set,
    "unset": _unset,
    "checkpoint": _checkpoint,
    "delete": _delete,
    "copy": _copy,
    "gzip": _gzip,
    "rename": lambda old, new: found(old).rename(new),
    "folder": lambda name: Path(name).mkdir(parents=True),
    "link": lambda target, name: os.symlink(target, name),
}
