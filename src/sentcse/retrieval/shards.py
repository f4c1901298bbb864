"""A shard of an encoded corpus: some rows as one Parquet file, their vectors as precisely as was asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sentcse.errors import DataError
from sentcse.retrieval.exact import Vectors

Dtype = Literal["float32", "float16", "int8"]
INT8_MAX = 127


class Rows(NamedTuple):
    """Rows of an encoded corpus: ids, sentences where they were kept, and float32 vectors of (rows, width)."""

    ids: list[str]
    texts: list[str] | None
    vectors: Vectors


def write_shard(rows: Rows, dtype: Dtype, path: Path) -> None:
    """Write rows with the columns id, text (where there are texts), vector (of a fixed size), and for int8 scale.

    Raises:
        DataError: if a vector holds NaN or infinity, or values that float16 has not.
    """
    import pyarrow
    import pyarrow.parquet

    columns = {"id": pyarrow.array(rows.ids, pyarrow.string())}
    if rows.texts is not None:
        columns["text"] = pyarrow.array(rows.texts, pyarrow.string())
    _require_finite(rows, rows.vectors, "NaN or infinity: the encoder's weights are damaged or overflowed in training.")
    stored: NDArray[Any]
    if dtype == "int8":
        stored, scales = to_int8(rows.vectors)
        columns["scale"] = pyarrow.array(scales)
    else:
        with np.errstate(over="ignore"):
            stored = rows.vectors.astype(dtype)
        _require_finite(rows, stored, "a value too large for float16: take dtype=float32 or int8, or normalize=true.")
    columns["vector"] = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(stored.ravel()), stored.shape[1])
    # vectors of an encoder do not get smaller, and would only be slower to read
    compression = {name: "zstd" if name in ("id", "text") else "none" for name in columns if name != "vector"}
    compression["vector.list.element"] = "none"
    table = pyarrow.table(columns)
    pyarrow.parquet.write_table(table, path, use_dictionary=False, write_statistics=False, compression=compression)


def read_shard(content: bytes) -> Rows:
    """The rows of a shard's bytes, vectors back in float32.

    Raises:
        pyarrow.ArrowException, KeyError: if it is none.
    """
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(pyarrow.BufferReader(content), use_threads=False)
    stored = table["vector"].combine_chunks()
    vectors: NDArray[Any] = stored.flatten().to_numpy().reshape(len(stored), stored.type.list_size)
    if "scale" in table.column_names:
        vectors = from_int8(vectors, table["scale"].to_numpy())
    texts = table["text"].to_pylist() if "text" in table.column_names else None
    return Rows(table["id"].to_pylist(), texts, vectors.astype(np.float32, copy=False))


def to_int8(vectors: Vectors) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Whole numbers from -127 to 127 of (rows, width), and what each row is multiplied with, (rows,).

    A value is off by at most half its row's scale, which is the row's largest value / 127.
    """
    scales = (np.abs(vectors).max(axis=1) / INT8_MAX).astype(np.float32)
    # where a scale is 0, so are all values
    divided = vectors / np.where(scales == 0, 1, scales)[:, None]
    return np.rint(np.clip(divided, -INT8_MAX, INT8_MAX)).astype(np.int8), scales


def from_int8(stored: NDArray[np.int8], scales: NDArray[np.float32]) -> Vectors:
    """What `to_int8` made, back in float32."""
    vectors: Vectors = stored.astype(np.float32) * scales[:, None]
    return vectors


def _require_finite(rows: Rows, vectors: NDArray[Any], what: str) -> None:
    bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(bad) > 0:
        raise DataError(f"The vector of id {rows.ids[int(bad[0])]!r} holds {what}")
