"""Hashes of files, of texts and of what makes tokens of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_BLOCK = 2**20


def sha256_of_file(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal; the file is never held in memory."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while (block := file.read(_BLOCK)) != b"":
            digest.update(block)
    return digest.hexdigest()


def sha256_of(*parts: str) -> str:
    """SHA-256 of several texts, in hexadecimal; ("ab", "c") and ("a", "bc") differ."""
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "little"))
        digest.update(encoded)
    return digest.hexdigest()


def tokenizer_as_text(tokenizer: PreTrainedTokenizerBase) -> str:
    """Everything of a tokeniser that its tokens depend on."""
    parts: dict[str, object] = {
        "class": type(tokenizer).__name__,
        "special": {name: str(token) for name, token in tokenizer.special_tokens_map.items()},
    }
    if tokenizer.is_fast:
        backend = json.loads(tokenizer.backend_tokenizer.to_str())
        # Every call with truncation or padding leaves its setting behind in the backend; the cache sets its own.
        parts["backend"] = {name: value for name, value in backend.items() if name not in ("truncation", "padding")}
    else:
        parts["vocabulary"] = tokenizer.get_vocab()
        parts["settings"] = {name: str(value) for name, value in sorted(tokenizer.init_kwargs.items())}
    return json.dumps(parts, sort_keys=True)


def hash_texts(texts: Iterable[str]) -> npt.NDArray[np.uint64]:
    """Hash each text (BLAKE2b, 64 bits) without its surrounding white space.

    Two of two million different texts fall together with probability 1e-7.
    """
    digests = (hashlib.blake2b(text.strip().encode("utf-8", "surrogatepass"), digest_size=8).digest() for text in texts)
    return np.frombuffer(b"".join(digests), dtype=np.dtype("<u8"))


def count_repeats(path: Path) -> int:
    """Count the hashes in a file (little-endian, 8 bytes each) that equal an earlier one.

    They are sorted in the file itself: millions of them take no memory of the process.
    """
    if path.stat().st_size == 0:
        return 0
    hashes = np.memmap(path, dtype=np.dtype("<u8"), mode="r+")
    hashes.sort()
    return int(np.count_nonzero(hashes[1:] == hashes[:-1]))
