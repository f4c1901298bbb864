"""An index of what is encoded already."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sentcse.errors import SentcseError
from sentcse.retrieval.documents import Document, refuse_repeated
from sentcse.retrieval.encoded import EncodedCorpus
from sentcse.retrieval.exact import directions
from sentcse.retrieval.index import Index


def index_of_encoded(folder: str | Path) -> Index:
    """The index, in memory, of an encoded corpus with its sentences: as `Index.build` makes it of the same file.

    Vectors are as exact as they were stored: of float16 and int8 the cosines are off by what was rounded away.

    Raises:
        DataError: if an id occurs twice, or a vector is no direction.
        SentcseError: if there is no complete encoded corpus, it was written without text=true, or a shard is damaged.
    """
    corpus = EncodedCorpus(folder)
    vectors = np.empty((len(corpus), corpus.width), np.float32)
    documents: list[Document] = []
    for rows in corpus.shards():
        if rows.texts is None:
            raise SentcseError(f"{corpus.folder} has no sentences, which an index shows: encode with text=true.")
        vectors[len(documents) : len(documents) + len(rows.ids)] = directions(rows.vectors, rows.texts)
        documents += [Document(name, text, {}) for name, text in zip(rows.ids, rows.texts, strict=True)]
    refuse_repeated((), (document.id for document in documents))
    return Index(corpus.encoder, vectors, documents, next_id=len(documents) + 1)
