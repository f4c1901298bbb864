"""An index of an encoded corpus is that of its file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sentcse.encoder import SentenceEncoder
from sentcse.errors import DataError, SentcseError
from sentcse.retrieval.bulk import Form, encode_corpus
from sentcse.retrieval.encoded_index import index_of_encoded
from sentcse.retrieval.folder import EncoderIdentity
from sentcse.retrieval.index import Index
from sentcse.retrieval.shards import Dtype

SENTENCES = ["a dog runs", "the woman plays music", "a man", "the city", "music"]


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-6), ("float16", 1e-3), ("int8", 1e-2)])
def test_the_index_of_the_file(encoder: SentenceEncoder, dtype: Dtype, tolerance: float, tmp_path: Path) -> None:
    built = Index.build(encoder, SENTENCES)
    (tmp_path / "c.txt").write_text("\n".join(SENTENCES))
    form = Form(text=True, shard_rows=2)
    encode_corpus([encoder], built.encoder, tmp_path / "c.txt", tmp_path / "out", form=form, dtype=dtype)
    index = index_of_encoded(tmp_path / "out")
    assert (index.documents, index.next_id, index.encoder) == (built.documents, built.next_id, built.encoder)
    np.testing.assert_allclose(index.vectors, built.vectors, atol=tolerance)
    np.testing.assert_allclose(np.linalg.norm(index.vectors, axis=1), 1, rtol=1e-6)
    index.add(encoder, ["a dog"])
    assert [hit.sentence for hit in index.search(encoder, ["a dog"], top_k=1)[0]] == ["a dog"]


def test_what_is_refused(encoder: SentenceEncoder, tmp_path: Path) -> None:
    (tmp_path / "c.tsv").write_text("key\ttext\nx\ta dog\nx\ta man\n")
    known = EncoderIdentity("0" * 64)
    form = Form(columns=["text"], id_column="key")
    encode_corpus([encoder], known, tmp_path / "c.tsv", tmp_path / "bare", form=form)
    with pytest.raises(SentcseError, match="bare has no sentences, which an index shows: encode with text=true"):
        index_of_encoded(tmp_path / "bare")
    form = Form(columns=["text"], id_column="key", text=True)
    encode_corpus([encoder], known, tmp_path / "c.tsv", tmp_path / "twice", form=form)
    with pytest.raises(DataError, match="The id 'x' occurs twice"):
        index_of_encoded(tmp_path / "twice")
