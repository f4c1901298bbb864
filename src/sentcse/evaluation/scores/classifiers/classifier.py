"""Logistic regressions trained in minibatches and stopped by dev accuracy, as SentEval's tools/classifier.py does.

The models of a weight decay grid see the same rows in the same order, so they are trained as one stack.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import NDArray

from sentcse.evaluation.scores.classifiers.optimizers import OPTIMIZERS
from sentcse.evaluation.scores.classifiers.settings import ClassifierSettings


@dataclass(frozen=True, eq=False)
class Fitted:
    """Models at their best rounds.

    Attributes:
        weights: float32 (models, classes, width).
        dev_accuracy: (models,), 0 to 1.
        epochs: epochs until the last model stopped.
    """

    weights: NDArray[np.float32]
    dev_accuracy: NDArray[np.float64]
    epochs: int


def fit_classifiers(
    features: Float[np.ndarray, "rows width"],
    labels: Int[np.ndarray, " rows"],
    train: Int[np.ndarray, " train"],
    dev: Int[np.ndarray, " dev"],
    *,
    l2: Sequence[float],
    initial: Float[np.ndarray, "classes width"],
    orders: Iterator[NDArray[np.intp]],
    settings: ClassifierSettings,
) -> Fitted:
    """Fit one softmax regression for each weight decay; the loss is the batch's mean cross-entropy.

    A model keeps the weights of its round with the highest dev accuracy, of equal ones the first. Weight decay is
    added to the gradient of weights and bias alike, as PyTorch's optimizers do.

    Args:
        features: float32, the last column 1: its weights are the biases.
        labels: classes from 0 on.
        train: rows to train on.
        dev: rows that decide when to stop.
        l2: weight decay of each model.
        initial: the first weights of every model.
        orders: for each epoch a permutation of range(len(train)).
        settings: optimizer, batch size and when to stop.
    """
    stack = _Stack(initial, l2, settings.optimizer)
    one_hot = np.eye(len(initial), dtype=np.float32)[:, labels[train]]
    dev_features, dev_labels = features[dev], labels[dev]
    best, weights = np.full(len(l2), -1.0), np.repeat(initial[None], len(l2), axis=0)
    failures, epochs = np.zeros(len(l2), dtype=int), 0
    while len(stack.models) > 0 and epochs <= settings.max_epoch:
        for _ in range(settings.epoch_size):
            order = next(orders)
            stack.pass_over(features, train[order], one_hot[:, order], batch_size=settings.batch_size)
        epochs += settings.epoch_size
        models, accuracy = stack.models, stack.accuracy(dev_features, dev_labels)
        better = accuracy > best[models]
        best[models[better]], weights[models[better]] = accuracy[better], stack.weights[better]
        failures[models[~better]] += 1
        stack.keep(failures[models] <= settings.tenacity)
    return Fitted(weights, best, epochs)


class _Stack:
    """Models that are still being trained, and which of all the models they are."""

    def __init__(self, initial: NDArray[np.float32], l2: Sequence[float], optimizer: str) -> None:
        self.models = np.arange(len(l2))
        self.weights = np.repeat(initial[None].astype(np.float32), len(l2), axis=0)
        self.decay = np.array(l2, dtype=np.float32)[:, None, None]
        self.optimizer = OPTIMIZERS[optimizer](self.weights.shape)

    def pass_over(
        self,
        features: NDArray[np.float32],
        rows: NDArray[np.intp],
        targets: NDArray[np.float32],
        *,
        batch_size: int,
    ) -> None:
        """One epoch: features[rows] in batches; targets are one-hot, (classes, len(rows))."""
        classes, width = self.weights.shape[1:]
        gathered = np.empty((batch_size, width), dtype=np.float32)
        gradients, decayed = np.empty_like(self.weights), np.empty_like(self.weights)
        flat, flat_gradients = self.weights.reshape(-1, width), gradients.reshape(-1, width)
        for start in range(0, len(rows), batch_size):
            chosen = rows[start : start + batch_size]
            batch = gathered[: len(chosen)]
            # rows are in range; "raise" would copy once more
            np.take(features, chosen, axis=0, out=batch, mode="clip")
            errors = (flat @ batch.T).reshape(-1, classes, len(chosen))
            _subtract_from_softmax(errors, targets[:, start : start + batch_size])
            errors *= 1 / len(chosen)
            np.matmul(errors.reshape(-1, len(chosen)), batch, out=flat_gradients)
            gradients += np.multiply(self.weights, self.decay, out=decayed)
            self.optimizer.step(self.weights, gradients)

    def accuracy(self, features: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.float64]:
        """Share of rows that each model classifies rightly."""
        accuracy: NDArray[np.float64] = (predict(self.weights, features) == labels).mean(axis=1)
        return accuracy

    def keep(self, kept: NDArray[np.bool_]) -> None:
        """Forget the models that are False."""
        if kept.all():
            return
        self.models, self.weights, self.decay = self.models[kept], self.weights[kept], self.decay[kept]
        self.optimizer.keep(kept)


def predict(
    weights: Float[np.ndarray, "models classes width"], features: Float[np.ndarray, "rows width"]
) -> Int[np.ndarray, "models rows"]:
    """The most probable class of each row by each model; of equally probable ones the first."""
    models, classes, width = weights.shape
    scores = (weights.reshape(-1, width) @ features.T).reshape(models, classes, -1)
    predicted: NDArray[np.intp] = scores.argmax(axis=1)
    return predicted


def _subtract_from_softmax(scores: NDArray[np.float32], targets: NDArray[np.float32]) -> None:
    """Turn scores (models, classes, rows) into the gradient of the summed cross-entropy, in place."""
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    scores -= targets
