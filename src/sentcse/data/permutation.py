"""A pseudo-random permutation of range(n) that needs no memory and is the same on every machine, for ever."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Positions = npt.NDArray[np.int64]
_Words = npt.NDArray[np.uint64]

_MASK = 0xFFFF_FFFF_FFFF_FFFF
_GOLDEN = 0x9E37_79B9_7F4A_7C15
_ROUNDS = 8


class Permutation:
    """A keyed bijection of range(size): `permutation(positions)` says which index lies at each position.

    An alternating Feistel network over Z_a x Z_b with a * b just above `size` (Black and Rogaway, "Ciphers with
    arbitrary finite domains", 2002), whose round function is the finaliser of splitmix64 (Steele et al., 2014); a value
    that falls outside range(size) is sent through again (cycle walking). Library generators may change their streams
    between releases; these integer operations cannot.

    Args:
        size: number of elements, at least 1.
        key: integers that choose the permutation, such as (seed, epoch).

    Raises:
        ValueError: `size` is smaller than 1.
    """

    def __init__(self, size: int, key: tuple[int, ...]) -> None:
        if size < 1:
            raise ValueError(f"size must be at least 1, got {size}")
        self.size = size
        self.key = key
        self._left = math.isqrt(size - 1) + 1
        self._right = -(-size // self._left)
        self._round_keys = _round_keys(key)

    def __call__(self, positions: npt.NDArray[np.integer]) -> Positions:
        """Look up the indices at `positions`.

        Args:
            positions: integers in range(size), of any shape.

        Returns:
            int64 indices in range(size), of the same shape; distinct where the positions are.

        Raises:
            ValueError: a position lies outside range(size).
        """
        outside = (positions < 0) | (positions >= self.size)
        if bool(outside.any()):
            raise ValueError(f"positions must be in [0, {self.size}), got {positions[outside].flat[0]}")
        values = self._network(positions.astype(np.uint64).ravel())
        walking = np.flatnonzero(values >= self.size)
        while walking.size > 0:
            values[walking] = self._network(values[walking])
            walking = walking[values[walking] >= self.size]
        return values.astype(np.int64).reshape(positions.shape)

    def _network(self, values: _Words) -> _Words:
        a, b = np.uint64(self._left), np.uint64(self._right)
        left: _Words = values // b
        right: _Words = values % b
        for number, key in enumerate(self._round_keys):
            if number % 2 == 0:
                left = (left + _mix(right + key) % a) % a
            else:
                right = (right + _mix(left + key) % b) % b
        left *= b
        left += right
        return left


def _mix(words: _Words) -> _Words:
    """Finaliser of splitmix64 on unsigned 64-bit words; array arithmetic wraps modulo 2^64."""
    words = words + np.uint64(_GOLDEN)
    words ^= words >> np.uint64(30)
    words *= np.uint64(0xBF58_476D_1CE4_E5B9)
    words ^= words >> np.uint64(27)
    words *= np.uint64(0x94D0_49BB_1331_11EB)
    words ^= words >> np.uint64(31)
    return words


def _round_keys(key: tuple[int, ...]) -> list[_Words]:
    """One array of one word for each round: numpy warns when scalars wrap, and arrays do not."""
    state = _word(len(key))
    for part in key:
        state = _mix(state ^ _word(part))
    return [_mix(state + _word(number * _GOLDEN)) for number in range(_ROUNDS)]


def _word(number: int) -> _Words:
    return np.array([number & _MASK], dtype=np.uint64)
