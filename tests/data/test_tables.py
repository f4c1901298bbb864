from __future__ import annotations

from pathlib import Path

import pytest
from corpora import texts

from sentcse.data.tables import iter_fields
from sentcse.errors import DataError


def test_tsv_has_no_quoting(tmp_path: Path) -> None:
    assert texts(tmp_path / "a.tsv", '"He said\tno"\nx\ty\n') == [('"He said', 'no"'), ("x", "y")]


def test_line_numbers_count_lines_within_quotation_marks(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.csv, line 4: 1 columns"):
        texts(tmp_path / "a.csv", 'a,b\n"c\nc",d\ne\n')


def test_unclosed_quotation_mark_names_its_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.csv, line 2: not a row of a \.csv file"):
        texts(tmp_path / "a.csv", 'a,b\n"c,d\n' + "e,f\n" * 100)


@pytest.mark.parametrize("mark", [";", "\t"])
def test_a_csv_with_another_mark(tmp_path: Path, mark: str) -> None:
    content = f'text{mark}other\nOne, or two.{mark}"a{mark} ""b"""\n3{mark}d\n'
    assert texts(tmp_path / "a.csv", content) == [("One, or two.", f'a{mark} "b"'), ("3", "d")]
    assert texts(tmp_path / "a.csv", content, ["other"]) == [(f'a{mark} "b"',), ("d",)]


def test_semicolons_and_tabs_in_sentences_are_no_marks(tmp_path: Path) -> None:
    assert texts(tmp_path / "a.csv", "text\none; two\nthree; four\n") == [("one; two",), ("three; four",)]
    assert texts(tmp_path / "a.csv", "one; two\nthree\n") == [("one; two",), ("three",)]


def test_a_row_is_numbered_by_the_line_that_it_begins_in(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('a,b\n"c\nc",d\n\ne,"f"\n')
    assert list(iter_fields(path, "utf-8", quoted=True)) == [
        (1, ["a", "b"]),
        (2, ["c\nc", "d"]),
        (4, [""]),
        (5, ["e", "f"]),
    ]
    assert list(iter_fields(path, "utf-8", quoted=False))[1:3] == [(2, ['"c']), (3, ['c",d'])]


def test_rows_of_the_sample_are_followed_by_the_rest(tmp_path: Path) -> None:
    """The mark is chosen from the first rows; none of them is lost, and one that goes on after them is whole."""
    rows = [["text", "other"], *([f"a{number}", f"one, two {number}"] for number in range(1, 50))]
    rows[19][1] = "begins\nand ends"
    (tmp_path / "a.csv").write_text("".join(f'"{one}";"{other}"\n' for one, other in rows))
    assert [fields for _, fields in iter_fields(tmp_path / "a.csv", "utf-8", quoted=True)] == rows
