"""A saved index: opened as it was, written whole, refused when it is damaged or something else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sentcse.encoder import SentenceEncoder
from sentcse.errors import SentcseError
from sentcse.retrieval.folder import EncoderIdentity, verify_index
from sentcse.retrieval.index import Index
from sentcse.storage.content_hash import encoder_sha256

CORPUS = ["a dog runs", "die Tür", 'he said "\\n"', "線"]


@pytest.fixture
def folder(encoder: SentenceEncoder, tmp_path: Path) -> Path:
    index = Index.build(encoder, CORPUS, payloads=[{"from": name} for name in CORPUS])
    return index.save(tmp_path / "index")


def test_it_opens_as_it_was(folder: Path, encoder: SentenceEncoder) -> None:
    opened, built = Index.open(folder), Index.build(encoder, CORPUS, payloads=[{"from": name} for name in CORPUS])
    assert isinstance(opened.vectors, np.memmap)
    assert (opened.vectors == built.vectors).all()
    assert list(opened.documents) == list(built.documents)
    assert opened.encoder == built.encoder
    assert opened.search(encoder, CORPUS) == built.search(encoder, CORPUS)
    verify_index(folder)


def test_a_fresh_process_opens_it(folder: Path) -> None:
    code = (
        f"from sentcse.retrieval.index import Index; i = Index.open({str(folder)!r}); print(len(i), i.documents[-1].id)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == ["4", "4"], done.stderr


def test_it_is_changed_and_saved_over_itself(folder: Path, encoder: SentenceEncoder) -> None:
    index = Index.open(folder)
    index.add(encoder, ["music"])
    index.remove(["1"])
    index.save(folder, overwrite=True)
    again = Index.open(folder)
    assert [document.sentence for document in again.documents] == [*CORPUS[1:], "music"]
    assert again.next_id == 6
    assert sorted(path.name for path in folder.parent.iterdir()) == ["index"]


def test_what_is_there_is_not_lost(folder: Path) -> None:
    index = Index.open(folder)
    with pytest.raises(SentcseError, match=r"holds an index already.*overwrite=true"):
        index.save(folder)
    letters = folder.parent / "letters"
    letters.mkdir()
    (letters / "manifest.json").write_text('{"kind": "letters"}')
    with pytest.raises(SentcseError, match="holds something else than an index"):
        index.save(letters, overwrite=True)
    assert [path.name for path in letters.iterdir()] == ["manifest.json"]


def test_a_missing_index(tmp_path: Path) -> None:
    with pytest.raises(SentcseError, match=r"There is no index in .*nowhere"):
        Index.open(tmp_path / "nowhere")


def test_a_file_that_was_cut_is_named(folder: Path) -> None:
    path = folder / "vectors.npy"
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(SentcseError, match=r"vectors.npy has 380 bytes, not 384"):
        Index.open(folder)
    path.unlink()
    with pytest.raises(SentcseError, match=r"vectors.npy is missing"):
        Index.open(folder)


def test_a_changed_byte_is_found_by_verify(folder: Path) -> None:
    content = bytearray((folder / "vectors.npy").read_bytes())
    content[-1] ^= 1
    (folder / "vectors.npy").write_bytes(bytes(content))
    Index.open(folder)  # only sizes are looked at: it would take as long as reading everything
    with pytest.raises(SentcseError, match=r"vectors.npy is damaged"):
        verify_index(folder)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"format": 2}, "has format 2, this version of sentcse reads 1"),
        ({"kind": "x"}, "is not that of an index of sentcse"),
        ({"rows": 5}, "is damaged"),
    ],
)
def test_a_strange_manifest(folder: Path, change: dict[str, object], sentence: str) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(SentcseError, match=sentence):
        Index.open(folder)


def test_an_encoder_is_known_by_its_content_and_place(encoder: SentenceEncoder, tmp_path: Path) -> None:
    known = EncoderIdentity.of(encoder.parts(), "owner/name", pooler="avg")
    assert known == EncoderIdentity(encoder_sha256(encoder.parts()), "owner/name", "avg", None)
    (tmp_path / "link").symlink_to(tmp_path)
    assert EncoderIdentity.of(encoder.parts(), str(tmp_path / "link")).source == str(tmp_path.resolve())
