from __future__ import annotations

import time
from pathlib import Path

import datasets
import pytest

from sentcse.data.hub_dataset import HubDataset
from sentcse.errors import DataError

ROWS = {"id": [1, 2, 3, 4], "a": ["one", "", "three", "x" * 20_000], "b": ["eins", "zwei", None, "vier"]}


@pytest.fixture
def saved(tmp_path: Path) -> str:
    table = datasets.Dataset.from_dict(ROWS)
    datasets.DatasetDict({"train": table, "test": table.select([0])}).save_to_disk(str(tmp_path / "saved"))
    return str(tmp_path / "saved")


def test_columns_of_a_saved_dataset(saved: str) -> None:
    assert list(HubDataset(saved, columns=["b"]).iter_rows()) == [("eins",), ("zwei",), ("vier",)]
    pairs = HubDataset(saved, columns=["b", "a"])
    records = list(pairs.iter_records())
    assert [record.is_blank for record in records] == [False, True, True, False]
    assert records[3].cut
    assert [len(text) for text in records[3].texts] == [4, 10_000]
    assert pairs.header == ("b", "a")
    assert list(HubDataset(saved, split="test", columns=["a"]).iter_rows()) == [("one",)]


def test_hash_changes_with_content_columns_and_split(saved: str, tmp_path: Path) -> None:
    other = datasets.Dataset.from_dict({**ROWS, "a": ["1", "2", "3", "4"]})
    other.save_to_disk(str(tmp_path / "other"))
    corpora = [
        HubDataset(saved, columns=["a"]),
        HubDataset(saved, columns=["b"]),
        HubDataset(saved, columns=["a"], split="test"),
        HubDataset(str(tmp_path / "other"), columns=["a"]),
    ]
    assert len({corpus.sha256 for corpus in corpora}) == 4
    assert HubDataset(saved, columns=["a"]).sha256 == corpora[0].sha256


@pytest.mark.parametrize(
    ("columns", "split", "message"),
    [
        (["c"], "train", "has no column c: it has id, a, b"),
        (["id"], "train", "row 1: '1', where a text was expected"),
        (["a"], "dev", "it has the splits train, test"),
    ],
)
def test_faults(saved: str, columns: list[str], split: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        list(HubDataset(saved, split=split, columns=columns).iter_rows())


def test_a_single_saved_dataset_has_the_split_that_it_was_saved_as(tmp_path: Path) -> None:
    saved = str(tmp_path / "one")
    datasets.Dataset.from_dict({"a": ["one", "two"]}, split="validation").save_to_disk(saved)
    for split in ("validation", "train"):
        assert len(list(HubDataset(saved, split=split).iter_rows())) == 2
    with pytest.raises(DataError, match=r"split 'train\[:10%\]', cannot be opened: it is one split, validation"):
        list(HubDataset(saved, split="train[:10%]").iter_rows())
    datasets.Dataset.from_dict({"a": ["one"]}).save_to_disk(str(tmp_path / "two"))
    with pytest.raises(DataError, match="split 'test', cannot be opened: it is one split, without a name"):
        list(HubDataset(str(tmp_path / "two"), split="test").iter_rows())


def test_without_a_network_the_answer_waits_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sentcse.data.hub_dataset.hub_is_reachable", lambda: False)
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    with pytest.raises(DataError, match="'some-owner/some-data', split 'train', cannot be opened"):
        list(HubDataset("some-owner/some-data").iter_rows())
    assert slept == []  # nothing is tried again
