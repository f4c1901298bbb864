"""`python -m sentcse.search`: an index made, changed, searched, scored and mined; what it refuses."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from tiny import tiny_checkpoint

from sentcse.encode import main as encode
from sentcse.encoder import SentenceEncoder
from sentcse.machine.locks import held
from sentcse.search import main

CORPUS = ["a dog runs in the city", "the woman plays music", "a man sits", "a dog runs in the city."]


@pytest.fixture
def encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    made = SentenceEncoder.from_pretrained(tiny_checkpoint(tmp_path / "plain"), pooler="avg")
    return made.save_pretrained(tmp_path / "encoder")


@pytest.fixture
def index(encoder: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    rows = [{"key": f"k{n}", "text": text, "from": f"page {n}"} for n, text in enumerate(CORPUS)]
    Path("corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    words = ["encoder=encoder", "columns=text", "id_column=key", "payload=from"]
    assert main(["index", "corpus.jsonl", *words]) == 0
    assert "index: 4 sentences, 16 values each, search exact" in capsys.readouterr().out
    return Path("index")


def test_query_opens_the_encoder_that_the_index_names(index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["query", CORPUS[1], "a man sits", "top_k=1", "format=jsonl"]) == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["query"], first["rank"], first["id"], first["payload"]) == (CORPUS[1], 1, "k1", {"from": "page 1"})
    assert second["sentence"] == "a man sits"


@pytest.mark.parametrize("words", [["add", "corpus.jsonl", "columns=text"], ["remove", "k0"]])
def test_two_that_change_an_index_do_not_undo_each_other(
    index: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with held(index.with_name(".index.lock"), busy=""):
        assert main(words) == 1
        assert "index: start this again when it is done." in capsys.readouterr().err
        assert main(["query", "music", "top_k=9", "format=csv"]) == 0  # reading waits for nobody
    assert capsys.readouterr().out.count("\n") == 1 + len(CORPUS)
    assert main(words) == 0


def test_a_file_of_questions_to_a_csv(index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("questions.txt").write_text("music\n\nthe city\n", encoding="utf-8")
    assert main(["query", "queries=questions.txt", "output=hits.csv", "top_k=2"]) == 0
    with open("hits.csv", encoding="utf-8", newline="") as file:
        assert [(row["query"], row["rank"]) for row in csv.DictReader(file)] == [
            ("music", "1"),
            ("music", "2"),
            ("the city", "1"),
            ("the city", "2"),
        ]
    assert capsys.readouterr().out == ""


def test_add_and_remove(index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("more.jsonl").write_text('{"key": "new", "text": "music in the city"}\n', encoding="utf-8")
    assert main(["add", "more.jsonl", "columns=text", "id_column=key"]) == 0
    assert main(["remove", "k0", "k2"]) == 0
    assert main(["query", "music in the city", "top_k=9", "format=csv"]) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()[2:]))
    assert {row["id"] for row in rows} == {"k1", "k3", "new"}
    assert rows[0]["id"] == "new"


def test_mine(index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mine", "threshold=0.0", "limit=1", "format=jsonl"]) == 0
    (pair,) = map(json.loads, capsys.readouterr().out.splitlines())
    cosine = pair["cosine"]
    assert (pair["id1"], pair["id2"], pair["sentence2"]) == ("k0", "k3", CORPUS[3])
    assert main(["mine", "find=communities", f"threshold={cosine - 1e-6}"]) == 0
    header, *lines = capsys.readouterr().out.splitlines()
    assert header.split() == ["community", "size", "id", "sentence"]
    assert [line.split()[:3] for line in lines] == [["1", "2", "k0"], ["1", "2", "k3"]]
    assert main(["mine", "threshold=0.999999"]) == 0
    assert capsys.readouterr().err == "Nothing is as alike as threshold=0.999999: a lower one finds more.\n"


def test_score(index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("queries.tsv").write_text(f"_id\ttext\nq1\t{CORPUS[1]}\nq2\t{CORPUS[2]}\n", encoding="utf-8")
    Path("qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tk1\t1\nq2\tk2\t1\n", encoding="utf-8")
    words = ["queries=queries.tsv", "columns=text", "id_column=_id", "relevant=qrels.tsv"]
    assert main(["score", *words, "format=jsonl"]) == 0
    scores = {row["metric"]: row["value"] for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert scores == {"ndcg@10": 1, "mrr@10": 1, "recall@1": 1, "recall@10": 1, "recall@100": 1, "queries": 2}


def test_an_index_of_what_is_encoded_already(index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["encoder=encoder", "columns=text", "id_column=key", "text=true", "shard_rows=3"]
    assert encode(["corpus.jsonl", "vectors", *words]) == 0
    assert main(["index", "vectors", "index=second", "encoder=encoder"]) == 2
    assert "vectors is encoded already: leave out encoder, or name a file" in capsys.readouterr().err
    assert main(["index", "vectors", "index=second"]) == 0
    assert "second: 4 sentences, 16 values each, search exact" in capsys.readouterr().out
    found = []
    for name in ("index", "second"):
        assert main(["query", "music", f"index={name}", "format=jsonl"]) == 0
        found.append([json.loads(line) for line in capsys.readouterr().out.splitlines()])
    assert [hit["id"] for hit in found[0]] == [hit["id"] for hit in found[1]]
    assert [hit["cosine"] for hit in found[0]] == pytest.approx([hit["cosine"] for hit in found[1]], abs=1e-6)


def test_an_index_of_faiss_stays_one(index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("faiss")
    Path("more.txt").write_text("music\n", encoding="utf-8")
    words = ["encoder=encoder", "columns=text", "overwrite=true", "method=hnsw"]
    assert main(["index", "corpus.jsonl", *words]) == 0
    assert main(["add", "more.txt"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert all("search hnsw, which finds 100.0% of the ten nearest" in line for line in said)
    assert main(["query", "music", "top_k=1", "format=jsonl"]) == 0
    found = capsys.readouterr().out
    assert json.loads(found)["id"] == "5"
    assert main(["query", "music", "top_k=1", "format=jsonl", "method=exact"]) == 0
    assert capsys.readouterr().out == found


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["index", "corpus.jsonl"], 2, "index needs an encoder"),
        (["index", "encoder=encoder"], 2, "index takes one file of sentences, got 0 words"),
        (["index", "corpus.jsonl", "encoder=encoder", "columns=text"], 1, "holds an index already"),
        (["index", "empty.txt", "encoder=encoder", "index=new"], 1, "empty.txt is empty"),
        (["index", "encoder", "index=new"], 1, "encoder holds something else than an encoded corpus"),
        (["index", "plain", "columns=text", "index=new"], 2, "plain is encoded already: leave out columns"),
        (["index", "s3://bucket/x", "index=new"], 2, "files are read and written on this machine alone"),
        (["query", "x", "index=nowhere"], 1, "There is no index in nowhere"),
        (["query"], 2, "query needs either questions"),
        (["query", "x", "top_k=0"], 2, "top_k must be at least 1, got 0"),
        (["query", "queries=empty.txt"], 1, "empty.txt is empty"),
        (["query", "x", "encoder=plain", "pooler=cls_before_pooler"], 1, "built with another encoder"),
        (["remove", "k9"], 1, "holds no id 'k9'"),
        (["remove"], 2, "remove needs ids"),
        (["score", "queries=empty.txt"], 2, "score needs"),
        (["find"], 2, "action must be"),
    ],
)
def test_what_is_refused(
    index: Path, words: list[str], code: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("empty.txt").write_text("\n", encoding="utf-8")
    assert main(words) == code
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert sentence in line
    assert main(["query", "music", "verify=true"]) == 0  # the index is as it was


def test_a_damaged_index_is_not_changed(index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = bytearray((index / "vectors.npy").read_bytes())
    content[-1] ^= 1
    (index / "vectors.npy").write_bytes(bytes(content))
    assert main(["remove", "k0"]) == 1
    assert "vectors.npy is damaged" in capsys.readouterr().err


@pytest.mark.parametrize("output", ["index/manifest.json", "questions.txt"])
def test_what_is_read_is_never_written_over(output: str, index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("questions.txt").write_text("music\n", encoding="utf-8")
    before = Path(output).read_bytes()
    assert main(["query", "queries=questions.txt", f"output={output}"]) == 2
    assert f"output={output} is read by this command: name another file." in capsys.readouterr().err
    assert Path(output).read_bytes() == before


def test_columns_of_labels_are_named_in_the_commands_own_words(
    encoder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("rows.csv").write_text("label,text\n1,a dog\n0,the city\n", encoding="utf-8")
    assert main(["index", "rows.csv", "encoder=encoder"]) == 1
    said = capsys.readouterr().err
    assert "2 texts, where one sentence was expected: name its column in columns." in said
    assert "trained on" not in said
