"""The random draws of a classifier: first weights and the order of rows, from one seed as SentEval draws them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray


def initial_weights(classes: int, width: int, *, seed: int) -> NDArray[np.float32]:
    """First weights of PyTorch's linear layer, its biases as the last column.

    The same values for the same seed as `torch.manual_seed(seed)` and `torch.nn.Linear(width - 1, classes)` give; the
    caller's random state is left alone.

    Returns:
        float32 (classes, width).
    """
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layer = torch.nn.Linear(width - 1, classes)
    weights: NDArray[np.float32] = torch.cat((layer.weight, layer.bias[:, None]), dim=1).detach().numpy()
    return weights


class RowStream:
    """Permutations of rows, one after another, as `numpy.random.seed(seed)` and `numpy.random.permutation` give them.

    Every classifier has its own, from the same seed, as in SentEval: classifiers of equally many rows see the same
    permutations.
    """

    def __init__(self, seed: int) -> None:
        self._state = np.random.RandomState(seed)

    def hold_out(self, rows: int, *, share: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Divide range(rows) at random into what is kept and, of length int(share * rows), what is held out."""
        drawn: NDArray[np.intp] = self._state.permutation(rows)
        held_out = int(share * rows)
        return drawn[held_out:], drawn[:held_out]

    def orders(self, rows: int) -> Iterator[NDArray[np.intp]]:
        """Permutations of range(rows) without end."""
        while True:
            yield self._state.permutation(rows)
