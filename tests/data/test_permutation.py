from __future__ import annotations

import numpy as np
import pytest

from sentcse.data.permutation import Permutation

PINNED_10 = [2, 8, 5, 4, 3, 6, 9, 7, 1, 0]
PINNED_MILLION = [95806, 409261, 124428, 365144, 278611]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 63, 64, 65, 1000, 4096, 100_003])
def test_is_a_bijection_of_every_size(size: int) -> None:
    image = Permutation(size, (7, 3))(np.arange(size))
    assert image.dtype == np.int64
    np.testing.assert_array_equal(np.sort(image), np.arange(size))


def test_is_pinned_so_that_batch_order_and_splits_never_change() -> None:
    assert Permutation(10, (0, 0))(np.arange(10)).tolist() == PINNED_10
    assert Permutation(1_000_000, (48, 5))(np.arange(5)).tolist() == PINNED_MILLION


def test_any_part_of_the_key_changes_the_order() -> None:
    keys = [(0, 0), (0, 1), (1, 0), (0,), (0, 0, 0), (), (-1, 0), (2**64 - 2, 0)]
    orders = {tuple(Permutation(50, key)(np.arange(50)).tolist()) for key in keys}
    assert len(orders) == len(keys)


def test_a_position_does_not_depend_on_the_others_asked_with_it() -> None:
    permutation = Permutation(1000, (1, 2))
    whole = permutation(np.arange(1000))
    alone = np.array([permutation(np.array([position]))[0] for position in range(0, 1000, 37)])
    np.testing.assert_array_equal(whole[::37], alone)
    np.testing.assert_array_equal(permutation(np.arange(1000).reshape(10, 100)), whole.reshape(10, 100))


@pytest.mark.parametrize("position", [0, 6, 12])
def test_index_at_a_position_is_uniform_over_keys(position: int) -> None:
    size, keys = 13, 2600
    indices = [int(Permutation(size, (seed, 1))(np.array([position]))[0]) for seed in range(keys)]
    expected = keys / size
    chi_square = float((((np.bincount(indices, minlength=size) - expected) ** 2) / expected).sum())
    assert chi_square < 32.9  # 0.999 quantile at 12 degrees of freedom


def test_neighbours_are_not_correlated() -> None:
    image = Permutation(100_000, (3, 4))(np.arange(100_000)).astype(float)
    assert abs(np.corrcoef(image[:-1], image[1:])[0, 1]) < 0.015  # five standard deviations
    assert abs(np.corrcoef(image, np.arange(100_000))[0, 1]) < 0.015


def test_very_large_sizes_stay_in_range() -> None:
    size = 2**60 + 1
    image = Permutation(size, (5,))(np.array([0, 1, size - 1]))
    assert len(set(image.tolist())) == 3
    assert bool(((image >= 0) & (image < size)).all())


def test_refuses_positions_and_sizes_outside_the_range() -> None:
    with pytest.raises(ValueError, match=r"positions must be in \[0, 5\), got 5"):
        Permutation(5, (0,))(np.array([1, 5]))
    with pytest.raises(ValueError, match="size must be at least 1, got 0"):
        Permutation(0, (0,))
