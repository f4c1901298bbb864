"""Batches of similar length: an order of an epoch that is sorted within windows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sentcse.data.permutation import Permutation, Positions

Lengths = Callable[[Positions], Positions]
"""Tokens of the rows at several positions."""


class LengthWindows:
    """An epoch's order in which the rows of a batch are about as long, so that little of it is padding.

    The shuffled order is cut into windows of whole batches; in each the rows are sorted by length, rows of one length
    staying in their shuffled order, cut into batches, and these are shuffled. A row stays in its window. What comes
    after the last whole batch is left as it was: who is left out of an epoch does not depend on length.

    Args:
        order: the shuffled order.
        lengths: tokens of the rows at several positions.
        batch: rows of a batch, of all ranks together.
        window: batches of a window.
    """

    def __init__(self, order: Permutation, lengths: Lengths, *, batch: int, window: int) -> None:
        self.order = order
        self.lengths = lengths
        self.batch = batch
        self.span = batch * window
        self.whole = order.size // batch * batch

    def __call__(self, positions: Positions) -> Positions:
        """Indices at `positions`, as `Permutation` gives them; the windows that hold them are read as a whole."""
        indices = self.order(positions)
        numbers = positions // self.span
        for number in np.unique(numbers[positions < self.whole]).tolist():
            inside = (numbers == number) & (positions < self.whole)
            indices[inside] = self._window(number)[positions[inside] - number * self.span]
        return indices

    def _window(self, number: int) -> Positions:
        begin = number * self.span
        indices = self.order(np.arange(begin, min(begin + self.span, self.whole)))
        batches = indices[np.argsort(self.lengths(indices), kind="stable")].reshape(-1, self.batch)
        return batches[Permutation(len(batches), (*self.order.key, number))(np.arange(len(batches)))].ravel()
