from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from corpora import texts

from sentcse.data.objects import Object, iter_objects, names_of, text_of
from sentcse.errors import DataError


def test_jsonl_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    rows = [{"id": 1, "text": "one"}, {"text": "zwölf\ntwo", "id": 2}]
    content = "\n\n".join(json.dumps(row) for row in rows) + "\n"
    assert texts(path, content) == [("one",), ("",), ("zwölf\ntwo",)]
    assert texts(path, '{"a": "1", "b": "2"}\n', ["b", "a"]) == [("2", "1")]
    assert texts(path, r'{"text": "good \ud83d\ude00"}') == [("good \U0001f600",)]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{broken", "line 2: not JSON"),
        ("[1]", "line 2: .* is not an object"),
        ('{"other": "x"}', "line 2: no 'text', only other"),
        ('{"text": 3}', "line 2: 'text' is 3, where a text was expected"),
        (r'{"text": "good \ud83d"}', r"line 2: 'text' holds \\ud83d, half of a character"),
        (r'{"text": "\ude00\ud83d"}', r"line 2: 'text' holds \\ude00, half of a character"),
    ],
)
def test_jsonl_faults_name_the_line(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        texts(tmp_path / "a.jsonl", f'{{"text": "fine"}}\n{line}\n')


@pytest.mark.parametrize(
    "content", ['[{"text": "one"}, {"text": "two"}]', '["one",\n"two"]', '{"text": "one"}\n{"text": "two"}']
)
def test_json_as_an_array_of_objects_or_texts_and_as_lines(tmp_path: Path, content: str) -> None:
    assert texts(tmp_path / "a.json", f"\n{content}\n")[-2:] == [("one",), ("two",)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[1]", "element 1: 1 is neither"),
        ('["a",', "not JSON"),
        ("[null]", "element 1: None is neither"),
        ("[" * 10**5, "not"),
    ],
)
def test_json_faults(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        texts(tmp_path / "a.json", content)


@pytest.mark.parametrize(
    ("name", "content", "rows"),
    [
        ("a.jsonl", '{"n": 1}\n \n{"n": 2}\n', [("line 1", 1, {"n": 1}), ("line 2", 2, None), ("line 3", 3, {"n": 2})]),
        ("a.json", '[{"n": 1},\n"x"]', [("element 1", 1, {"n": 1}), ("element 2", 2, {"text": "x"})]),
    ],
)
def test_a_row_says_where_it_stands(
    tmp_path: Path, name: str, content: str, rows: list[tuple[str, int, dict[str, object] | None]]
) -> None:
    path = tmp_path / name
    path.write_text(content)
    expected = [Object(f"{path}, {place}", number, values) for place, number, values in rows]
    assert list(iter_objects(path, "utf-8", f".{name[2:]}")) == expected


def test_parquet_is_read_in_parts(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"n": range(2500)}), path)
    rows = list(iter_objects(path, "utf-8", ".parquet"))
    assert [row.number for row in rows] == list(range(1, 2501))
    assert rows[-1] == Object(f"{path}, row 2500", 2500, {"n": 2499})


def test_a_value_is_a_text_and_a_null_an_empty_one() -> None:
    row = Object("a.jsonl, line 3", 3, {"text": "one", "other": None, "label": 4})
    assert (text_of(row, "text"), text_of(row, "other")) == ("one", "")
    with pytest.raises(DataError, match=r"^a\.jsonl, line 3: 'label' is 4, where a text was expected"):
        text_of(row, "label")
    with pytest.raises(
        DataError, match=r"^a\.jsonl, line 3: no 'score', only text, other, label; data\.columns chooses"
    ):
        text_of(row, "score")
    with pytest.raises(DataError, match="no 'text', only ;"):
        text_of(Object("a.jsonl, line 4", 4, None), "text")
    assert len(names_of(dict.fromkeys(map(str, range(1000))))) == 200
