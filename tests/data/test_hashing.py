from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from sentcse.data.hashing import count_repeats, hash_texts, sha256_of, sha256_of_file


def test_hash_of_a_file_larger_than_a_block(tmp_path: Path) -> None:
    content = bytes(range(256)) * 5000
    (tmp_path / "a").write_bytes(content)
    assert sha256_of_file(tmp_path / "a") == hashlib.sha256(content).hexdigest()


def test_parts_do_not_run_together() -> None:
    assert len({sha256_of("ab", "c"), sha256_of("a", "bc"), sha256_of("abc"), sha256_of("abc", "")}) == 4


def test_repeats_are_what_a_set_finds(tmp_path: Path) -> None:
    texts = ["a", "b", " a", "A", "a\n", "b", "\ud800", ""]
    hashes = hash_texts(texts)
    assert hashes.dtype == np.uint64
    (tmp_path / "hashes").write_bytes(hashes.tobytes())
    assert count_repeats(tmp_path / "hashes") == len(texts) - len({text.strip() for text in texts}) == 3
    (tmp_path / "hashes").write_bytes(b"")
    assert count_repeats(tmp_path / "hashes") == 0
