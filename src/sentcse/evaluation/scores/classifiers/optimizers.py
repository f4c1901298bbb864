"""Adam and RMSprop over any number of models at once, with PyTorch's defaults.

The calls of a step cost PyTorch far more than what it computes for so small a model; NumPy's on preallocated arrays do
not. Moments are held without their factor 1 - beta, which saves two passes over the arrays; the step puts it right.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

EPSILON = 1e-8


class Optimizer(ABC):
    """Changes weights in place by their gradients.

    Args:
        shape: of the weights, models first.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.second_moment = np.zeros(shape, dtype=np.float32)
        self.scratch = np.empty(shape, dtype=np.float32)

    @abstractmethod
    def step(self, weights: NDArray[np.float32], gradients: NDArray[np.float32]) -> None:
        """Make one step; both arrays are overwritten."""

    def keep(self, models: NDArray[np.bool_]) -> None:
        """Forget the models that are False."""
        self.second_moment = self.second_moment[models]
        self.scratch = np.empty_like(self.second_moment)

    def _divide_by_root(self, numerator: NDArray[np.float32], *, epsilon: float, factor: float) -> NDArray[np.float32]:
        scratch = np.sqrt(self.second_moment, out=self.scratch)
        scratch += epsilon
        np.divide(numerator, scratch, out=scratch)
        scratch *= factor
        return scratch


class Adam(Optimizer):
    """torch.optim.Adam: learning rate 0.001, betas 0.9 and 0.999 (Kingma & Ba 2015, algorithm 1)."""

    rate, beta1, beta2 = 1e-3, 0.9, 0.999

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape)
        self.first_moment = np.zeros(shape, dtype=np.float32)
        self.steps = 0

    def step(self, weights: NDArray[np.float32], gradients: NDArray[np.float32]) -> None:
        """Make one step; both arrays are overwritten."""
        self.steps += 1
        self.first_moment *= self.beta1
        self.first_moment += gradients
        gradients *= gradients
        self.second_moment *= self.beta2
        self.second_moment += gradients
        scale = math.sqrt((1 - self.beta2**self.steps) / (1 - self.beta2))
        factor = self.rate * scale * (1 - self.beta1) / (1 - self.beta1**self.steps)
        weights -= self._divide_by_root(self.first_moment, epsilon=EPSILON * scale, factor=factor)

    def keep(self, models: NDArray[np.bool_]) -> None:
        """Forget the models that are False."""
        super().keep(models)
        self.first_moment = self.first_moment[models]


class RMSprop(Optimizer):
    """torch.optim.RMSprop: learning rate 0.01, smoothing 0.99, neither centred nor with momentum."""

    rate, alpha = 1e-2, 0.99

    def step(self, weights: NDArray[np.float32], gradients: NDArray[np.float32]) -> None:
        """Make one step; both arrays are overwritten."""
        self.second_moment *= self.alpha
        self.second_moment += np.multiply(gradients, gradients, out=self.scratch)
        scale = math.sqrt(1 / (1 - self.alpha))
        weights -= self._divide_by_root(gradients, epsilon=EPSILON * scale, factor=self.rate * scale)


OPTIMIZERS: dict[str, type[Optimizer]] = {"adam": Adam, "rmsprop": RMSprop}
