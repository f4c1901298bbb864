"""An encoder in the form that MTEB asks for; imported only where the extra `mteb` is installed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from mteb.models import ModelMeta
from mteb.similarity_functions import cos_sim, pairwise_cos_sim
from numpy.typing import NDArray

from sentcse.errors import SentcseError
from sentcse.evaluation.scores.embeddings import Encoder


class MtebEncoder:
    """MTEB's `EncoderProtocol`: text in batches to vectors, compared by cosine.

    Args:
        encoder: what encodes; each distinct text of a call once.
        batch_size: texts encoded together.
        max_length: tokens at which a text is cut.
    """

    def __init__(self, encoder: Encoder, *, batch_size: int, max_length: int) -> None:
        self.encoder = encoder
        self.batch_size = batch_size
        self.max_length = max_length

    def encode(self, inputs: Iterable[Mapping[str, Any]], **_: Any) -> NDArray[np.float32]:
        """Encode the texts of MTEB's batches into (texts, width); prompts and settings of a task are not used.

        Raises:
            SentcseError: if a vector holds NaN or infinity, naming the text.
        """
        texts = [text for batch in inputs for text in batch["text"]]
        row = {text: number for number, text in enumerate(dict.fromkeys(texts))}
        vectors = self.encoder.encode(
            list(row), batch_size=self.batch_size, precision="float32", max_length=self.max_length, progress=False
        )
        finite = np.isfinite(vectors).all(axis=1)
        if not finite.all():
            first = list(row)[int(np.flatnonzero(~finite)[0])]
            raise SentcseError(
                f"The encoder's vectors of {int((~finite).sum())} of {len(row)} texts hold NaN or infinity, first for "
                f"{first[:80]!r}: its weights are damaged or overflowed in training; nothing was scored."
            )
        return vectors[[row[text] for text in texts]]

    def similarity(self, embeddings1: Any, embeddings2: Any) -> Any:
        """Cosines of all pairs, (rows of the first, rows of the second)."""
        return cos_sim(embeddings1, embeddings2)

    def similarity_pairwise(self, embeddings1: Any, embeddings2: Any) -> Any:
        """Cosines of the pairs of equal rows, (rows,)."""
        return pairwise_cos_sim(embeddings1, embeddings2)

    @property
    def mteb_model_meta(self) -> ModelMeta:
        """Who it is: nobody that MTEB knows, so that no published result is taken for it."""
        meta: ModelMeta = ModelMeta.create_empty({"name": "sentcse/encoder", "similarity_fn_name": "cosine"})
        return meta
