"""Rows into a Parquet file and back, in the three precisions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest

from sentcse.errors import DataError
from sentcse.retrieval.exact import Vectors
from sentcse.retrieval.shards import Dtype, Rows, from_int8, read_shard, to_int8, write_shard


@pytest.fixture
def rows(vectors: Vectors) -> Rows:
    return Rows([f"id {i}" for i in range(300)], [f"a text — {i}" for i in range(300)], vectors * 3)


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8"])
def test_what_is_written_is_read(rows: Rows, dtype: Dtype, tmp_path: Path) -> None:
    write_shard(rows, dtype, tmp_path / "shard")
    found = read_shard((tmp_path / "shard").read_bytes())
    assert (found.ids, found.texts, found.vectors.dtype) == (rows.ids, rows.texts, np.float32)
    # half a step of the last place kept, at the row's largest value
    largest = np.abs(rows.vectors).max(axis=1, keepdims=True)
    step = {"float32": 0, "float16": 2**-11, "int8": 0.5 / 127}[dtype]
    assert (np.abs(found.vectors - rows.vectors) <= step * largest * (1 + 1e-5)).all()
    assert (dtype == "float32") == np.array_equal(found.vectors, rows.vectors)


@pytest.mark.parametrize(("dtype", "stored"), [("float32", "float"), ("float16", "halffloat"), ("int8", "int8")])
def test_columns(rows: Rows, dtype: Dtype, stored: str, tmp_path: Path) -> None:
    write_shard(rows._replace(texts=None), dtype, tmp_path / "shard")
    schema = pyarrow.parquet.read_schema(tmp_path / "shard")
    assert schema.names == ["id", *(["scale"] if dtype == "int8" else []), "vector"]
    assert str(schema.field("vector").type) == f"fixed_size_list<element: {stored}>[24]"
    assert read_shard((tmp_path / "shard").read_bytes()).texts is None


def test_eight_bits_by_hand() -> None:
    given = np.array([[1.27, -0.635, 0.004], [0, 0, 0], [-254, 1, 3]], np.float32)
    stored, scales = to_int8(given)
    np.testing.assert_array_equal(stored, [[127, -64, 0], [0, 0, 0], [-127, 0, 2]])
    np.testing.assert_allclose(scales, [0.01, 0, 2], rtol=1e-6)
    np.testing.assert_allclose(from_int8(stored, scales)[2], [-254, 0, 4])


@pytest.mark.parametrize(
    ("dtype", "value", "said"),
    [
        ("float32", np.nan, "The vector of id 'id 7' holds NaN or infinity"),
        ("int8", np.inf, "The vector of id 'id 7' holds NaN or infinity"),
        ("float16", 1e5, "The vector of id 'id 7' holds a value too large for float16: take dtype=float32"),
    ],
)
def test_what_cannot_be_stored(rows: Rows, dtype: Dtype, value: float, said: str, tmp_path: Path) -> None:
    rows.vectors[7, 3] = value
    with pytest.raises(DataError, match=said):
        write_shard(rows, dtype, tmp_path / "shard")
