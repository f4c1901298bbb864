"""The published classes `simcse.SimCSE` and `diffcse.DiffCSE`, called as they are and right where those are wrong.

from sentcse.compat import SimCSE  # instead of: from simcse import SimCSE

What is otherwise than there is in docs/departures.md.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sentcse.encoder import SentenceEncoder
from sentcse.errors import DataError
from sentcse.machine.device import choose_device
from sentcse.modules.input_length import longest_input
from sentcse.retrieval.approximate import Approximate
from sentcse.retrieval.exact import Vectors, nearest
from sentcse.retrieval.reading import read_sentences
from sentcse.storage.published_encoders import published_name

Found = list[tuple[str, float]]
"""Sentences with their cosines, the best first."""


class SimCSE:
    """Encodes sentences, compares them and searches among them.

    Args:
        model_name_or_path: a hub name, a folder or a checkpoint; as `SentenceEncoder.from_pretrained`.
        device: as torch names it; None for a GPU if there is one.
        num_cells: cells of the index that `faiss_fast` builds.
        num_cells_in_search: cells that a query looks into.
        pooler: a name of `sentcse.modules.pooling.POOLERS`; None for the one that the model was made with.

    Raises:
        SentcseError: if the model or the device cannot be had, or its pooler is neither recorded, known nor given.
    """

    def __init__(
        self,
        model_name_or_path: str | Path,
        device: str | torch.device | None = None,
        num_cells: int = 100,
        num_cells_in_search: int = 10,
        pooler: str | None = None,
    ) -> None:
        self.encoder = SentenceEncoder.from_pretrained(model_name_or_path, pooler=pooler)
        self.encoder.to(choose_device("auto" if device is None else str(device)))
        name = published_name(str(model_name_or_path))
        if pooler is None and name is not None and name.startswith("voidism/"):
            warnings.warn(
                f"{model_name_or_path} is used with pooler={self.encoder.pooler}, of which the published scores are; "
                "until May 2022 the published class took a pooling layer that the file does not hold, drawn at "
                "random. pooler= chooses another.",
                stacklevel=2,
            )
        self.num_cells = num_cells
        self.num_cells_in_search = num_cells_in_search
        self._sentences: list[str] = []
        self._vectors: Vectors | None = None
        self._approximate: Approximate | None = None

    def encode(
        self,
        sentence: str | Sequence[str],
        device: str | torch.device | None = None,
        return_numpy: bool = False,
        normalize_to_unit: bool = True,
        keepdim: bool = False,
        batch_size: int = 64,
        max_length: int = 128,
    ) -> Any:
        """Vectors on the CPU, float32 of (sentences, width); (width,) for one sentence unless `keepdim`.

        Args:
            sentence: one or several.
            device: the model moves there and stays; None: where it is.
            return_numpy: give an array instead of a tensor.
            normalize_to_unit: give vectors of length one.
            keepdim: give (1, width) for one sentence.
            batch_size: sentences encoded together.
            max_length: tokens at which a sentence is cut, where the model takes as many.

        Raises:
            ValueError: naming the argument that has an impossible value.
        """
        limit = longest_input(self.encoder.backbone, self.encoder.tokenizer, at_most=max_length)
        vectors = self.encoder.encode(
            [sentence] if isinstance(sentence, str) else sentence,
            device=device,
            batch_size=batch_size,
            max_length=limit,
            normalize=normalize_to_unit,
        )
        kept = vectors[0] if isinstance(sentence, str) and not keepdim else vectors
        return kept if return_numpy else torch.from_numpy(kept)

    def similarity(
        self,
        queries: str | Sequence[str] | NDArray[Any],
        keys: str | Sequence[str] | NDArray[Any],
        device: str | torch.device | None = None,
    ) -> Any:
        """Cosines of each query with each key, (N, M); (M,) for one query, a float for one of each.

        Args:
            queries: texts, or vectors of (N, width).
            keys: texts, or vectors of (M, width).
            device: as of `encode`.

        Raises:
            ValueError: if vectors are of different widths.
        """
        left, right = (self._vectors_of(each, device) for each in (queries, keys))
        cosines = self.encoder.similarity(left, right)
        if left.ndim > 1:
            return cosines
        return float(cosines[0, 0]) if right.ndim == 1 else cosines[0]

    def _vectors_of(self, given: Any, device: str | torch.device | None) -> NDArray[Any]:
        if isinstance(given, Tensor) or (isinstance(given, np.ndarray) and np.issubdtype(given.dtype, np.number)):
            return np.asarray(given)
        vectors: Vectors = self.encode(given, device=device, return_numpy=True)
        return vectors

    def build_index(
        self,
        sentences_or_file_path: Sequence[str] | str | Path,
        use_faiss: bool | None = None,
        faiss_fast: bool = False,
        device: str | torch.device | None = None,
        batch_size: int = 64,
    ) -> None:
        """Encode the sentences that `search` searches; those of an index before are forgotten.

        Args:
            sentences_or_file_path: a list, or the path of a file with a sentence a line.
            use_faiss: search with faiss; None: if it is installed.
            faiss_fast: look into some cells only, and miss what lies in others.
            device: as of `encode`.
            batch_size: sentences encoded together.

        Raises:
            DataError: if the file cannot be read, or there is no sentence.
            SentcseError: if faiss is asked for and not installed.
        """
        sentences = _sentences_of(sentences_or_file_path)
        vectors: Vectors = self.encode(sentences, device=device, return_numpy=True, batch_size=batch_size)
        with_faiss = find_spec("faiss") is not None if use_faiss is None else use_faiss
        self._set_index(sentences, vectors, ("ivf" if faiss_fast else "flat") if with_faiss else None)

    def add_to_index(
        self,
        sentences_or_file_path: Sequence[str] | str | Path,
        device: str | torch.device | None = None,
        batch_size: int = 64,
    ) -> None:
        """Encode further sentences for `search`; arguments and errors as of `build_index`, which comes first.

        Raises:
            ValueError: if there is no index yet.
        """
        if self._vectors is None:
            raise ValueError("add_to_index needs an index: call build_index first")
        sentences = _sentences_of(sentences_or_file_path)
        vectors: Vectors = self.encode(sentences, device=device, return_numpy=True, batch_size=batch_size)
        kind = None if self._approximate is None else self._approximate.kind
        self._set_index([*self._sentences, *sentences], np.concatenate([self._vectors, vectors]), kind)

    def _set_index(self, sentences: list[str], vectors: Vectors, kind: str | None) -> None:
        self._approximate = None
        if kind is not None:
            cells = min(self.num_cells, len(sentences))
            self._approximate = Approximate.build(vectors, kind, cells=cells, searched=self.num_cells_in_search)
        self._sentences, self._vectors = sentences, vectors

    def search(
        self,
        queries: str | Sequence[str],
        device: str | torch.device | None = None,
        threshold: float = 0.6,
        top_k: int = 5,
    ) -> Any:
        """The `top_k` sentences of the largest cosine, if it is `threshold` or more, best first: (sentence, cosine).

        A list of queries gives a list of such lists.

        Raises:
            ValueError: if there is no index yet, or `top_k` is below 1.
        """
        if self._vectors is None:
            raise ValueError("search needs an index: call build_index with the sentences, or their file, first")
        asked: Vectors = self.encode(queries, device=device, return_numpy=True, keepdim=True)
        if self._approximate is None:
            found = nearest(asked, self._vectors, top_k=top_k)
        else:
            found = self._approximate.nearest(asked, self._vectors, top_k=top_k)
        hits: list[Found] = [
            [(self._sentences[row], cosine) for row, cosine in zip(rows, cosines, strict=True) if cosine >= threshold]
            for rows, cosines in zip(found.rows.tolist(), found.cosines.tolist(), strict=True)
        ]
        return hits[0] if isinstance(queries, str) else hits


def _sentences_of(sentences_or_file_path: Sequence[str] | str | Path) -> list[str]:
    if isinstance(sentences_or_file_path, (str, Path)):
        sentences = list(read_sentences(Path(sentences_or_file_path).expanduser()).sentences)
    else:
        sentences = list(sentences_or_file_path)
    if len(sentences) == 0:
        raise DataError("There is no sentence to index.")
    return sentences


class DiffCSE(SimCSE):
    """As SimCSE, under the name that DiffCSE has for it."""
