"""A Hugging Face dataset as a source."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from sentcse.data.columns import SAMPLE_ROWS, refuse_other_columns
from sentcse.data.formats import MAX_CHARACTERS, MAX_COLUMNS, Record
from sentcse.data.hashing import sha256_of
from sentcse.data.source import Source, checked_columns
from sentcse.errors import DataError
from sentcse.machine.hub import hub_is_reachable, without_hub

_READ_ROWS = 1000


class HubDataset(Source):
    """One split of a dataset on the hub, in a folder written by `save_to_disk`, or in a folder of data files.

    Args:
        dataset: name on the hub or path of the folder.
        config: configuration of the dataset, such as `wikitext-2-raw-v1`; None for its only one.
        split: the split, as `train` or `train[:10%]`.
        columns: names of one to three columns; None takes all, if all are texts and not more than three.

    Raises:
        DataError: `columns` are not one to three names.
    """

    def __init__(
        self, dataset: str, *, config: str | None = None, split: str = "train", columns: Sequence[str] | None = None
    ) -> None:
        self.dataset = dataset
        self.config = config
        self.split = split
        self.columns = checked_columns(columns)

    @property
    def name(self) -> str:
        """Dataset and split."""
        return f"{self.dataset} ({self.split if self.config is None else f'{self.config}, {self.split}'})"

    @property
    def header(self) -> tuple[str, ...]:
        """Names of the columns that are read."""
        return self._names

    @cached_property
    def sha256(self) -> str:
        """Hash of the dataset's fingerprint, which changes with its content, of its size and of the columns."""
        table = self._table
        return sha256_of(str(table._fingerprint), str(len(table)), self.split, *self._names)

    def iter_records(self) -> Iterator[Record]:
        """All rows, blank ones included; the texts stay in the memory map of `datasets`.

        Raises:
            DataError: the dataset cannot be opened; a value that is no text; a column that nobody named, and that looks
                like a label, an id or a score.
        """
        names = self._names
        if self.columns is None:
            first = self._table.select_columns(list(names))[:SAMPLE_ROWS]
            rows = zip(*(first[name] for name in names), strict=True)
            refuse_other_columns(self.name, names, [[str(cell) for cell in row] for row in rows if None not in row])
        number = 0
        for block in self._table.select_columns(list(names)).iter(batch_size=_READ_ROWS):
            for cells in zip(*(block[name] for name in names), strict=True):
                number += 1
                yield self._record(number, cells)

    def _record(self, number: int, cells: tuple[object, ...]) -> Record:
        texts = tuple("" if cell is None else cell for cell in cells)
        wrong = [text for text in texts if not isinstance(text, str)]
        if wrong:
            raise DataError(
                f"{self.name}, row {number}: {str(wrong[0])[:60]!r}, where a text was expected; data.columns chooses "
                "what is read."
            )
        cut = tuple(str(text)[:MAX_CHARACTERS] for text in texts)
        return Record(number, cut, cut != texts)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        present = list(self._table.column_names)
        if self.columns is None and len(present) > MAX_COLUMNS:
            raise DataError(f"{self.name} has the columns {', '.join(present)}: name up to three in data.columns.")
        names = tuple(present) if self.columns is None else self.columns
        missing = [name for name in names if name not in present]
        if missing:
            raise DataError(f"{self.name} has no column {', '.join(missing)}: it has {', '.join(present)}.")
        return names

    @cached_property
    def _table(self) -> Any:
        from datasets.exceptions import DatasetsError

        folder = Path(self.dataset)
        try:
            if folder.is_dir() and any((folder / mark).is_file() for mark in ("state.json", "dataset_dict.json")):
                return self._saved(folder)
            return self._loaded(local=folder.is_dir())
        except (OSError, ValueError, RuntimeError, DatasetsError) as error:
            raise DataError(
                f"The dataset {self.dataset!r}, split {self.split!r}, cannot be opened: {_reason(error)}; give a "
                "name on the hub and an existing split, or the folder of a local copy, as data.dataset."
            ) from None

    def _saved(self, folder: Path) -> Any:
        import datasets

        saved = datasets.load_from_disk(str(folder))
        if not isinstance(saved, datasets.DatasetDict):
            # "train" is the default: whoever left it asked for no split in particular
            if self.split not in ("train", str(saved.split)):
                raise ValueError(f"it is one split, {'without a name' if saved.split is None else saved.split}")
            return saved
        if self.split not in saved:
            raise ValueError(f"it has the splits {', '.join(map(str, saved))}")
        return saved[self.split]

    def _loaded(self, local: bool) -> Any:
        import datasets

        # Without a network the library tries six times, which takes 24 s; offline, a copy in its cache opens at once.
        with contextlib.nullcontext() if local or hub_is_reachable() else without_hub():
            return datasets.load_dataset(self.dataset, self.config, split=self.split)


def _reason(error: Exception) -> str:
    from datasets.exceptions import DatasetGenerationCastError, DatasetGenerationError

    if isinstance(error, DatasetGenerationError):
        # what went wrong with its files stands in the cause
        cause = error if error.__cause__ is None else error.__cause__
        if isinstance(error, DatasetGenerationCastError) or "chema at index" in str(cause):
            return "its files do not have the same columns, each with one kind of value: keep those that do in a folder"
        return _first_line(cause)
    return _first_line(error)


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n")[0].rstrip(".")
