from __future__ import annotations

import pytest

from sentcse.errors import DataError
from sentcse.evaluation.tasks.senteval_files import read_semeval, read_sick, read_stsb

HEADER = "pair_ID\tsentence_A\tsentence_B\trelatedness_score\tentailment_judgment\n"


@pytest.fixture
def semeval(tmp_path):
    def write(sentences: str, gold: str, *, lines: int = 3, scored: int = 2):
        (tmp_path / "STS.input.x.txt").write_text(sentences)
        (tmp_path / "STS.gs.x.txt").write_text(gold)
        return read_semeval(tmp_path / "STS.input.x.txt", tmp_path / "STS.gs.x.txt", "x", lines=lines, scored=scored)

    return write


def test_pairs_without_gold_are_skipped(semeval):
    pairs = semeval("a  one\tb\nc\td\ne\tf\n", "4.2\n\n0\n")
    assert (pairs.sentences1, pairs.sentences2, pairs.gold.tolist()) == (("a one", "e"), ("b", "f"), [4.2, 0.0])


@pytest.mark.parametrize(
    ("sentences", "gold", "said"),
    [
        ("a\tb\nc\td\n", "1\n\n2\n", r"STS.input.x.txt: expected 3 rows, got 2"),
        ("a\tb\nc\td\ne\tf\n", "1\n\n", r"STS.gs.x.txt: expected 3 rows, got 2"),
        ("a\tb\nc\td\ne f\n", "1\n\n2\n", r"STS.input.x.txt, line 3: expected 2 tab-separated columns, got 1"),
        ("a\tb\nc\td\ne\tf\n", "1\n\n\n", r"STS.gs.x.txt: expected 2 scored pairs, got 1"),
        ("a\tb\nc\td\ne\tf\n", "1\n\n7\n", r"STS.gs.x.txt, line 3: expected a score from 0 to 5, got '7'"),
        ("a\tb\nc\td\ne\tf\n", "1\n\nx\n", r"STS.gs.x.txt, line 3: expected a score from 0 to 5, got 'x'"),
        ("a\tb\nc\td\ne\tf\n", "1\n\nnan\n", r"line 3: expected a score from 0 to 5, got 'nan'"),
        ("a\tb\nc\td\ne\t \n", "1\n\n2\n", r"STS.input.x.txt, line 3: a sentence of the pair is empty"),
    ],
)
def test_damaged_semeval_files_are_named(semeval, sentences, gold, said):
    with pytest.raises(DataError, match=said):
        semeval(sentences, gold)


def test_stsb_quotes_are_characters(tmp_path):
    path = tmp_path / "sts-dev.csv"
    path.write_text('g\tf\ty\t1\t5.000\t" open\tb\ng\tf\ty\t2\t0.5\tc\td "\n')
    pairs = read_stsb(path, "STSBenchmark", rows=2)
    assert (pairs.sentences1, pairs.sentences2, pairs.gold.tolist()) == (('" open', "c"), ("b", 'd "'), [5.0, 0.5])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("g\tf\ty\t1\t5\ta\tb\n", r"sts-dev.csv: expected 2 rows, got 1"),
        ("g\tf\ty\t1\t5\ta\tb\ng\tf\ty\t2\t5\ta\n", r"sts-dev.csv, line 2: expected 7 tab-separated columns, got 6"),
        ("g\tf\ty\t1\t5\ta\tb\ng\tf\ty\t2\t-1\ta\tb\n", r"line 2: expected a score from 0 to 5, got '-1'"),
    ],
)
def test_damaged_stsb_files_are_named(tmp_path, content, said):
    path = tmp_path / "sts-dev.csv"
    path.write_text(content)
    with pytest.raises(DataError, match=said):
        read_stsb(path, "STSBenchmark", rows=2)


def test_sick_skips_its_header(tmp_path):
    path = tmp_path / "SICK_trial.txt"
    path.write_text(HEADER + "4\tA b\tC d\t3.6\tNEUTRAL\r\n")
    pairs = read_sick(path, "SICK-dev", rows=1)
    assert (pairs.sentences1, pairs.sentences2, pairs.gold.tolist()) == (("A b",), ("C d",), [3.6])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", r"SICK_trial.txt, line 1: expected the header"),
        ("4\tA\tB\t3\tNEUTRAL\n5\tA\tB\t3\tNEUTRAL\n", r"line 1: expected the header"),
        (HEADER, r"SICK_trial.txt: expected 1 rows, got 0"),
        (HEADER + "4\tA\tB\t3\n", r"line 2: expected 5 tab-separated columns, got 4"),
    ],
)
def test_damaged_sick_files_are_named(tmp_path, content, said):
    path = tmp_path / "SICK_trial.txt"
    path.write_text(content)
    with pytest.raises(DataError, match=said):
        read_sick(path, "SICK-dev", rows=1)
