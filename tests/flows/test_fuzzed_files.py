"""Every reader with rows and bytes that nobody would write by hand: a wrong row, a traceback or a hang is a fault."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentcse.data.text_file import TextFile
from sentcse.errors import DataError
from sentcse.evaluation.tasks.pairs import read_pairs_file

Rows = list[tuple[str, ...]]
EXAMPLES = [50, pytest.param(5000, marks=[pytest.mark.slow, pytest.mark.fuzz])]
NAMES = ["anchor", "text", "negative"]
LETTERS = st.characters(exclude_categories=["Cs"])
# a line is a row in a .txt and .tsv, a carriage return before a line feed is part of its end, and a byte order mark at
# the start of a file is no text
LINES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\t\r\n\ufeff"))
CELLS = st.text(st.one_of(LETTERS, st.sampled_from(',;"\n\t {[')).filter(lambda letter: letter != "\r"))


def rows_of(cell: st.SearchStrategy[str], width: st.SearchStrategy[int]) -> st.SearchStrategy[Rows]:
    return width.flatmap(lambda columns: st.lists(st.tuples(*[cell] * columns), min_size=1, max_size=6))


def as_csv(rows: Rows, mark: str) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=mark, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows([NAMES[: len(rows[0])], *rows])
    return out.getvalue()


def as_objects(rows: Rows) -> list[dict[str, str]]:
    return [dict(zip(NAMES, row, strict=False)) for row in rows]


WRITERS: dict[str, tuple[st.SearchStrategy[Rows], Callable[[Rows], str]]] = {
    "a.txt": (rows_of(LINES, st.just(1)), lambda rows: "".join(f"{text}\n" for (text,) in rows)),
    "a.tsv": (
        rows_of(LINES, st.integers(1, 3)),
        lambda rows: "".join("\t".join(row) + "\n" for row in [tuple(NAMES[: len(rows[0])]), *rows]),
    ),
    "a.csv": (rows_of(CELLS, st.integers(1, 3)), lambda rows: as_csv(rows, ",")),
    "semicolons.csv": (rows_of(CELLS, st.integers(2, 3)), lambda rows: as_csv(rows, ";")),
    "a.jsonl": (
        rows_of(st.text(LETTERS), st.integers(1, 3)),
        lambda rows: "".join(json.dumps(row) + "\n" for row in as_objects(rows)),
    ),
    "a.json": (
        rows_of(st.text(LETTERS), st.integers(1, 3)),
        lambda rows: json.dumps(as_objects(rows), ensure_ascii=False, indent=1),
    ),
}


def written(path: Path, content: str, packed: bool, encoding: str = "utf-8") -> Path:
    data = content.encode(encoding)
    target = path.with_name(f"{path.name}.gz") if packed else path
    target.write_bytes(gzip.compress(data, 1) if packed else data)
    return target


def texts_of(source: TextFile) -> Rows:
    return [record.texts for record in source.iter_records()]


def fuzzed(examples: int) -> settings:
    checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    return settings(max_examples=examples, deadline=2000, database=None, derandomize=True, suppress_health_check=checks)


@pytest.mark.parametrize("examples", EXAMPLES)
@pytest.mark.parametrize("name", WRITERS)
def test_what_is_written_is_read(tmp_path: Path, name: str, examples: int) -> None:
    strategy, write = WRITERS[name]

    @fuzzed(examples)
    @given(rows=strategy, packed=st.booleans(), encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
    def check(rows: Rows, packed: bool, encoding: str) -> None:
        path = written(tmp_path / name, write(rows), packed, encoding)
        columns = None if name == "a.txt" else NAMES[: len(rows[0])]
        assert texts_of(TextFile(path, columns=columns)) == rows

    check()


@pytest.mark.parametrize("examples", EXAMPLES)
def test_what_is_written_to_parquet_is_read(tmp_path: Path, examples: int) -> None:
    @fuzzed(examples)
    @given(rows=rows_of(st.text(LETTERS), st.integers(1, 3)))
    def check(rows: Rows) -> None:
        pq.write_table(pa.Table.from_pylist(as_objects(rows)), tmp_path / "a.parquet")
        assert texts_of(TextFile(tmp_path / "a.parquet", columns=NAMES[: len(rows[0])])) == rows

    check()


def damaged(content: bytes) -> st.SearchStrategy[bytes]:
    """Bytes that are wrong somewhere: cut, with a byte changed, or doubled."""
    place = st.integers(0, max(0, len(content) - 1))
    return st.one_of(
        place.map(lambda at: content[:at]),
        st.tuples(place, st.integers(0, 255)).map(lambda at: content[: at[0]] + bytes([at[1]]) + content[at[0] + 1 :]),
        place.map(lambda at: content[at:] + content[:at]),
    )


def samples(tmp_path: Path) -> Iterator[tuple[str, bytes]]:
    rows: Rows = [("A cat, sat.", 'He said "no"'), ("\u732b", "x; y"), ("", "z")]
    for name, (_, write) in WRITERS.items():
        content = write([row[:1] for row in rows] if name == "a.txt" else rows)
        yield name, content.encode()
        yield f"{name}.gz", gzip.compress(content.encode())
    pq.write_table(pa.Table.from_pylist(as_objects(rows)), tmp_path / "sample.parquet")
    yield "a.parquet", (tmp_path / "sample.parquet").read_bytes()
    pair = '{"score": %d, "sentence1": "a", "sentence2": "b"}\n'
    yield "pairs.jsonl", (pair % 1 + pair % 2).encode()
    yield "pairs.csv", b'score;sentence1;sentence2\n1;"a ""b""";c\n2;"d\ne";f\n'


@pytest.mark.parametrize("examples", EXAMPLES)
def test_no_bytes_are_a_traceback(tmp_path: Path, examples: int) -> None:
    sound = dict(samples(tmp_path))
    names = st.sampled_from(sorted(sound))
    anything = st.tuples(names, st.one_of(st.binary(max_size=200), st.text(LETTERS).map(str.encode)))

    @fuzzed(examples)
    @given(
        file=st.one_of(anything, names.flatmap(lambda name: st.tuples(st.just(name), damaged(sound[name])))),
        columns=st.sampled_from([None, ["text"], ["anchor", "text"]]),
    )
    def check(file: tuple[str, bytes], columns: list[str] | None) -> None:
        name, content = file
        (tmp_path / name).write_bytes(content)
        for read in (
            lambda: texts_of(TextFile(tmp_path / name, columns=columns)),
            lambda: read_pairs_file(tmp_path / name, "mine"),
        ):
            with contextlib.suppress(DataError):
                read()

    check()


@pytest.mark.parametrize("examples", EXAMPLES)
@pytest.mark.parametrize("name", ["a.tsv", "a.csv", "a.jsonl"])
def test_pairs_that_are_written_are_read(tmp_path: Path, name: str, examples: int) -> None:
    sentence = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\t\r\n")).filter(
        lambda text: text.strip() != ""
    )
    graded = st.lists(
        st.tuples(st.floats(0, 5), sentence, sentence), min_size=2, max_size=6, unique_by=lambda row: row[0]
    )

    @fuzzed(examples)
    @given(rows=graded, header=st.booleans())
    def check(rows: list[tuple[float, str, str]], header: bool) -> None:
        names = ("score", "sentence1", "sentence2")
        table = [names, *rows] if header else rows
        path = tmp_path / name
        if name == "a.jsonl":
            path.write_text("\n".join(json.dumps(dict(zip(names, row, strict=True))) for row in rows))
        elif name == "a.tsv":
            path.write_text("\n".join("\t".join(map(str, row)) for row in table), encoding="utf-8")
        else:
            with path.open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows(table)
        pairs = read_pairs_file(path, "mine")
        found = list(zip(pairs.gold.tolist(), pairs.sentences1, pairs.sentences2, strict=True))
        assert found == [(score, " ".join(one.split()), " ".join(other.split())) for score, one, other in rows]

    check()
