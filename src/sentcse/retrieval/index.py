"""An index of sentences: built with an encoder, changed, saved, opened memory-mapped, searched."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sentcse.errors import DataError, SentcseError
from sentcse.retrieval.approximate import Approximate
from sentcse.retrieval.documents import Document, refuse_repeated
from sentcse.retrieval.exact import Nearest, Vectors, directions, nearest
from sentcse.retrieval.folder import Contents, EncoderIdentity, open_contents, write_contents
from sentcse.storage.content_hash import encoder_sha256

if TYPE_CHECKING:
    from sentcse.encoder import SentenceEncoder


@dataclass(frozen=True)
class Hit:
    """A sentence that was found, its cosine with the query, its id and payload."""

    sentence: str
    cosine: float
    id: str
    payload: Mapping[str, Any]


class Index:
    """Unit vectors of sentences, with ids and payloads; `Index.build` and `Index.open` make one.

    Args:
        encoder: what made the vectors.
        vectors: float32 of unit length, (rows, width).
        documents: (rows,).
        next_id: the number that the next sentence without an id gets; numbers are never used again.
        approximate: a faiss index of the same vectors, or None.
    """

    def __init__(
        self,
        encoder: EncoderIdentity,
        vectors: Vectors,
        documents: Sequence[Document],
        next_id: int = 1,
        approximate: Approximate | None = None,
    ) -> None:
        self.encoder = encoder
        self.vectors = vectors
        self.documents = documents
        self.next_id = next_id
        self.approximate = approximate

    @classmethod
    def build(
        cls,
        encoder: SentenceEncoder,
        sentences: Sequence[str],
        *,
        ids: Sequence[str] | None = None,
        payloads: Sequence[Mapping[str, Any]] | None = None,
        identity: EncoderIdentity | None = None,
        batch_size: int = 64,
        progress: bool = False,
    ) -> Index:
        """Encode sentences into an index in memory.

        Args:
            encoder: with which the index is searched later, too.
            sentences: at least one.
            ids: one for each, all different; None for "1", "2", ...
            payloads: what else belongs to each sentence, of values that JSON can hold; None for nothing.
            identity: of the encoder, where it is known already; None: it is hashed.
            batch_size: sentences encoded together.
            progress: show a bar on a terminal.

        Raises:
            DataError: if there is no sentence, an id occurs twice, or a vector is no direction.
            ValueError: if ids or payloads are not as many as sentences, or sentences are one string.
        """
        known = EncoderIdentity(encoder_sha256(encoder.parts())) if identity is None else identity
        index = cls(known, np.empty((0, 0), np.float32), [])
        index._append(encoder, sentences, ids, payloads, batch_size, progress)
        return index

    @classmethod
    def open(cls, folder: str | Path) -> Index:
        """Open a saved index, its files memory-mapped: no vector and no sentence is read before it is needed.

        Raises:
            SentcseError: if there is none, or a file is missing, of another size, or of another format.
        """
        return cls(*open_contents(Path(folder)))

    def save(self, folder: str | Path, *, overwrite: bool = False) -> Path:
        """Write the index as a folder, whole or not at all; returns its absolute path.

        Raises:
            SentcseError: if the folder exists and `overwrite` is false, holds something else than an index, or
                cannot be written.
        """
        contents = Contents(self.encoder, self.vectors, self.documents, self.next_id, self.approximate)
        return write_contents(contents, Path(folder), overwrite=overwrite)

    def __len__(self) -> int:
        return len(self.documents)

    def add(
        self,
        encoder: SentenceEncoder,
        sentences: Sequence[str],
        *,
        ids: Sequence[str] | None = None,
        payloads: Sequence[Mapping[str, Any]] | None = None,
        batch_size: int = 64,
        progress: bool = False,
    ) -> None:
        """Append sentences, in memory; arguments as of `build`. A faiss index is dropped: `accelerate` makes another.

        Raises:
            DataError: as `build`, or if an id is in the index already.
            SentcseError: if the encoder is another than the index was built with.
        """
        self._check(encoder)
        self._append(encoder, sentences, ids, payloads, batch_size, progress)

    def remove(self, ids: Collection[str]) -> None:
        """Take sentences out, in memory; a faiss index is dropped.

        Raises:
            DataError: if an id is not in the index, or no sentence would be left.
        """
        gone = set(ids)
        known = [document.id for document in self.documents]
        unknown = sorted(gone.difference(known))
        if unknown:
            raise DataError(f"The index holds no id {unknown[0]!r}" + _and_more(unknown) + "; nothing was removed.")
        kept = [row for row, name in enumerate(known) if name not in gone]
        if len(kept) == 0:
            raise DataError("No sentence would be left in the index: delete its folder instead.")
        self.documents = [self.documents[row] for row in kept]
        self.vectors = self.vectors[kept]
        self.approximate = None

    def accelerate(self, kind: str = "auto") -> None:
        """Build a faiss index of the vectors and measure its recall; see `sentcse.retrieval.approximate`.

        Raises:
            SentcseError: if faiss is not installed.
        """
        self.approximate = Approximate.build(self.vectors, kind)

    def search(
        self,
        encoder: SentenceEncoder,
        queries: Sequence[str],
        *,
        top_k: int = 10,
        exact: bool = False,
        batch_size: int = 64,
    ) -> list[list[Hit]]:
        """The `top_k` sentences of the largest cosine with each query, best first.

        Args:
            encoder: the one that the index was built with.
            queries: any number.
            top_k: hits for each query; all sentences where there are fewer.
            exact: go through all rows although there is a faiss index.
            batch_size: queries encoded together.

        Raises:
            SentcseError: if the encoder is another than the index was built with.
            ValueError: if `top_k` is below 1, or queries are one string.
        """
        _require_list("queries", queries)
        self._check(encoder)
        unit = directions(encoder.encode(queries, batch_size=batch_size), queries)
        found = self.search_vectors(unit, top_k=top_k, exact=exact)
        return [list(self._hits(*each)) for each in zip(found.rows.tolist(), found.cosines.tolist(), strict=True)]

    def search_vectors(self, queries: Vectors, *, top_k: int, exact: bool = False) -> Nearest:
        """The rows nearest to unit vectors of (queries, width); other arguments as of `search`."""
        if self.approximate is None or exact:
            return nearest(queries, self.vectors, top_k=top_k)
        return self.approximate.nearest(queries, self.vectors, top_k=top_k)

    def _hits(self, rows: Sequence[int], cosines: Sequence[float]) -> Iterator[Hit]:
        for row, cosine in zip(rows, cosines, strict=True):
            document = self.documents[row]
            yield Hit(document.sentence, cosine, document.id, document.payload)

    def _check(self, encoder: SentenceEncoder) -> None:
        found = encoder_sha256(encoder.parts())
        if found != self.encoder.sha256:
            source = "" if self.encoder.source is None else f", from {self.encoder.source}"
            raise SentcseError(
                f"The index was built with another encoder ({self.encoder.sha256[:12]}{source}; this one is "
                f"{found[:12]}), and vectors of two encoders cannot be compared: give that one, or build it again."
            )

    def _append(
        self,
        encoder: SentenceEncoder,
        sentences: Sequence[str],
        ids: Sequence[str] | None,
        payloads: Sequence[Mapping[str, Any]] | None,
        batch_size: int,
        progress: bool,
    ) -> None:
        _require_list("sentences", sentences)
        if len(sentences) == 0:
            raise DataError("There is no sentence to index.")
        names = [str(self.next_id + i) for i in range(len(sentences))] if ids is None else list(ids)
        extras: Sequence[Mapping[str, Any]] = [{}] * len(sentences) if payloads is None else payloads
        for name, given in (("ids", names), ("payloads", extras)):
            if len(given) != len(sentences):
                raise ValueError(f"{name} must be one for each of {len(sentences)} sentences, got {len(given)}")
        refuse_repeated([document.id for document in self.documents], names)
        vectors = directions(encoder.encode(sentences, batch_size=batch_size, progress=progress), sentences)
        more = [Document(*each) for each in zip(names, sentences, extras, strict=True)]
        self.vectors = np.concatenate([self.vectors, vectors]) if len(self) > 0 else vectors
        self.documents = [*self.documents, *more]
        self.next_id += len(sentences)
        self.approximate = None


def most_similar(
    encoder: SentenceEncoder, queries: Sequence[str], corpus: Sequence[str], *, top_k: int = 3
) -> list[list[Hit]]:
    """The `top_k` sentences of a corpus, encoded at each call, with the largest cosine for each query, best first.

    Raises:
        DataError: if the corpus is empty.
        ValueError: if queries or corpus are one string, or `top_k` is below 1.
    """
    _require_list("corpus", corpus)
    return Index.build(encoder, corpus).search(encoder, queries, top_k=top_k)


def _require_list(name: str, given: Sequence[str]) -> None:
    if isinstance(given, str):
        raise ValueError(f"{name} must be a list of strings, got one string: write [sentence]")


def _and_more(names: Sequence[str]) -> str:
    return "" if len(names) == 1 else f" (and {len(names) - 1} more that were given)"
