"""The folder of a token cache: its files, whether it is whole, and how it comes into being in one move."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from sentcse.errors import DataError

FORMAT_VERSION = 1
TOKENS = "tokens.bin"
OFFSETS = "offsets.bin"
META = "meta.json"
_ABANDONED_SECONDS = 24 * 3600


@dataclass(frozen=True)
class CacheMeta:
    """What stands in meta.json beside the two data files.

    Attributes:
        key: hash of everything that the tokens depend on.
        data_sha256: hash of the corpus alone.
        dtype: numpy name of a token's type, little-endian.
        token_bytes: size of tokens.bin.
        offset_bytes: size of offsets.bin.
        report: counts of the corpus.
    """

    key: str
    data_sha256: str
    dtype: str
    token_bytes: int
    offset_bytes: int
    report: CorpusReport


def read_meta(folder: Path, key: str) -> CacheMeta | None:
    """Read the meta data of a whole cache with this key; None if there is no cache, or a damaged one."""
    try:
        values = json.loads((folder / META).read_text(encoding="utf-8"))
        report = CorpusReport(**{**values.pop("report"), "header": tuple(values.pop("header"))})
        meta = CacheMeta(**values, report=report)
        sizes = ((folder / TOKENS).stat().st_size, (folder / OFFSETS).stat().st_size)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return meta if meta.key == key and sizes == (meta.token_bytes, meta.offset_bytes) else None


def write_meta(folder: Path, meta: CacheMeta) -> None:
    """Write meta.json, the last file of a cache."""
    report = meta.report.as_dict()
    header = report.pop("header")
    values = {name: value for name, value in vars(meta).items() if name != "report"}
    text = json.dumps({**values, "report": report, "header": header}, indent=2)
    (folder / META).write_text(text + "\n", encoding="utf-8")


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
        _take_place(temporary, final, key)
    except OSError as error:
        reason = error.strerror if error.strerror is not None else str(error)
        raise DataError(
            f"The token cache cannot be written to {final.parent}: {reason}; set data.cache_dir to a folder with room."
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _take_place(temporary: Path, final: Path, key: str) -> None:
    if final.exists() and read_meta(final, key) is None:
        damaged = temporary.with_suffix(".damaged")
        # Moved away first: a process that still reads it keeps its files.
        with contextlib.suppress(FileNotFoundError):
            os.replace(final, damaged)
        shutil.rmtree(damaged, ignore_errors=True)
    try:
        os.replace(temporary, final)
    except OSError:
        if read_meta(final, key) is None:
            raise


def _remove_abandoned(parent: Path) -> None:
    """Remove what a killed build has left: nothing was written to it for a day."""
    for folder in parent.glob(".*.building"):
        # a folder that changes in this moment has a builder
        with contextlib.suppress(FileNotFoundError):
            last_written = max(file.stat().st_mtime for file in (folder, *folder.glob("*")))
            if time.time() - last_written > _ABANDONED_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class CorpusReport:
    """Counts of one corpus.

    Attributes:
        rows: rows that can be trained on.
        columns: texts of a row: 1 sentences, 2 pairs, 3 pairs with a hard negative.
        blank: rows that were skipped because a text was empty or only white space.
        duplicates: rows whose first text occurred in an earlier row. In one batch they are false negatives.
        truncated_lines: rows of which a text was cut at `formats.MAX_CHARACTERS` characters.
        overlong: texts that the tokenizer cut at the maximal length.
        tokens: tokens of all texts, special tokens included.
        header: names in the first line of the file; empty without.
    """

    rows: int
    columns: int
    blank: int
    duplicates: int
    truncated_lines: int
    overlong: int
    tokens: int
    header: tuple[str, ...] = ()

    @property
    def records(self) -> int:
        """Rows of the source, blank ones included."""
        return self.rows + self.blank

    def as_dict(self) -> dict[str, object]:
        """Plain containers, for meta.json and results.json."""
        return {**asdict(self), "header": list(self.header)}

    def notes(self) -> list[str]:
        """Make a sentence of each thing that a user should know about the corpus."""
        kind = {1: "sentences", 2: "pairs", 3: "pairs with a hard negative"}[self.columns]
        notes = [f"{self.rows:,} {kind}, {self.tokens:,} tokens."]
        if self.blank > 0:
            notes.append(f"{self.blank:,} blank rows were skipped.")
        if self.duplicates > 0:
            notes.append(
                f"{self.duplicates:,} rows ({self.duplicates / self.rows:.2%}) repeat an earlier text: "
                "they are false negatives when they meet in a batch."
            )
        if self.truncated_lines > 0:
            notes.append(f"{self.truncated_lines:,} enormous rows were cut before tokenising.")
        if self.overlong > 0:
            share = self.overlong / (self.rows * self.columns)
            notes.append(f"{self.overlong:,} texts ({share:.2%}) are longer than the maximal length and were cut.")
        return notes
