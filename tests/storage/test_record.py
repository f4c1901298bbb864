from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from encoders import flip_a_bit, make_encoder
from hub_stand_in import Hub
from safetensors.torch import load_file
from tiny import tiny_bert, tiny_checkpoint, tiny_tokenizer

from sentcse.encoder import SentenceEncoder
from sentcse.errors import SentcseError
from sentcse.modules.heads import LinearTanhHead
from sentcse.storage.parts import EncoderRecord
from sentcse.storage.record import read_record


def write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def test_a_plain_checkpoint_has_an_empty_record(tmp_path: Path) -> None:
    assert read_record(str(tiny_checkpoint(tmp_path))) == EncoderRecord()
    with pytest.raises(SentcseError, match="holds no record of its pooler; give one"):
        SentenceEncoder.from_pretrained(tmp_path)


def test_an_exported_folder_keeps_its_record(tmp_path: Path) -> None:
    provenance = {"recipe": {"temperature": 0.05}, "data": {"sentences": 1000, "sha256": "ab"}}
    encoder = SentenceEncoder(tiny_bert(), tiny_tokenizer(), pooler="avg_top2", max_length=17)
    record = read_record(str(encoder.save_pretrained(tmp_path / "encoder", record=provenance)))
    assert record == EncoderRecord("avg_top2", None, 17, provenance)


def exported(folder: Path) -> Path:
    encoder = SentenceEncoder(tiny_bert(), tiny_tokenizer(), pooler="cls", head=LinearTanhHead(16), max_length=17)
    return encoder.save_pretrained(folder / "encoder")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"format": 3}, "has format 3, this version of sentcse reads 1 and 2: update sentcse"),
        ({"pooler": "max"}, "pooler is 'max', expected one of cls,"),
        ({"max_length": None}, "max_length is None, expected 3 tokens or more"),
        ({"head": None}, "expected an object 'provenance' and a list 'head'"),
        ({"head": ["9_Dense"]}, "lacks 9_Dense/config.json"),
    ],
)
def test_a_damaged_record(tmp_path: Path, change: dict[str, Any], fault: str) -> None:
    folder = exported(tmp_path)
    write(folder / "sentcse.json", {**json.loads((folder / "sentcse.json").read_text()), **change})
    with pytest.raises(SentcseError, match=fault):
        read_record(str(folder))


@pytest.mark.parametrize("name", ["sentcse.json", "2_Dense/config.json", "2_Dense/model.safetensors"])
def test_a_file_cut_short(tmp_path: Path, name: str) -> None:
    folder = exported(tmp_path)
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(SentcseError, match=f"{name} is damaged"):
        read_record(str(folder))


EXPORT = {"sentcse.json", "2_Dense/config.json", "2_Dense/model.safetensors"}


@pytest.mark.parametrize("cached", [EXPORT, set(), {"sentcse.json"}])
def test_hub_names_are_looked_for_in_the_cache_and_then_on_the_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cached: set[str]
) -> None:
    hub = Hub(exported(tmp_path), cached=cached, online=EXPORT, reachable=True)
    hub.install(monkeypatch)
    record = read_record("somebody/some-encoder")
    assert (record.pooler, record.max_length) == ("cls", 17)
    assert record.head is not None
    assert set(hub.asked) == EXPORT - cached


@pytest.mark.parametrize("reachable", [True, False])
def test_a_hub_name_without_our_files_has_an_empty_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reachable: bool
) -> None:
    hub = Hub(tmp_path, cached=set(), online=set(), reachable=reachable)
    hub.install(monkeypatch)
    assert read_record("bert-base-uncased") == EncoderRecord()
    assert hub.asked == (["sentcse.json", "modules.json"] if reachable else [])


def test_a_flipped_bit_in_an_export_is_seen(tmp_path: Path) -> None:
    folder = make_encoder("cls", "batchnorm").save_pretrained(tmp_path / "encoder")
    for file in sorted(folder.rglob("*.safetensors")):
        whole = file.read_bytes()
        flip_a_bit(file, next(iter(load_file(file).values())).numpy().tobytes())
        with pytest.raises(SentcseError, match=f"{file.name} is damaged .it differs from what was exported"):
            SentenceEncoder.from_pretrained(folder)
        file.write_bytes(whole)
    SentenceEncoder.from_pretrained(folder)
    record = json.loads((folder / "sentcse.json").read_text())
    write(folder / "sentcse.json", {**record, "sha256": {}})  # as exports of older versions
    SentenceEncoder.from_pretrained(folder)
