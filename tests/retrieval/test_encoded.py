"""What is read of the folder of an encoded corpus, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sentcse.encoder import SentenceEncoder
from sentcse.errors import SentcseError
from sentcse.retrieval.bulk import Form, encode_corpus
from sentcse.retrieval.encoded import EncodedCorpus, find_manifest
from sentcse.retrieval.folder import EncoderIdentity


@pytest.fixture
def folder(encoder: SentenceEncoder, tmp_path: Path) -> Path:
    (tmp_path / "corpus.txt").write_text("a dog\nthe man\nmusic\n")
    known = EncoderIdentity("0" * 64, "runs/a", "avg", None)
    encode_corpus([encoder], known, tmp_path / "corpus.txt", tmp_path / "out", form=Form(shard_rows=2))
    return tmp_path / "out"


def changed(folder: Path, **changes: Any) -> None:
    content = json.loads((folder / "manifest.json").read_text()) | changes
    (folder / "manifest.json").write_text(json.dumps(content))


def test_what_a_folder_tells(folder: Path, encoder: SentenceEncoder) -> None:
    corpus = EncodedCorpus(folder)
    assert (len(corpus), corpus.width, corpus.encoder) == (3, 16, EncoderIdentity("0" * 64, "runs/a", "avg", None))
    first, second = corpus.shards()
    assert (first.ids, first.texts, second.ids) == (["1", "2"], None, ["3"])
    np.testing.assert_allclose(second.vectors, encoder.encode(["music"]), atol=1e-5)


def test_no_folder_and_a_hidden_rest_of_a_kill(tmp_path: Path) -> None:
    assert find_manifest(tmp_path / "new") is None
    (tmp_path / ".manifest.json.7.partial").write_text("{")
    assert find_manifest(tmp_path) is None
    with pytest.raises(SentcseError, match=r"There is no encoded corpus in .*manifest.json is missing"):
        EncodedCorpus(tmp_path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kind": "sentcse index"}, "holds something else than an encoded corpus"),
        ({"format": 2}, "has format 2, not 1: update sentcse"),
        ({"rows": "3"}, "manifest.json is damaged: rows"),
        ({"complete": False}, r"is not complete \(3 rows so far\)"),
    ],
)
def test_other_manifests(folder: Path, changes: dict[str, Any], said: str) -> None:
    changed(folder, **changes)
    with pytest.raises(SentcseError, match=said):
        EncodedCorpus(folder)


def test_damaged_shards(folder: Path) -> None:
    path = folder / "shard-000001.parquet"
    path.write_bytes(path.read_bytes()[:-1])
    rows = EncodedCorpus(folder).shards()
    assert next(rows).ids == ["1", "2"]  # the one before is whole
    with pytest.raises(SentcseError, match=r"shard-000001.parquet is damaged \(its SHA-256 is not the recorded one\)"):
        next(rows)
    path.unlink()
    with pytest.raises(SentcseError, match=r"shard-000001.parquet cannot be read \(No such file or directory\)"):
        list(EncodedCorpus(folder).shards())
