from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sentcse.config.data import Data
from sentcse.data.configured import configured_source, configured_split
from sentcse.data.fetching.published import PublishedFile
from sentcse.data.hub_dataset import HubDataset
from sentcse.data.low_shot import LowShot
from sentcse.data.text_file import TextFile
from sentcse.errors import DataError

WIKI = {"repo": "owner/data", "filename": "wiki.txt", "rows": 3}


def data(**settings: Any) -> Data:
    return Data(**{"cache_dir": "cache", "low_shot": {}, **settings})


def test_a_file_below_the_data_root(tmp_path: Path) -> None:
    source = configured_source(data(path="a.csv", columns=["b"], encoding="latin-1"), tmp_path)
    assert type(source) is TextFile
    assert (source.path, source.columns, source.encoding) == (tmp_path / "a.csv", ("b",), "latin-1")


def test_a_published_file_and_one_that_took_its_place(tmp_path: Path) -> None:
    source = configured_source(data(path="wiki.txt", hub_file=WIKI), tmp_path)
    assert isinstance(source, PublishedFile)
    assert (source.path, source.file.repo, source.file.rows) == (tmp_path / "wiki.txt", "owner/data", 3)
    assert type(configured_source(data(path="own.txt", hub_file=WIKI), tmp_path)) is TextFile


def test_a_dataset(tmp_path: Path) -> None:
    source = configured_source(data(dataset="a/b", dataset_config="c", split="test", columns=["d"]), tmp_path)
    assert isinstance(source, HubDataset)
    assert (source.dataset, source.config, source.split, source.columns) == ("a/b", "c", "test", ("d",))


def test_an_official_split_lies_beside_the_corpus_and_is_not_cut(tmp_path: Path) -> None:
    settings = data(path="wiki.txt", hub_file=WIKI, low_shot={"percent": 0.0064, "seed": 49, "official": True})
    source = configured_source(settings, tmp_path)
    assert isinstance(source, PublishedFile)
    assert source.path == tmp_path / "wiki_subset_1M_000.0064percent_seed49.txt"
    assert source.file.rows == 64
    assert configured_split(settings) is None


@pytest.mark.parametrize(
    ("low_shot", "said"),
    [({"size": 64, "official": True}, "by percentage"), ({"percent": 3, "official": True}, "no official low-shot")],
)
def test_an_official_split_that_there_is_not(tmp_path: Path, low_shot: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        configured_source(data(path="wiki.txt", low_shot=low_shot), tmp_path)


def test_nothing_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="give one of them"):
        configured_source(data(), tmp_path)


def test_a_split_of_ones_own() -> None:
    assert configured_split(data()) is None
    assert configured_split(data(low_shot={"size": 9, "seed": 3})) == LowShot(3, size=9)
    assert configured_split(data(low_shot={"percent": 10, "seed": 3})) == LowShot(3, percent=10)
