"""The corpus as training would see it: counts, faults, leaked test sentences, a part to train on and one held out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sentcse.data.corpus_report import CorpusReport
from sentcse.data.dataset import SentenceDataset
from sentcse.data.low_shot import LowShot
from sentcse.data.source import Source
from sentcse.data.text_faults import TextFaults
from sentcse.data.token_cache import TokenCache, TokenIds
from sentcse.errors import DataError

if TYPE_CHECKING:
    from sentcse.encoder import SentenceEncoder
    from sentcse.evaluation.tasks.sts import StsTask

LOOKED_AT = 1500
"""Sentences of the part that trains whose texts are kept, to look for near-duplicates beside the held-out ones."""
HELD_OUT_SHARE = 5
"""One of so many sentences is held out at most."""
NEAR = 0.95
"""Cosine from which two different sentences are near-duplicates."""
FEWEST = 20


@dataclass(frozen=True)
class Part:
    """What is trained on and what is held out.

    Attributes:
        rows: of the corpus without duplicates.
        size: sentences that are trained on.
        seed: which ones.
        held_out: token ids of those that are not, (tokens,) each.
        held_out_texts: the same as texts.
        texts: some of both, the held-out ones first.
    """

    rows: int
    size: int
    seed: int
    held_out: list[TokenIds]
    held_out_texts: list[str]
    texts: list[str]


@dataclass(frozen=True)
class NearDuplicates:
    """Sentences with a different one at a cosine of `NEAR` or more, out of how many, and pairs of them."""

    sentences: int
    of: int
    examples: list[tuple[str, str]]


@dataclass(frozen=True)
class Leak:
    """Different sentences of a test, and how many of them the corpus holds, by letters and digits alone."""

    test: str
    sentences: int
    found: int


@dataclass(frozen=True)
class Corpus:
    """What was found in the whole corpus, and its part."""

    name: str
    report: CorpusReport
    faults: TextFaults
    leaks: list[Leak]
    part: Part


def look_at(
    source: Source, cache: TokenCache, tests: Sequence[StsTask], *, part: int, held_out: int, seed: int
) -> Corpus:
    """Read the corpus once more, as text.

    Args:
        source: the corpus.
        cache: its tokens.
        tests: sentences that must not be trained on.
        part: sentences that are trained on at most.
        held_out: sentences that are held out at most.
        seed: which ones.

    Raises:
        DataError: if too few different sentences are there.
    """
    rows = len(SentenceDataset(cache, drop_duplicates=True))
    if rows < FEWEST:
        raise DataError(f"{source.name} has {rows} different sentences: at least {FEWEST} are needed to try anything.")
    held = min(held_out, rows // HELD_OUT_SHARE)
    size = min(part, rows - held)
    chosen = SentenceDataset(cache, LowShot(seed, size + held), drop_duplicates=True)
    # the runs train on a split of `size`, which is the head of this one
    places = [*range(size, size + held), *range(min(size, LOOKED_AT))]
    numbers = chosen.rows(places).tolist()
    wanted = set(numbers)
    letters = {key(sentence): 0 for task in tests for sentence in task.sentences()}
    faults, texts = TextFaults(), {}
    for number, row in enumerate(source.iter_rows()):
        for text in row:
            faults.add(text)
            if letters and (found := key(text)) in letters:
                letters[found] += 1
        if number in wanted:
            texts[number] = row[0]
    held_ids = [row[0] for row in chosen.__getitems__(range(size, size + held))]
    kept = [texts[number] for number in numbers]
    return Corpus(
        name=source.name,
        report=cache.report,
        faults=faults,
        leaks=[leak_of(task, letters) for task in tests],
        part=Part(rows, size, seed, held_ids, kept[:held], kept),
    )


def key(text: str) -> str:
    """Letters and digits alone, without case: tokenised and typeset forms of a sentence are one."""
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def leak_of(task: StsTask, found: Mapping[str, int]) -> Leak:
    """How many sentences of a test the corpus holds; `found` counts them by `key`."""
    keys = {key(sentence) for sentence in task.sentences()}
    return Leak(task.label, len(keys), sum(found[each] > 0 for each in keys))


def near_duplicates(encoder: SentenceEncoder, texts: Sequence[str], *, batch_size: int) -> NearDuplicates:
    """Sentences that an encoder can hardly tell from another one."""
    from sentcse.retrieval.exact import directions
    from sentcse.retrieval.mining import paraphrases

    vectors = directions(encoder.encode(texts, batch_size=batch_size), texts)
    pairs = paraphrases(vectors, threshold=NEAR)
    rows = {*pairs.first.tolist(), *pairs.second.tolist()}
    first = zip(pairs.first[:3].tolist(), pairs.second[:3].tolist(), strict=True)
    return NearDuplicates(len(rows), len(texts), [(texts[a], texts[b]) for a, b in first])
