from __future__ import annotations

import gzip
import tracemalloc
from pathlib import Path

import pytest

from sentcse.data.lines import Line, iter_lines
from sentcse.errors import DataError


def lines(path: Path, content: bytes, encoding: str = "utf-8", limit: int = 100) -> list[tuple[str, bool]]:
    path.write_bytes(content)
    return [(line.text, line.cut) for line in iter_lines(path, encoding, limit)]


def test_line_endings_byte_order_mark_and_missing_last_newline(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    expected = [("één", False), ("", False), ("drei", False)]
    assert lines(path, "\ufefféén\r\n\r\ndrei".encode()) == expected
    assert lines(path, "één\n\ndrei\n".encode()) == expected
    assert lines(path, "één\r\n\r\ndrei\r\n".encode("utf-16")) == expected
    assert lines(path, "één\n\ndrei\n".encode("latin-1"), "latin-1") == expected


def test_only_newlines_end_a_line(tmp_path: Path) -> None:
    text = "one\x0b\x0c\x1c\x85two\u2028three\rfour"
    assert lines(tmp_path / "a.txt", f"{text}\nfive\n".encode()) == [(text, False), ("five", False)]


@pytest.mark.parametrize(
    ("length", "cut"), [(99, False), (100, False), (101, True), (102, True), (103, True), (5000, True)]
)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_line_is_cut_at_the_limit_and_the_next_is_whole(tmp_path: Path, length: int, cut: bool, ending: str) -> None:
    content = ("x" * length + ending + "next" + ending).encode()
    assert lines(tmp_path / "a.txt", content) == [("x" * min(length, 100), cut), ("next", False)]
    assert lines(tmp_path / "a.txt", b"first\n" + b"x" * length) == [("first", False), ("x" * min(length, 100), cut)]


def test_an_enormous_line_is_never_held(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"a" * 50_000_000 + b"\nnext\n")
    tracemalloc.start()
    found = list(iter_lines(path, limit=10_000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == [Line(1, "a" * 10_000, True), Line(2, "next", False)]
    assert peak < 10_000_000


@pytest.mark.parametrize("before", [0, 1, 20_000])
def test_undecodable_bytes_name_file_and_line(tmp_path: Path, before: int) -> None:
    path = tmp_path / "latin.txt"
    path.write_bytes(b"fine\n" * before + b"caf\xe9 au lait\nfine\n")
    with pytest.raises(
        DataError, match=rf"latin\.txt, line {before + 1}: byte 0xe9 is not utf-8 text; give .* data\.encoding"
    ):
        list(iter_lines(path))


def test_half_a_character_of_utf16_is_a_plain_fault(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("one\ntwo".encode("utf-16")[:-1])
    with pytest.raises(DataError, match=r"a\.txt, line"):
        list(iter_lines(path))


@pytest.mark.parametrize(("encoding", "content"), [("utf-7", b"+2D0-"), ("unicode_escape", rb"\ud83d")])
def test_an_encoding_that_lets_half_a_character_through(tmp_path: Path, encoding: str, content: bytes) -> None:
    (tmp_path / "a.txt").write_bytes(b"fine\n" + content)
    with pytest.raises(DataError, match=rf"line 2: half a character \(\\ud83d\) is not {encoding} text"):
        list(iter_lines(tmp_path / "a.txt", encoding))


def test_unknown_encoding(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"x")
    with pytest.raises(DataError, match="'utf-9' is not an encoding that Python knows"):
        list(iter_lines(tmp_path / "a.txt", "utf-9"))


def test_lines_that_end_by_carriage_return_alone(tmp_path: Path) -> None:
    expected = [("one", False), ("", False), ("x" * 100, True), ("four", False)]
    content = "one\r\r" + "x" * 500 + "\rfour"
    assert lines(tmp_path / "a.txt", content.encode()) == expected
    assert lines(tmp_path / "a.txt", f"{content}\r".encode("utf-16")) == expected


def test_a_packed_file(tmp_path: Path) -> None:
    packed = gzip.compress("één\r\n\r\ndrei".encode())
    assert lines(tmp_path / "a.txt.gz", packed) == [("één", False), ("", False), ("drei", False)]
    for damaged in (packed[:-9], b"een\n", packed[:20] + b"x" + packed[21:]):
        with pytest.raises(DataError, match=r"a\.txt\.gz is not a whole \.gz file"):
            lines(tmp_path / "a.txt.gz", damaged)


@pytest.mark.parametrize("encoding", ["utf-16", "utf_16_le", "utf-32"])
def test_text_that_has_no_zeros_is_none_of_two_or_four_bytes(tmp_path: Path, encoding: str) -> None:
    """Of an even number of bytes Python would make Chinese characters, and one line."""
    with pytest.raises(DataError, match=f"is not {encoding} text, which has zero bytes: leave the encoding out"):
        lines(tmp_path / "x.txt", b"ab\ncd\nef", encoding)
    assert lines(tmp_path / "x.txt", "ab\ncd".encode(encoding), encoding) == [("ab", False), ("cd", False)]
    assert lines(tmp_path / "x.txt", b"", encoding) == []
