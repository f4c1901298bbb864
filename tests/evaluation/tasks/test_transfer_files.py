from __future__ import annotations

import numpy as np
import pytest

from sentcse.errors import DataError
from sentcse.evaluation.tasks.transfer_files import Examples, read_class_files, read_mrpc, read_sst2, read_trec

HEADER = "\ufeffQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\n"


def as_senteval_reads(path):
    """SentEval's binary.py, loadFile."""
    with path.open("r", encoding="latin-1") as file:
        return [" ".join(line.split()) for line in file.read().splitlines()]


def test_class_files_are_latin_1_and_end_lines_as_senteval_does(tmp_path):
    positive, negative = tmp_path / "x.pos", tmp_path / "x.neg"
    # UTF-8 of a e-acute and of an ellipsis: the latter holds byte 0x85, at which str.splitlines ends a line
    positive.write_bytes(b"a  caf\xc3\xa9 .\r\n\nwait\xe2\x80\xa6 what\n")
    negative.write_bytes(b"na\xefve\tone\n")
    found = read_class_files([positive, negative], classes=[1, 0], rows=[3, 1])
    assert found.columns == ((*as_senteval_reads(positive), *as_senteval_reads(negative)),)
    assert found.columns[0][:2] == ("a café .".encode().decode("latin-1"), "")
    assert found.labels.tolist() == [1, 1, 1, 0]


def test_trec_takes_the_coarse_class_and_latin_1(tmp_path):
    path = tmp_path / "train_5500.label"
    path.write_bytes(b"DESC:manner How  did it : start ?\nENTY:cremat Who was Jos\xe9 ?\n")
    found = read_trec(path, rows=2)
    assert found.columns == (("How did it : start ?", "Who was José ?"),)
    assert found.labels.tolist() == [1, 2]


def test_sst2_is_utf_8(tmp_path):
    path = tmp_path / "sentiment-dev"
    path.write_text("a café journey . \t1\nbleak  one\t0\n", encoding="utf-8")
    found = read_sst2(path, rows=2)
    assert (found.columns, found.labels.tolist()) == ((("a café journey .", "bleak one"),), [1, 0])


def test_mrpc_skips_its_header_and_keeps_quotes(tmp_path):
    path = tmp_path / "msr_paraphrase_test.txt"
    path.write_text(HEADER + '1\t7\t8\tHe said "no .\tHe  said no .\n0\t7\t8\tA\tB\n', encoding="utf-8")
    found = read_mrpc(path, rows=2)
    assert found.columns == (('He said "no .', "A"), ("He said no .", "B"))
    assert found.labels.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("reader", "content", "said"),
    [
        (read_trec, "DESC:manner How ?\n", r"file: expected 2 rows, got 1; delete the file"),
        (read_trec, "DESC:manner How ?\nWHY:manner How ?\n", r"file, line 2: expected CLASS:type question, got 'WHY:m"),
        (read_trec, "DESC:manner How ?\nDESC:manner\n", r"file, line 2: expected CLASS:type question"),
        (read_trec, "DESC:manner How ?\n\n", r"file, line 2: expected CLASS:type question, got ''"),
        (read_sst2, "a\t1\nb\t2\n", r"file, line 2: expected a sentence, a tab, and 0 or 1, got 'b\\t2'"),
        (read_sst2, "a\t1\nb 1\n", r"file, line 2"),
        (read_mrpc, "1\t7\t8\tA\tB\n1\t7\t8\tA\tB\n", r"file, line 1: expected the header Quality"),
        (read_mrpc, "", r"file, line 1: expected the header Quality"),
        (read_mrpc, HEADER + "1\t7\t8\tA\tB\n", r"file: expected 2 rows, got 1"),
        (read_mrpc, HEADER + "1\t7\t8\tA\tB\n1\t7\t8\tA\n", r"file, line 3: expected 0 or 1, two ids"),
    ],
)
def test_damaged_files_are_named_with_the_line(tmp_path, reader, content, said):
    path = tmp_path / "file"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=said):
        reader(path, rows=2)


def test_a_class_file_cut_short_is_named(tmp_path):
    for name in ("subj.objective", "subj.subjective"):
        (tmp_path / name).write_text("a\nb\n")
    paths = [tmp_path / "subj.objective", tmp_path / "subj.subjective"]
    with pytest.raises(DataError, match=r"subj\.subjective: expected 5 rows, got 2"):
        read_class_files(paths, classes=[1, 0], rows=[2, 5])


def test_undecodable_bytes_are_told(tmp_path):
    path = tmp_path / "sentiment-dev"
    path.write_bytes(b"caf\xe9\t1\n")
    with pytest.raises(DataError, match=r"sentiment-dev: not UTF-8 at byte 3"):
        read_sst2(path, rows=1)


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match=r"equally long, got \[1, 2\]"):
        Examples((("a", "b"),), np.array([1]))
