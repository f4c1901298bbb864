"""A model's small files: from a folder, from the hub's cache, from the hub; and what is said of those that fail."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hub_stand_in import Hub
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
from safetensors.torch import save_file

from sentcse.errors import SentcseError
from sentcse.storage import model_files
from sentcse.storage.model_files import ModelFiles


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "list.json").write_text("[1, 2]")
    (tmp_path / "object.json").write_text('{"a": "\u00e9"}', encoding="utf-8")
    save_file({"weight": torch.arange(3.0)}, tmp_path / "model.safetensors")
    (tmp_path / "sub").mkdir()
    return tmp_path


def test_files_of_a_folder(folder: Path) -> None:
    files = ModelFiles(str(folder))
    assert files.find("list.json") == files.need("list.json") == folder / "list.json"
    assert files.find("missing.json") is None
    assert files.find("sub") is None
    assert files.json("list.json") == [1, 2]
    assert files.object("object.json") == {"a": "\u00e9"}
    assert files.tensors("model.safetensors")["weight"].tolist() == [0, 1, 2]


def test_what_is_missing_is_named(folder: Path) -> None:
    files = ModelFiles(str(folder))
    for read in (files.need, files.json, files.object, files.tensors):
        with pytest.raises(SentcseError, match=r"lacks sub/x\.json, which its other files name: fetch or export it"):
            read("sub/x.json")


@pytest.mark.parametrize("content", [b"{", b"", b"\xff\xfe", b'{"a": 1'])
def test_what_is_damaged_is_named(folder: Path, content: bytes) -> None:
    for name in ("object.json", "model.safetensors"):
        (folder / name).write_bytes(content)
    files = ModelFiles(str(folder))
    with pytest.raises(SentcseError, match=r"object\.json is damaged \(.*\): fetch or export the encoder again\.$"):
        files.object("object.json")
    with pytest.raises(
        SentcseError, match=r"model\.safetensors is damaged \(.*\): fetch or export the encoder again\.$"
    ):
        files.tensors("model.safetensors")


def test_a_list_is_no_object(folder: Path) -> None:
    with pytest.raises(SentcseError, match=r"list\.json is damaged \(expected an object, got list\)"):
        ModelFiles(str(folder)).object("list.json")


@pytest.mark.parametrize(
    ("cached", "online", "reachable", "found", "asked"),
    [
        ({"list.json"}, set(), True, True, []),
        (set(), {"list.json"}, True, True, ["list.json"]),
        (set(), {"list.json"}, False, False, []),
        (set(), set(), True, False, ["list.json"]),
    ],
)
def test_a_hub_name_is_looked_for_in_the_cache_and_then_on_the_hub(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    cached: set[str],
    online: set[str],
    reachable: bool,
    found: bool,
    asked: list[str],
) -> None:
    hub = Hub(folder, cached=cached, online=online, reachable=reachable)
    hub.install(monkeypatch)
    assert ModelFiles("owner/name").find("list.json") == (folder / "list.json" if found else None)
    assert hub.asked == asked


def test_a_hub_that_fails_is_no_missing_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(source: str, name: str, *, local_files_only: bool = False, **kwargs: object) -> str:
        if local_files_only:
            raise LocalEntryNotFoundError(name)
        raise OSError("503 Service Unavailable\nand more")

    assert issubclass(HfHubHTTPError, OSError)
    monkeypatch.setattr("huggingface_hub.hf_hub_download", fail)
    monkeypatch.setattr(model_files, "hub_is_reachable", lambda: True)
    with pytest.raises(SentcseError, match=r"^a\.json of some/encoder could not be fetched from the hub: 503 [\w ]+$"):
        ModelFiles("some/encoder").find("a.json")
