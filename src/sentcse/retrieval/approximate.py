"""Fewer rows than all, chosen by faiss (extra `search`); how many of the true neighbours it finds is measured.

faiss proposes rows, and their cosines are taken as in `exact`: what it finds has the same cosine and the same order.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from sentcse.errors import SentcseError
from sentcse.retrieval.exact import Nearest, Vectors, nearest, pair_cosines

Kind = Literal["flat", "hnsw", "ivf"]

FLAT_UP_TO, HNSW_UP_TO = 20_000, 1_000_000
"""Rows up to which `auto` takes all of them, and up to which a graph: it needs more memory, and longer to build."""
NEIGHBOURS, BUILD_DEPTH, SEARCH_DEPTH = 32, 200, 128
"""HNSW: links of a row; candidates kept while building and while searching (Malkov and Yashunin, 2018: M and ef)."""
CELLS, SHARE_SEARCHED = 2, 0.1
"""IVF: cells for each square root of the rows, and the share of them that a query looks into, at least 8."""
SAMPLE, SAMPLE_K = 200, 10


class Approximate:
    """A faiss index of an index's vectors.

    Attributes:
        kind: flat (all rows), hnsw (a graph) or ivf (cells).
        recall_at_10: the share of the ten true neighbours that it finds, mean over 200 of its own rows.
    """

    def __init__(self, kind: Kind, recall_at_10: float, *, faiss_index: Any = None, path: Path | None = None) -> None:
        self.kind = kind
        self.recall_at_10 = recall_at_10
        self._faiss_index = faiss_index
        self._path = path

    @classmethod
    def build(
        cls, vectors: Vectors, kind: str = "auto", *, cells: int | None = None, searched: int | None = None
    ) -> Approximate:
        """Build a faiss index of unit vectors (rows, width), and measure its recall.

        Args:
            vectors: float32.
            kind: auto (by the number of rows), flat, hnsw or ivf.
            cells: of ivf; None by the number of rows.
            searched: cells of ivf that a query looks into; None for a tenth.

        Raises:
            SentcseError: if faiss is not installed.
            ValueError: if the kind is none of these.
        """
        if kind != "auto" and kind not in get_args(Kind):
            raise ValueError(f"kind must be auto, {', '.join(get_args(Kind))}, got {kind!r}")
        chosen = kind_for(len(vectors)) if kind == "auto" else cast("Kind", kind)
        made = cls(chosen, 1.0, faiss_index=_build(np.ascontiguousarray(vectors), chosen, cells, searched))
        made.recall_at_10 = _own_recall(made, vectors)
        return made

    @classmethod
    def stored(cls, path: Path, kind: Kind, recall_at_10: float) -> Approximate:
        """The faiss index of a file, which is read when it is first searched."""
        return cls(kind, recall_at_10, path=path)

    def write(self, path: Path) -> None:
        """Write the faiss index to a file."""
        faiss().write_index(self._opened(), str(path))

    def nearest(self, queries: Vectors, vectors: Vectors, *, top_k: int) -> Nearest:
        """As `exact.nearest`, among the rows that faiss proposes.

        A query for which faiss proposes too few rows is compared with all of them.
        """
        if top_k < 1:
            raise ValueError(f"top_k must be at least 1, got {top_k}")
        k = min(top_k, len(vectors))
        rows: NDArray[np.int64] = self._opened().search(np.ascontiguousarray(queries), k)[1]
        short = np.flatnonzero((rows < 0).any(axis=1))
        if len(short) > 0:
            rows[short] = nearest(queries[short], vectors, top_k=k).rows
        asked = np.repeat(np.arange(len(queries)), k)
        cosines = pair_cosines(queries, vectors, asked, rows.ravel()).reshape(rows.shape)
        order = np.lexsort((rows, -cosines), axis=1)  # the best first, equal ones by row
        return Nearest(np.take_along_axis(rows, order, 1), np.take_along_axis(cosines, order, 1))

    def _opened(self) -> Any:
        if self._faiss_index is None:
            try:
                self._faiss_index = faiss().read_index(str(self._path))
            except RuntimeError as error:
                raise SentcseError(f"{self._path} is damaged or of another faiss: build the index again.") from error
        return self._faiss_index


def faiss() -> Any:
    """The module faiss; raises SentcseError where it is not installed."""
    try:
        import faiss as module
    except ImportError as error:
        raise SentcseError(
            "Approximate search needs faiss, which is not installed: pip install 'sentcse[search]', or take "
            "method=exact."
        ) from error
    return module


def kind_for(rows: int) -> Kind:
    """The kind of index that `auto` takes for so many rows."""
    return "flat" if rows <= FLAT_UP_TO else "hnsw" if rows <= HNSW_UP_TO else "ivf"


def _build(vectors: Vectors, kind: Kind, cells: int | None, searched: int | None) -> Any:
    module = faiss()
    rows, width = vectors.shape
    if kind == "flat":
        made = module.IndexFlatIP(width)
    elif kind == "hnsw":
        made = module.IndexHNSWFlat(width, NEIGHBOURS, module.METRIC_INNER_PRODUCT)
        made.hnsw.efConstruction, made.hnsw.efSearch = BUILD_DEPTH, SEARCH_DEPTH
    else:
        many = max(1, round(CELLS * rows**0.5)) if cells is None else cells
        made = module.IndexIVFFlat(module.IndexFlatIP(width), width, many, module.METRIC_INNER_PRODUCT)
        made.nprobe = min(many, max(8, round(SHARE_SEARCHED * many)) if searched is None else searched)
        made.train(vectors)
    made.add(vectors)
    return made


def _own_recall(made: Approximate, vectors: Vectors) -> float:
    """Recall of the ten nearest other rows; a row itself is found by any index, and does not count."""
    chosen = np.unique(np.linspace(0, len(vectors) - 1, SAMPLE).round().astype(np.int64))
    queries, k = np.array(vectors[chosen]), min(SAMPLE_K + 1, len(vectors))
    found = made.nearest(queries, vectors, top_k=k).rows
    truth = nearest(queries, vectors, top_k=k).rows
    others = [set(row[row != own].tolist()) for row, own in zip(truth, chosen, strict=True)]
    hits = sum(len(wanted.intersection(row.tolist())) for wanted, row in zip(others, found, strict=True))
    wanted = sum(map(len, others))
    return hits / wanted if wanted > 0 else 1.0
