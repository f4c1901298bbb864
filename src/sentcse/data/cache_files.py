"""The folder of a token cache: its files, whether it is whole, and how it comes into being in one move."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
import uuid
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sentcse.data.corpus_report import CorpusReport
from sentcse.errors import DataError
from sentcse.machine.files import sync_all, write_text

FORMAT_VERSION = 2
TOKENS = "tokens.bin"
OFFSETS = "offsets.bin"
META = "meta.json"
_BLOCK = 2**22
_ABANDONED_SECONDS = 24 * 3600


@dataclass(frozen=True)
class CacheMeta:
    """What stands in meta.json beside the two data files.

    Attributes:
        key: hash of everything that the tokens depend on.
        data_sha256: hash of the corpus alone.
        dtype: numpy name of a token's type, little-endian.
        sums: CRC-32 of each block of 4 MiB of the two files, by name.
        report: counts of the corpus.
    """

    key: str
    data_sha256: str
    dtype: str
    sums: dict[str, list[int]]
    report: CorpusReport


def read_meta(folder: Path, key: str) -> CacheMeta | None:
    """Read the meta data of a cache with this key; None if there is none, or one that is not whole."""
    try:
        values = json.loads((folder / META).read_text(encoding="utf-8"))
        if values.pop("meta_sum") != _sum_of(values):
            return None
        meta = CacheMeta(**{**values, "report": CorpusReport.of(values["report"])})
        sizes = [(folder / name).stat().st_size for name in (TOKENS, OFFSETS)]
        blocks = [len(meta.sums[name]) for name in (TOKENS, OFFSETS)]
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    # a file that was cut has fewer blocks, or a last one that is another
    return meta if meta.key == key and blocks == [-(-size // _BLOCK) for size in sizes] else None


def read_intact(folder: Path, key: str) -> CacheMeta | None:
    """As `read_meta`, and None as well if a byte of the two files is another than was written.

    They are read once, a block at a time, and not into this process's memory map.
    """
    meta = read_meta(folder, key)
    try:
        return meta if meta is not None and block_sums(folder) == meta.sums else None
    except OSError:
        return None


def block_sums(folder: Path) -> dict[str, list[int]]:
    """CRC-32 of each block of the two data files, by name."""
    return {name: list(_sums_of(folder / name)) for name in (TOKENS, OFFSETS)}


def _sums_of(path: Path) -> Iterator[int]:
    with path.open("rb") as file:
        while (block := file.read(_BLOCK)) != b"":
            yield zlib.crc32(block)


def write_meta(folder: Path, meta: CacheMeta) -> None:
    """Write meta.json, the last file of a cache."""
    values = {**vars(meta), "report": meta.report.as_dict()}
    text = json.dumps({**values, "meta_sum": _sum_of(values)}, indent=2)
    write_text(folder / META, text + "\n")


def _sum_of(values: dict[str, Any]) -> int:
    return zlib.crc32(json.dumps(values, sort_keys=True).encode())


@contextlib.contextmanager
def new_folder(final: Path, key: str) -> Iterator[Path]:
    """Make a temporary folder that becomes `final` when the block ends well, and vanishes when it does not.

    Two processes that build the same cache do not meet: each writes its own folder, the first to finish is kept.

    Args:
        final: where the cache shall lie.
        key: key of the cache, to tell a whole one that another process has put there from a damaged one.

    Raises:
        DataError: the folder cannot be written, or the disk is full.
    """
    temporary = final.with_name(f".{final.name}.{uuid.uuid4().hex[:12]}.building")
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(final.parent)
        temporary.mkdir()
        yield temporary
        sync_all(temporary)
        _take_place(temporary, final, key)
    except OSError as error:
        reason = error.strerror if error.strerror is not None else str(error)
        raise DataError(
            f"The token cache cannot be written to {final.parent}: {reason}; set data.cache_dir to a folder with room."
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _take_place(temporary: Path, final: Path, key: str) -> None:
    if final.exists() and read_intact(final, key) is None:
        damaged = temporary.with_suffix(".damaged")
        # Moved away first: a process that still reads it keeps its files.
        with contextlib.suppress(FileNotFoundError):
            os.replace(final, damaged)
        shutil.rmtree(damaged, ignore_errors=True)
    try:
        os.replace(temporary, final)
    except OSError:
        if read_intact(final, key) is None:
            raise


def _remove_abandoned(parent: Path) -> None:
    """Remove what a killed build has left: nothing was written to it for a day."""
    for folder in parent.glob(".*.building"):
        # a folder that changes in this moment has a builder
        with contextlib.suppress(FileNotFoundError):
            last_written = max(file.stat().st_mtime for file in (folder, *folder.glob("*")))
            if time.time() - last_written > _ABANDONED_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)
