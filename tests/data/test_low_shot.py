from __future__ import annotations

import itertools

import numpy as np
import pytest

from sentcse.data.low_shot import LowShot
from sentcse.errors import DataError

PINNED = [296302, 703595, 743370, 149937, 456656]


def chosen(split: LowShot, rows: int) -> set[int]:
    return set(split.rows(rows, np.arange(split.rows_of(rows))).tolist())


def test_percentages_of_micse_give_its_sizes() -> None:
    sizes = [LowShot(48, percent=percent).rows_of(1_000_000) for percent in (100, 10, 1, 0.5, 0.1, 0.05, 0.01, 0.0064)]
    assert sizes == [1_000_000, 100_000, 10_000, 5_000, 1_000, 500, 100, 64]
    assert LowShot(48, percent=0.0064).rows_of(100) == 1


def test_splits_of_a_seed_are_nested_and_of_other_seeds_differ() -> None:
    sets = [chosen(LowShot(48, size=size), 1000) for size in (1, 10, 64, 500, 1000)]
    for smaller, larger in itertools.pairwise(sets):
        assert smaller < larger
    assert sets[-1] == set(range(1000))
    assert chosen(LowShot(49, size=64), 1000) != sets[2]
    assert sets[1] == chosen(LowShot(48, percent=1), 1000)


def test_a_split_is_pinned() -> None:
    assert LowShot(48, size=5).rows(1_000_000, np.arange(5)).tolist() == PINNED


def test_each_row_is_chosen_as_often() -> None:
    counts = np.zeros(50)
    for seed in range(1000):
        counts[list(chosen(LowShot(seed, size=10), 50))] += 1
    chi_square = float(((counts - 200) ** 2 / (200 * 0.8)).sum()) * 50 / 49
    assert chi_square < 85.4  # 0.999 quantile at 49 degrees of freedom


def test_hash_covers_corpus_seed_and_size() -> None:
    splits = [LowShot(48, size=10), LowShot(49, size=10), LowShot(48, size=11)]
    hashes = {split.sha256(corpus, 100) for split in splits for corpus in ("a", "b")}
    assert len(hashes) == 6
    assert LowShot(48, percent=10).sha256("a", 100) == LowShot(48, size=10).sha256("a", 100)


def test_contradictions_and_ranges() -> None:
    for arguments in ({}, {"size": 3, "percent": 1.0}):
        with pytest.raises(DataError, match="not both"):
            LowShot(48, **arguments)
    with pytest.raises(DataError, match=r"low_shot.percent must be in \(0, 100\], got 101"):
        LowShot(48, percent=101)
    with pytest.raises(DataError, match=r"low_shot.size must be at least 1, got 0"):
        LowShot(48, size=0)
    with pytest.raises(DataError, match=r"low_shot.size is 101, and the corpus has 100 rows"):
        LowShot(48, size=101).rows_of(100)
