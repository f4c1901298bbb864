"""Rows that a corpus holds more than once, by their tokens: what a model cannot tell apart is the same sentence."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from sentcse.data.token_cache import TokenCache


def first_of_each(cache: TokenCache) -> npt.NDArray[np.int64]:
    """Rows that no earlier row equals in all its texts, in their order.

    By tokens and not by characters: two spellings that the tokenizer reads alike, or texts that differ behind the
    maximal length only, are one to the model. Rows are compared by 64 bits of a hash (BLAKE2b): two of two million
    different ones fall together with probability 1e-7. Takes 16 bytes of memory for each row, 8 of them for good.
    """
    hashes = np.fromiter((_hash(cache, row) for row in range(len(cache))), dtype=np.uint64, count=len(cache))
    _, first = np.unique(hashes, return_index=True)
    first.sort()
    return first.astype(np.int64, copy=False)


def _hash(cache: TokenCache, row: int) -> int:
    digest = hashlib.blake2b(digest_size=8)
    for text in cache[row]:
        digest.update(len(text).to_bytes(8, "little"))
        digest.update(text.tobytes())
    return int.from_bytes(digest.digest(), "little")
