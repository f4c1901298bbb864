"""Each distinct sentence of any number of tasks, encoded once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from sentcse.errors import SentcseError


@runtime_checkable
class Encoder(Protocol):
    """What evaluation asks of an encoder; `sentcse.encoder.SentenceEncoder` is one."""

    backbone: Any
    tokenizer: Any

    def encode(
        self, sentences: Sequence[str], *, batch_size: int, precision: str, max_length: int | None, progress: bool
    ) -> NDArray[np.float32]:
        """Encode sentences into (sentences, width), without dropout."""
        ...

    def tokenize(self, sentences: Sequence[str], *, max_length: int | None) -> list[list[int]]:
        """Token ids of each sentence, special tokens included, cut at `max_length`."""
        ...


class Task(Protocol):
    """What has sentences to encode: a `StsTask`, a `TransferTask`."""

    def sentences(self) -> Iterator[str]:
        """Every sentence, as often as it occurs."""
        ...


class EmbeddingTable:
    """Vectors of distinct sentences.

    Args:
        sentences: distinct sentences.
        vectors: (sentences, width).
        truncated: those of the sentences that were cut before they were encoded.
    """

    def __init__(self, sentences: Sequence[str], vectors: NDArray[np.float32], truncated: frozenset[str]) -> None:
        self.vectors = vectors
        self.truncated = truncated
        self._row = {sentence: row for row, sentence in enumerate(sentences)}

    def __len__(self) -> int:
        return len(self._row)

    def leading(self, values: int | None) -> EmbeddingTable:
        """The table of the first so many values of each vector; of all for None."""
        return EmbeddingTable(list(self._row), self.vectors[:, :values], self.truncated)

    def rows(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of sentences, (sentences, width); a sentence may be asked for any number of times.

        Raises:
            KeyError: if a sentence was not encoded.
        """
        return self.vectors[[self._row[sentence] for sentence in sentences]]


def distinct_sentences(tasks: Sequence[Task]) -> list[str]:
    """List the distinct sentences of tasks, longest first; equally long ones in order of appearance."""
    seen = dict.fromkeys(sentence for task in tasks for sentence in task.sentences())
    return sorted(seen, key=len, reverse=True)


def embed_tasks(
    encoder: Encoder,
    tasks: Sequence[Task],
    *,
    batch_size: int,
    precision: str = "float32",
    max_length: int,
    progress: bool = False,
) -> EmbeddingTable:
    """Encode every distinct sentence of tasks once, sorted by length.

    Args:
        encoder: the encoder.
        tasks: any number of tasks; a sentence that several share is encoded once.
        batch_size: sentences encoded together.
        precision: in which they are encoded, as of `SentenceEncoder.encode`.
        max_length: tokens at which a sentence is cut.
        progress: show a bar.

    Raises:
        SentcseError: if a vector holds NaN or infinity, naming the sentence.
    """
    sentences = distinct_sentences(tasks)
    vectors = encoder.encode(
        sentences, batch_size=batch_size, precision=precision, max_length=max_length, progress=progress
    )
    finite = np.isfinite(vectors).all(axis=1)
    if not finite.all():
        first = sentences[int(np.flatnonzero(~finite)[0])]
        raise SentcseError(
            f"The encoder's vectors of {int((~finite).sum())} of {len(sentences)} sentences hold NaN or infinity, "
            f"first for {first!r}: its weights are damaged or overflowed in training; nothing was scored."
        )
    return EmbeddingTable(sentences, vectors, _truncated(encoder, sentences, max_length))


def _truncated(encoder: Encoder, sentences: Sequence[str], max_length: int) -> frozenset[str]:
    # A token stands for at least one byte, but for the few that frame a sentence: only long ones need be tokenised.
    framing = 8 + len(getattr(encoder, "prompt", "").encode())
    long = [sentence for sentence in sentences if len(sentence.encode()) + framing > max_length]
    tokens = encoder.tokenize(long, max_length=max_length + 1)
    return frozenset(sentence for sentence, ids in zip(long, tokens, strict=True) if len(ids) > max_length)
