from __future__ import annotations

import gzip

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sentcse.errors import DataError
from sentcse.evaluation.tasks.pairs import Pairs, read_lines, read_pairs_file
from sentcse.evaluation.tasks.sts import load_pairs

ROWS = ((4.5, "A cat sits.", 'He said "no'), (1.0, "A dog, running", "Rain"))

LAYOUTS = {
    "header.tsv": 'score\tsentence1\tsentence2\n4.5\tA cat sits.\tHe said "no\n1\tA dog, running\tRain\n',
    "reordered.tsv": 'id\tSentence2\tscore\tSentence1\n7\tHe said "no\t4.5\tA cat sits.\n8\tRain\t1\tA dog, running\n',
    "plain.tsv": '4.5\tA cat sits.\tHe said "no\n1\tA dog, running\tRain\n',
    "marked.tsv": '\ufeffscore\tsentence1\tsentence2\r\n4.5\tA cat sits.\tHe said "no\r\n'
    "\r\n1\tA dog, running\tRain\r\n",
    "quoted.csv": 'score,sentence1,sentence2\n4.5,A cat sits.,"He said ""no"\n1,"A dog, running",Rain\n',
    "semicolons.csv": 'score;sentence1;sentence2\n4.5;A cat sits.;"He said ""no"\n1;A dog, running;Rain\n',
    "tabs.csv": 'score\tsentence1\tsentence2\n4.5\tA cat sits.\t"He said ""no"\n1\tA dog, running\tRain\n',
    "returns.tsv": 'score\tsentence1\tsentence2\r4.5\tA cat sits.\tHe said "no\r1\tA dog, running\tRain\r',
    "lines.jsonl": '{"Sentence1": "A cat sits.", "sentence2": "He said \\"no", "score": 4.5}\n\n'
    '{"score": "1", "sentence2": "Rain", "sentence1": "A dog, running"}\n',
    "array.json": '[{"sentence1": "A cat sits.", "sentence2": "He said \\"no", "score": 4.5},\n'
    '{"score": 1, "sentence2": "Rain", "sentence1": "A dog, running"}]',
    "stsb.csv": 'news\tf\t2012\t1\t4.500\tA cat sits.\tHe said "no\n'
    "news\tf\t2012\t2\t1.0\tA dog, running\tRain\tlicence\n",
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_each_layout_gives_the_same_pairs(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(LAYOUTS[name].encode())
    pairs = read_pairs_file(path, "mine")
    assert pairs.source == "mine"
    assert pairs.gold.dtype == np.float64
    assert tuple(zip(pairs.gold.tolist(), pairs.sentences1, pairs.sentences2, strict=True)) == ROWS


def test_utf_16_and_parquet_give_the_same_pairs(tmp_path):
    path = tmp_path / "wide.tsv"
    path.write_bytes(LAYOUTS["header.tsv"].encode("utf-16"))
    names = ("score", "sentence1", "sentence2")
    pq.write_table(pa.table(dict(zip(names, zip(*ROWS, strict=True), strict=True))), tmp_path / "a.parquet")
    for pairs in (read_pairs_file(path, "mine"), read_pairs_file(tmp_path / "a.parquet", "mine")):
        assert tuple(zip(pairs.gold.tolist(), pairs.sentences1, pairs.sentences2, strict=True)) == ROWS


@pytest.mark.parametrize("name", ["quoted.csv", "header.tsv", "lines.jsonl"])
def test_packed_files_give_the_same_pairs(tmp_path, name):
    path = tmp_path / f"{name}.gz"
    path.write_bytes(gzip.compress(LAYOUTS[name].encode()))
    pairs = read_pairs_file(path, "mine")
    assert tuple(zip(pairs.gold.tolist(), pairs.sentences1, pairs.sentences2, strict=True)) == ROWS


def test_load_pairs_gives_a_task_of_one_source(tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text(LAYOUTS["header.tsv"])
    task = load_pairs(path, name="mine", split="dev")
    assert (task.name, task.label, task.split, task.pairs) == ("mine", "mine", "dev", 2)
    assert task.sources[0].source == "pairs"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("short.tsv", "score\tsentence1\tsentence2\n3\tonly one\n", r"short.tsv, line 2: expected 3 columns .*, got 2"),
        ("long.tsv", "1\ta\tb\n2\ta\tb\tc\n", r"line 2: expected 3 columns .*, got 4"),
        ("word.tsv", "high\ta b\tc\n", r"line 1: expected a number as score, got 'high'"),
        ("nan.tsv", "1\ta\tb\nnan\ta\tb\n", r"line 2: expected a finite score, got 'nan'"),
        ("blank.tsv", "1\ta\tb\n2\t \tb\n", r"line 2: a sentence of the pair is empty"),
        ("empty.tsv", "", r"empty.tsv: no pairs; a rank correlation"),
        ("constant.tsv", "1\ta\tb\n1\tc\td\n", r"2 pairs with one score; a rank correlation"),
        ("names.jsonl", '{"score": 1, "text": "a"}', r"line 1: no 'sentence1', only score, text"),
        ("null.jsonl", '{"score": 1, "sentence1": "a", "sentence2": null}', r"line 1: a sentence of the pair is empty"),
        ("quote.csv", 'score,sentence1,sentence2\n1,"a,b\n', r"quote\.csv, line 2: not a row of a \.csv file"),
    ],
)
def test_malformed_files_are_refused_with_their_line(tmp_path, name, content, said):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(DataError, match=said):
        read_pairs_file(path, "mine")


def test_undecodable_bytes_are_refused_with_their_line(tmp_path):
    path = tmp_path / "latin.tsv"
    path.write_bytes(b"1\ta\tb\n2\tcaf\xe9\tb\n")
    with pytest.raises(DataError, match=r"latin.tsv, line 2: byte 0xe9 is not utf-8 text; .*convert the file"):
        read_pairs_file(path, "mine")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"nothing.tsv does not exist"):
        read_pairs_file(tmp_path / "nothing.tsv", "mine")


def test_lines_end_at_line_feeds_only(tmp_path):
    path = tmp_path / "lines.txt"
    path.write_text("one\u2028still one\x85and still\ntwo\r\n\n", encoding="utf-8", newline="")
    assert read_lines(path) == ["one\u2028still one\x85and still", "two", ""]


def test_pairs_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match=r"equally long, got \(1, 2, 1\)"):
        Pairs("x", ("a",), ("b", "c"), np.array([1.0]))
