"""A corpus in shards: every row once, in order, whenever the work was cut off."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sentcse.retrieval.bulk as bulk
from sentcse.encoder import SentenceEncoder
from sentcse.encoding.copies import encode_side_by_side
from sentcse.errors import BusyError, DataError, SentcseError
from sentcse.machine.locks import held
from sentcse.retrieval.bulk import Form, encode_corpus
from sentcse.retrieval.encoded import CorpusManifest, EncodedCorpus
from sentcse.retrieval.folder import EncoderIdentity
from sentcse.retrieval.shards import Dtype, Rows, write_shard

LINES = ["a dog runs", "", "the woman plays music", "a man", " ", "the city", "a dog sits in the city", "music", "man"]
SENTENCES = [line for line in LINES if line.strip()]
Encode = Callable[..., CorpusManifest]


@pytest.fixture
def encode(encoder: SentenceEncoder, tmp_path: Path) -> Encode:
    (tmp_path / "corpus.txt").write_text("\n".join(LINES), encoding="utf-8")

    def run(folder: str = "out", *, text: bool = True, shard_rows: int = 3, **options: Any) -> CorpusManifest:
        form = Form(text=text, shard_rows=shard_rows)
        known = EncoderIdentity("0" * 64)
        given = {"form": form, "corpus": tmp_path / "corpus.txt", "folder": tmp_path / folder, **options}
        return encode_corpus([encoder], known, **given)

    return run


def test_rows_in_the_order_of_the_corpus(encode: Encode, encoder: SentenceEncoder, tmp_path: Path) -> None:
    manifest = encode()
    assert [shard["rows"] for shard in manifest["shards"]] == [3, 3, 1]
    assert json.loads((tmp_path / "out" / "manifest.json").read_text()) == manifest
    shards = list(EncodedCorpus(tmp_path / "out").shards())
    assert [name for rows in shards for name in rows.ids] == [str(i) for i in range(1, 8)]
    assert [text for rows in shards for text in rows.texts or []] == SENTENCES
    found = np.concatenate([rows.vectors for rows in shards])
    np.testing.assert_allclose(found, encoder.encode(SENTENCES), atol=1e-5)


def test_columns_and_ids(encode: Encode, tmp_path: Path) -> None:
    (tmp_path / "c.jsonl").write_text('{"_id": "x", "t": "a", "b": "dog"}\n{"_id": "y", "t": "", "b": "man"}\n')
    form = Form(columns=["t", "b"], id_column="_id", text=True)
    encode(corpus=tmp_path / "c.jsonl", form=form)
    (rows,) = EncodedCorpus(tmp_path / "out").shards()
    assert (rows.ids, rows.texts) == (["x", "y"], ["a dog", "man"])


class Killed(BaseException):
    """Nothing that the code would answer."""


@pytest.mark.parametrize("after", range(9))
def test_cut_off_at_any_write(encode: Encode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Nine writes: the manifest, thrice a shard and the manifest, the manifest that says complete, and none."""
    whole, calls = encode("whole"), 0

    def counted(write: Callable[..., None]) -> Callable[..., None]:
        def count(*arguments: Any) -> None:
            nonlocal calls
            if calls == after:
                raise Killed
            calls += 1
            write(*arguments)

        return count

    with monkeypatch.context() as patch:
        patch.setattr(bulk, "write_manifest", counted(bulk.write_manifest))
        patch.setattr(bulk, "write_shard", counted(bulk.write_shard))
        if after < 8:
            with pytest.raises(Killed):
                encode()
        else:
            encode()
    (tmp_path / "out" / ".shard-000001.parquet.partial").write_bytes(b"of a kill")
    made: list[str] = []

    def noted(rows: Rows, dtype: Dtype, path: Path) -> None:
        made.append(path.name)
        write_shard(rows, dtype, path)

    monkeypatch.setattr(bulk, "write_shard", noted)
    assert encode() == whole
    assert len(made) == 3 - sum(after > write for write in (2, 4, 6))
    files = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert files == sorted(path.name for path in (tmp_path / "whole").iterdir())
    for name in files:
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_complete_one_is_not_made_again(encode: Encode, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = encode()
    monkeypatch.delattr(bulk, "iter_sentences")
    assert encode() == whole


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"dtype": "int8"}, "dtype is float32, not int8"),
        ({"shard_rows": 4}, "shard_rows is 3, not 4"),
        ({"text": False}, "text is True, not False"),
        ({"corpus": "other.txt"}, "the corpus is .*, not "),
    ],
)
def test_another_setting_is_refused(encode: Encode, tmp_path: Path, change: dict[str, Any], said: str) -> None:
    whole = encode()
    if "corpus" in change:
        (tmp_path / "other.txt").write_text("a dog\n")
        change = {"corpus": tmp_path / "other.txt"}
    with pytest.raises(SentcseError, match=rf"holds another encoding \({said}.*overwrite=true"):
        encode(**change)
    assert encode(verify=True) == whole
    other = encode(**change, overwrite=True)
    assert other != whole
    shards = {path.name for path in (tmp_path / "out").glob("*.parquet")}
    assert shards == {shard["file"] for shard in other["shards"]}
    assert len(list(EncodedCorpus(tmp_path / "out").shards())) == len(shards)


def test_other_encoders_are_refused(encode: Encode, encoder: SentenceEncoder, tmp_path: Path) -> None:
    encode()
    known = EncoderIdentity("1" * 64)
    with pytest.raises(SentcseError, match=r"the encoder is 000000000000, not 111111111111"):
        encode_corpus([encoder], known, tmp_path / "corpus.txt", tmp_path / "out", form=Form(text=True, shard_rows=3))


def test_the_prompt_counts(encode: Encode, encoder: SentenceEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    encode()
    monkeypatch.setattr(encoder, "prompt", "query: ")
    with pytest.raises(SentcseError, match="prompt is '', not 'query: '"):
        encode()


def test_verify_finds_a_changed_bit(encode: Encode, tmp_path: Path) -> None:
    encode()
    path = tmp_path / "out" / "shard-000001.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(SentcseError, match=r"shard-000001.parquet is damaged \(its SHA-256"):
        encode(verify=True)


def test_a_corpus_that_changes_meanwhile(encode: Encode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def changing(*arguments: Any, **options: Any) -> Any:
        with (tmp_path / "corpus.txt").open("a") as file:
            file.write("one more\n")
        return encode_side_by_side(*arguments, **options)

    monkeypatch.setattr(bulk, "encode_side_by_side", changing)
    with pytest.raises(DataError, match=r"corpus.txt changed while it was read"):
        encode()
    assert list((tmp_path / "out").glob("*.parquet")) == []


def test_what_is_refused(encode: Encode, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "one.jpg").write_bytes(b"")
    for overwrite in (False, True):
        with pytest.raises(SentcseError, match="photos holds something else than an encoded corpus"):
            encode("photos", overwrite=overwrite)
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["one.jpg"]
    (tmp_path / "empty.txt").write_text("\n\n")
    with pytest.raises(DataError, match=r"empty\.txt is empty"):
        encode("new", corpus=tmp_path / "empty.txt")
    encode()
    with held(tmp_path / "out" / ".lock", busy=""), pytest.raises(BusyError, match="Another process is writing"):
        encode()


def test_a_full_disk(encode: Encode, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(bulk, "write_shard", full)
        with pytest.raises(SentcseError, match=r"cannot be written \(No space left on device\): mend that, or name"):
            encode()
    assert encode()["complete"]
