"""`python -m sentcse.encode`: a folder of shards; what it refuses."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

import numpy as np
import pytest
from tiny import tiny_checkpoint

from sentcse.encode import main
from sentcse.encoder import SentenceEncoder
from sentcse.retrieval.encoded import EncodedCorpus
from sentcse.storage.content_hash import encoder_sha256

CORPUS = ["a dog runs in the city", "the woman plays music", "a man sits", "a dog runs in the city."]


@pytest.fixture
def encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SentenceEncoder:
    monkeypatch.chdir(tmp_path)
    made = SentenceEncoder.from_pretrained(tiny_checkpoint(tmp_path / "plain"), pooler="avg")
    made.save_pretrained(tmp_path / "encoder")
    with gzip.open("corpus, [old].txt.gz", "wt") as file:
        file.write("\n".join(CORPUS))
    return made


def test_a_folder_of_shards(encoder: SentenceEncoder, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["corpus, [old].txt.gz", "out", "encoder=encoder", "shard_rows=3", "text=true", "normalize=true"]
    for _ in range(2):
        assert main(words) == 0
        assert capsys.readouterr().out == "out: 4 sentences in 2 shards, 16 values each as float32\n"
    corpus = EncodedCorpus("out")
    assert corpus.encoder.sha256 == encoder_sha256(encoder.parts())
    assert corpus.encoder.source == str(Path("encoder").resolve())
    found = np.concatenate([rows.vectors for rows in corpus.shards()])
    np.testing.assert_allclose(found, encoder.encode(CORPUS, normalize=True), atol=1e-5)
    assert main([*words, "pooler=cls_before_pooler"]) == 1
    assert "holds another encoding (the encoder is " in capsys.readouterr().err
    assert main([*words, "pooler=cls_before_pooler", "overwrite=true", "dtype=int8"]) == 0
    assert "as int8" in capsys.readouterr().out


@pytest.mark.usefixtures("encoder")
@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["corpus.txt"], 2, "output is required and was not given"),
        (["corpus.txt", "out", "more", "encoder=encoder"], 2, "more is not of the form key=value"),
        (["corpus.txt", "out", "encoder=encoder"], 1, "corpus.txt does not exist"),
        (["encoder", "out", "encoder=encoder"], 1, "encoder is a folder, where a file was expected"),
        (["plain/vocab.txt", "plain", "encoder=encoder"], 1, "plain holds something else"),
        (["plain/vocab.txt", "out", "encoder=plain"], 1, "no record of its pooler; give one"),
        (["plain/vocab.txt", "out", "encoder=encoder", "dtype=int4"], 2, "dtype must be"),
        (["plain/vocab.txt", "out", "encoder=encoder", "workers=2"], 2, "workers= is for engine=ray"),
        (
            ["plain/vocab.txt", "out", "encoder=encoder", "engine=ray"],
            1,
            "engine=ray needs Ray, which is not installed",
        ),
    ],
)
def test_what_is_refused(
    words: list[str],
    code: int,
    sentence: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    Path("plain/vocab.txt").write_text("a dog\n")
    assert main(words) == code
    assert sentence in capsys.readouterr().err
    assert not Path("out").exists()


def test_a_refused_first_row_leaves_no_folder(encoder: SentenceEncoder, capsys: pytest.CaptureFixture[str]) -> None:
    Path("rows.csv").write_text("sentence1;sentence2\na dog;a man\n", encoding="utf-8")
    assert main(["rows.csv", "out", "encoder=encoder", "columns=text"]) == 1
    assert "no column text" in capsys.readouterr().err
    assert not Path("out").exists()
    assert main(["rows.csv", "out", "encoder=encoder", "columns=sentence1"]) == 0


def test_an_id_that_two_rows_have_stops_before_anything_is_encoded(
    encoder: SentenceEncoder, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("rows.csv").write_text("id,text\n7,a dog\n8, \n8,a man\n7,a cat\n", encoding="utf-8")
    assert main(["rows.csv", "out", "encoder=encoder", "columns=[text]", "id_column=id"]) == 1
    assert "rows.csv, line 5: the id '7' is that of line 2, too" in capsys.readouterr().err
    assert not Path("out").exists()
