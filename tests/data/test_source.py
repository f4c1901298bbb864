from __future__ import annotations

from collections.abc import Iterator

import pytest

from sentcse.data.formats import Record
from sentcse.data.source import Prompted, Source, checked_columns
from sentcse.errors import DataError


class Listed(Source):
    """The least that a corpus is: rows in a list."""

    name = "listed"
    sha256 = "0"
    header = ()

    def __init__(self, *rows: tuple[str, ...]) -> None:
        self.rows = rows

    def iter_records(self) -> Iterator[Record]:
        return (Record(number, row, cut=False) for number, row in enumerate(self.rows, start=1))


def test_rows_are_those_with_a_text_in_every_column() -> None:
    assert list(Listed(("a", "b"), ("", ""), ("c", " "), ("d", "e")).iter_rows()) == [("a", "b"), ("d", "e")]


@pytest.mark.parametrize("rows", [[], [("",), (" ",)]])
def test_a_source_without_a_text_is_a_fault(rows: list[tuple[str, ...]]) -> None:
    with pytest.raises(DataError, match=r"^listed is empty: not one row with text in it"):
        list(Listed(*rows).iter_rows())


def test_most_need_no_fetching_and_have_any_number_of_rows() -> None:
    source = Listed(("a",))
    source.fetch()
    source.check_rows(10**9)
    assert list(source.iter_rows()) == [("a",)]


def test_one_to_three_columns_are_read() -> None:
    assert checked_columns(None) is None
    assert checked_columns(["a", "b", "c"]) == ("a", "b", "c")
    for columns in ([], list("abcd")):
        with pytest.raises(DataError, match=rf"data\.columns has {len(columns)} names: one \(sentences\), two"):
            checked_columns(columns)


def test_a_column_named_twice() -> None:
    assert checked_columns(["a", "b"]) == ("a", "b")
    with pytest.raises(DataError, match=r"data\.columns=\[a,b,a\] names 'a' twice: name each column once\."):
        checked_columns(["a", "b", "a"])


def test_a_prompt_before_every_text_but_not_before_none() -> None:
    source = Listed(("a", "b"), ("", ""), ("c", "d"))
    prompted = Prompted(source, "q: ")
    assert list(prompted.iter_rows()) == [("q: a", "q: b"), ("q: c", "q: d")]
    assert [record.line for record in prompted.iter_records()] == [1, 2, 3]
    assert len({source.sha256, prompted.sha256, Prompted(source, "p: ").sha256}) == 3
