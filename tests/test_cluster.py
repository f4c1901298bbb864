"""`python -m sentcse.cluster`: a file of sentences with labels, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tiny import tiny_checkpoint

from sentcse.cluster import main
from sentcse.encoder import SentenceEncoder

ROWS = [("a dog runs", "dogs"), ("the dog sits", "dogs"), ("music in the city", "arts"), ("a man plays music", "arts")]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    SentenceEncoder.from_pretrained(tiny_checkpoint(tmp_path / "plain"), pooler="avg").save_pretrained("encoder")
    lines = [f"{sentence}\t{topic}" for sentence, topic in [("sentence", "topic"), *ROWS]]
    Path("rows.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def cluster(*words: str) -> int:
    return main(["rows.tsv", "encoder=encoder", "columns=sentence", "map=pca", *words])


def test_clusters_with_labels(capsys: pytest.CaptureFixture[str]) -> None:
    assert cluster("label_column=topic", "clusters=2", "output=out") == 0
    said = capsys.readouterr().out
    assert "most typical sentence" in said
    assert all(name in said for name in ("purity", "nmi", "ari", "out/index.html"))
    record = json.loads(Path("out/clusters.json").read_text(encoding="utf-8"))
    assert record["title"] == "Clusters of rows.tsv"
    assert sum(each["size"] for each in record["clusters"]) == 4
    assert cluster("clusters=2", "output=out") == 2
    assert "error: output=out is there already: name another folder, or set overwrite=true." in capsys.readouterr().err
    assert cluster("clusters=2", "output=out", "overwrite=true") == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["clusters=9"], "4 sentences are too few for clusters: at least 9 were expected"),
        (["clusters=1"], "clusters must be at least 2, got 1"),
        (["label_column=nothing"], "rows.tsv has no column nothing"),
        (["columns=null", "label_column=topic"], "label_column needs columns as well"),
        (["encoder=nowhere/at/all"], "nowhere/at/all"),
        (["path=missing.txt"], "missing.txt does not exist"),
        (["method=k_means"], "method"),
        (["device=tpu"], "device=tpu is no device"),
        (["output=.", "overwrite=true"], "output=. holds rows.tsv, which is read: name another folder"),
    ],
)
def test_what_it_refuses(words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cluster(*words) in (1, 2)
    said = capsys.readouterr()
    assert sentence in said.err
    assert "Traceback" not in said.err
    assert not Path("clusters").exists()


def test_labels_that_are_all_one_compare_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    Path("rows.tsv").write_text("sentence\ttopic\n" + "a dog\tdogs\n" * 4, encoding="utf-8")
    assert cluster("label_column=topic") == 1
    assert "one label alone in topic" in capsys.readouterr().err
