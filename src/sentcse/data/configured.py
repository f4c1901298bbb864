"""The source that a configuration names, and the part of it that is trained on."""

from __future__ import annotations

from pathlib import Path

from sentcse.config.data import Data
from sentcse.data.fetching.published import PublishedFile, official_low_shot
from sentcse.data.hub_dataset import HubDataset
from sentcse.data.low_shot import LowShot
from sentcse.data.source import Source
from sentcse.data.text_file import TextFile
from sentcse.errors import DataError
from sentcse.machine.locate import find_file


def configured_source(data: Data, data_root: Path) -> Source:
    """The corpus of a configuration; nothing is opened or fetched yet.

    Args:
        data: the settings; either `path` or `dataset` is set.
        data_root: where a path is looked for that is not found from here.

    Raises:
        DataError: neither a file nor a dataset is named, or an official split that was not published.
    """
    if data.dataset is not None:
        return HubDataset(data.dataset, config=data.dataset_config, split=data.split, columns=data.columns)
    if data.path is None:
        raise DataError("A corpus is a file (data.path) or a Hugging Face dataset (data.dataset): give one of them.")
    path = find_file(data.path, data_root)
    file = data.published_file
    if data.low_shot.official:
        if data.low_shot.percent is None or data.low_shot.size is not None:
            raise DataError("The official low-shot files go by percentage: set data.low_shot.percent, and no size.")
        file = official_low_shot(data.low_shot.percent, data.low_shot.seed)
        path = path.with_name(file.filename)
    if file is None:
        return TextFile(path, columns=data.columns, encoding=data.encoding)
    return PublishedFile(path, file=file, columns=data.columns, encoding=data.encoding)


def configured_split(data: Data) -> LowShot | None:
    """The part of the corpus that is trained on; None for all, or where the file is a published split itself."""
    wanted = data.low_shot
    if wanted.official or (wanted.size is None and wanted.percent is None):
        return None
    return LowShot(wanted.seed, wanted.size, wanted.percent)
