from __future__ import annotations

import json
from pathlib import Path

import pytest
from clusters_of import directions

from sentcse.clustering.clusters import ClusterSettings, find_clusters
from sentcse.clustering.write import write_clusters
from sentcse.errors import SentcseError

STRANGE = "</script><img src=x onerror=alert(1)> | `a` \u202e"


def test_every_file_says_the_same(tmp_path: Path) -> None:
    unit, truth = directions([6, 4])
    sentences = [f"number {row}" for row in range(10)]
    sentences[0] = STRANGE
    found = find_clusters(
        unit, sentences, ClusterSettings(number=2, projection="pca"), labels=[str(each) for each in truth]
    )
    write_clusters(tmp_path / "out", found, sentences, None, title="A <title>")
    out = tmp_path / "out"
    names = {"sentences.jsonl", "clusters.json", "clusters.md", "map.png", "map.pdf", "map.svg", "index.html"}
    assert {path.name for path in out.iterdir()} == names
    rows = [json.loads(line) for line in (out / "sentences.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["sentence"] for row in rows] == sentences
    record = json.loads((out / "clusters.json").read_text(encoding="utf-8"))
    assert (record["format"], record["sentences"], record["scores"]["purity"]) == (1, 10, 1)
    assert [each["size"] for each in record["clusters"]] == [6, 4]
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "<title>A &lt;title&gt;</title>" in page
    assert "<img src=x" not in page  # text is never taken for HTML, in the list or in the script's data
    assert page.count("</script>") == 2
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in page


def test_figures_are_the_same_each_time(tmp_path: Path) -> None:
    unit, _ = directions([6, 4])
    found = find_clusters(unit, ["a word"] * 10, ClusterSettings(number=2, projection="pca"))
    for name in ("one", "two"):
        write_clusters(tmp_path / name, found, ["a word"] * 10, None, title="title")
    for name in ("map.png", "map.pdf", "index.html"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    unit, _ = directions([6, 4])
    found = find_clusters(unit, ["a word"] * 10, ClusterSettings(number=2, projection="pca"))
    with pytest.raises(SentcseError, match="name another folder in output"):
        write_clusters(tmp_path / "file", found, ["a word"] * 10, None, title="title")
