"""Lines of a text file with bounded memory, and a plain fault for bytes that are no text."""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, TextIO, cast

from sentcse.errors import DataError

MAX_LINE = 2**27
_SKIP = 2**20
_START = 2**16
HALF_CHARACTER = re.compile("[\ud800-\udfff]")
"""A surrogate: half of a pair that makes a character in UTF-16, and alone no text."""
_BYTES = range(0xDC80, 0xDD00)  # the surrogates that stand for a byte, by Python's surrogateescape
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Line(NamedTuple):
    """One line without its line ending; `cut` when it was longer than the limit."""

    number: int
    text: str
    cut: bool


def iter_lines(path: Path, encoding: str = "utf-8", limit: int = MAX_LINE) -> Iterator[Line]:
    r"""Lines of a text file, numbered from 1, ended by \n or \r\n, or by \r in a file without \n.

    A byte order mark is dropped, and a file whose name ends in .gz is unpacked on its way.

    Args:
        path: the file.
        encoding: a name that Python knows; a mark of UTF-16 at the start goes before it.
        limit: characters of a line that are kept; the rest of a longer line is read past and never held.

    Raises:
        DataError: bytes that are no text in this encoding, an unknown encoding, or a file that cannot be read.
    """
    number = 0
    try:
        with open_bytes(path) as content:
            start = content.read(_START)
        _refuse_bytes_without_zeros(path, start, encoding)
        end = _line_end(start)
        # Bytes that cannot be decoded become lone surrogates, so that the very line which holds them can be named.
        with (
            open_bytes(path) as content,
            io.TextIOWrapper(content, encoding=_codec(start, encoding), errors="surrogateescape", newline=end) as file,
        ):
            # Two more than the limit: room for a line ending.
            while (text := file.readline(limit + 2)) != "":
                number += 1
                _refuse_undecodable(text, path, number, encoding)
                body = text.removesuffix("\n").removesuffix("\r")
                cut = len(body) > limit
                if cut and not text.endswith(end):
                    _skip_to_line_end(file, end)
                yield Line(number, body[:limit], cut)
    except UnicodeError as error:
        raise _undecodable(path, number + 1, encoding, str(error)) from None
    except LookupError:
        raise DataError(
            f"{encoding!r} is not an encoding that Python knows: set data.encoding for {path} to a name such as "
            "utf-8 or latin-1."
        ) from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path} is not a whole .gz file ({error}): fetch or compress it again.") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from None


def open_bytes(path: Path) -> BinaryIO:
    """The bytes of a file, or those that are packed in a .gz."""
    return cast(BinaryIO, gzip.open(path)) if path.suffix.lower() == ".gz" else path.open("rb")


def _refuse_bytes_without_zeros(path: Path, start: bytes, encoding: str) -> None:
    """A line end has zeros in UTF-16 and UTF-32: what has none would read as rubbish, and not always as a fault."""
    wide = codecs.lookup(encoding).name.startswith(("utf-16", "utf-32"))
    if wide and start != b"" and not start.startswith(_UTF16_MARKS) and b"\0" not in start:
        raise DataError(f"{path} is not {encoding} text, which has zero bytes: leave the encoding out if it is utf-8.")


def _line_end(start: bytes) -> str:
    # in UTF-16 and UTF-32 an ASCII character is its byte and zeros
    return "\r" if b"\r" in start and b"\n" not in start else "\n"


def _codec(start: bytes, encoding: str) -> str:
    name = codecs.lookup(encoding).name
    if start.startswith(_UTF16_MARKS) and name.startswith("utf-8"):
        return "utf-16"
    return "utf-8-sig" if name == "utf-8" else encoding


def _skip_to_line_end(file: TextIO, end: str) -> None:
    while (rest := file.readline(_SKIP)) != "" and not rest.endswith(end):
        pass


def _refuse_undecodable(text: str, path: Path, number: int, encoding: str) -> None:
    found = HALF_CHARACTER.search(text)
    if found is not None:
        code = ord(found[0])
        # utf-7 and unicode_escape let the others through
        what = f"byte 0x{code - 0xDC00:02x}" if code in _BYTES else f"half a character (\\u{code:04x})"
        raise _undecodable(path, number, encoding, what)


def _undecodable(path: Path, number: int, encoding: str, what: str) -> DataError:
    return DataError(
        f"{path}, line {number}: {what} is not {encoding} text; give a corpus's encoding as data.encoding "
        f"(often latin-1 or cp1252), or convert the file: iconv -f latin-1 -t utf-8 {path.name} > converted.txt"
    )
