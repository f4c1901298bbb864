"""An encoder with a corpus that it has encoded, which answers one question at a time; nothing of a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from threading import Lock
from typing import NamedTuple

from sentcse.encoder import SentenceEncoder
from sentcse.encoding.cosines import Vectors
from sentcse.retrieval.exact import directions, nearest


class Hit(NamedTuple):
    """A sentence of the corpus by its row, and its cosine with what was asked."""

    row: int
    cosine: float


class Model:
    """An encoder and its vectors of a corpus.

    Args:
        name: for people.
        encoder: in eval mode, on its device.
        sentences: of the corpus, at least one.
        batch_size: sentences encoded together.
        progress: show a bar while the corpus is encoded.

    Raises:
        DataError: if a vector of the corpus is no direction.
    """

    def __init__(
        self, name: str, encoder: SentenceEncoder, sentences: Sequence[str], *, batch_size: int, progress: bool
    ) -> None:
        self.name = name
        self._encoder = encoder
        # a fast tokenizer is not made for two threads at a time
        self._alone = Lock()
        self.unit = directions(encoder.encode(sentences, batch_size=batch_size, progress=progress), sentences)

    def search(self, question: str, *, top_k: int) -> list[Hit]:
        """The `top_k` sentences of the largest cosine, best first; all where there are fewer.

        Raises:
            ValueError: if the question holds half a character.
        """
        found = nearest(self._encoded([question]), self.unit, top_k=top_k)
        return [Hit(*each) for each in zip(found.rows[0].tolist(), found.cosines[0].tolist(), strict=True)]

    def similarities(self, sentences: Sequence[str]) -> Vectors:
        """Cosines of every sentence with every other, float32 of (sentences, sentences).

        Raises:
            ValueError: if a sentence holds half a character.
        """
        unit = self._encoded(sentences)
        cosines: Vectors = unit @ unit.T
        return cosines

    def _encoded(self, texts: Sequence[str]) -> Vectors:
        with self._alone:
            return directions(self._encoder.encode(texts), texts)


def names_of(sources: Sequence[str], poolers: Sequence[str]) -> list[str]:
    """A name for people of each encoder: the end of its source, and its pooler.

    Two that would have one name get the whole source, and A and B if that is one, too.
    """
    ends = ["/".join(PurePath(source.partition(":")[2] or source).parts[-2:]) for source in sources]
    for called in (ends, list(sources)):
        names = [f"{name} ({pooler})" for name, pooler in zip(called, poolers, strict=True)]
        if len(set(names)) == len(names):
            return names
    return [f"{letter}: {name}" for letter, name in zip("AB", names, strict=False)]
