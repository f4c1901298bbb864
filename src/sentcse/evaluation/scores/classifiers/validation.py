"""Which rows train, choose and test: SentEval's tools/validation.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sentcse.evaluation.scores.classifiers.classifier import Fitted, fit_classifiers, predict
from sentcse.evaluation.scores.classifiers.problem import Problem
from sentcse.evaluation.scores.classifiers.settings import HELD_OUT, L2_GRID, SEED, ClassifierSettings
from sentcse.evaluation.scores.classifiers.streams import RowStream, initial_weights
from sentcse.evaluation.tasks.transfer import Division

Rows = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What validation gives; accuracies from 0 to 1.

    Attributes:
        dev_accuracy: of the chosen weight decay on the rows it was chosen with, the mean over folds.
        accuracy: on the test rows, the mean over folds; None if nothing was tested.
        l2: the chosen weight decay, of each outer fold.
        tested: (test rows,), which rows `predicted` is of; None if nothing was tested.
        predicted: (test rows,), their predicted classes.
    """

    dev_accuracy: float
    accuracy: float | None
    l2: tuple[float, ...]
    tested: Rows | None
    predicted: Rows | None


class Validation:
    """Trains what a task's division asks for.

    Args:
        problem: features, labels and parts.
        settings: of the classifiers.
        seed: of their first weights and orders of rows. The folds are SentEval's whatever the seed, so that the scores
            of different seeds differ by the classifiers alone.
        test: whether to score the test rows, which takes classifiers of its own.
        trained: called with the number of classifiers whenever some are ready.
    """

    def __init__(
        self,
        problem: Problem,
        settings: ClassifierSettings,
        *,
        seed: int = SEED,
        test: bool = True,
        trained: Callable[[int], object] = lambda _: None,
    ) -> None:
        self.problem, self.settings, self.seed, self.test, self.trained = problem, settings, seed, test, trained
        self.initial = initial_weights(problem.classes, problem.features.shape[1], seed=seed)

    def run(self) -> Outcome:
        """Validate as the division of the task says."""
        divisions = {"nested": self._nested, "folds": self._folds, "split": self._split}
        return divisions[self.problem.division]()

    def _nested(self) -> Outcome:
        dev, accuracies, l2, tested, predicted = [], [], [], [], []
        for train, test in self._stratified(self.problem.parts["all"]):
            best, dev_accuracy = self._choose(train)
            dev.append(dev_accuracy)
            l2.append(L2_GRID[best])
            if self.test:
                tested.append(test)
                predicted.append(self._predict(self._fit_held_out(train, L2_GRID[best]), test))
                accuracies.append(self._accuracy(predicted[-1], test))
        if not self.test:
            return Outcome(float(np.mean(dev)), None, tuple(l2), None, None)
        rows = np.concatenate(tested)
        order = np.argsort(rows)
        return Outcome(
            float(np.mean(dev)), float(np.mean(accuracies)), tuple(l2), rows[order], np.concatenate(predicted)[order]
        )

    def _folds(self) -> Outcome:
        best, dev_accuracy = self._choose(self.problem.parts["train"])
        if not self.test:
            return Outcome(dev_accuracy, None, (L2_GRID[best],), None, None)
        return self._tested(dev_accuracy, best, self._fit_held_out(self.problem.parts["train"], L2_GRID[best]))

    def _split(self) -> Outcome:
        fitted = self._fit_grid(self.problem.parts["train"], self.problem.parts["dev"])
        best = _best(fitted.dev_accuracy)
        dev_accuracy = float(fitted.dev_accuracy[best])
        if not self.test:
            return Outcome(dev_accuracy, None, (L2_GRID[best],), None, None)
        # SentEval trains the chosen one again, with the same draws on the same rows: it is the same model
        return self._tested(dev_accuracy, best, fitted.weights[best])

    def _tested(self, dev_accuracy: float, best: int, weights: NDArray[np.float32]) -> Outcome:
        test = self.problem.parts["test"]
        predicted = self._predict(weights, test)
        return Outcome(dev_accuracy, self._accuracy(predicted, test), (L2_GRID[best],), test, predicted)

    def _choose(self, rows: Rows) -> tuple[int, float]:
        """Place in the grid of the weight decay with the best mean accuracy over folds of rows, and that accuracy."""
        each = [self._fit_grid(train, dev).dev_accuracy for train, dev in self._stratified(rows)]
        accuracies = np.mean(each, axis=0)
        best = _best(accuracies)
        return best, float(accuracies[best])

    def _stratified(self, rows: Rows) -> Iterator[tuple[Rows, Rows]]:
        from sklearn.model_selection import StratifiedKFold

        folds = StratifiedKFold(n_splits=self.settings.folds, shuffle=True, random_state=SEED)
        for kept, left_out in folds.split(rows, self.problem.labels[rows]):
            yield rows[kept], rows[left_out]

    def _fit_grid(self, train: Rows, dev: Rows) -> Fitted:
        return self._fit(train, dev, L2_GRID, RowStream(self.seed))

    def _fit_held_out(self, rows: Rows, l2: float) -> NDArray[np.float32]:
        stream = RowStream(self.seed)
        train, dev = stream.hold_out(len(rows), share=HELD_OUT)
        weights: NDArray[np.float32] = self._fit(rows[train], rows[dev], (l2,), stream).weights[0]
        return weights

    def _fit(self, train: Rows, dev: Rows, l2: tuple[float, ...], stream: RowStream) -> Fitted:
        fitted = fit_classifiers(
            self.problem.features,
            self.problem.labels,
            train,
            dev,
            l2=l2,
            initial=self.initial,
            orders=stream.orders(len(train)),
            settings=self.settings,
        )
        self.trained(len(l2))
        return fitted

    def _predict(self, weights: NDArray[np.float32], rows: Rows) -> Rows:
        predicted: Rows = predict(weights[None], self.problem.features[rows])[0]
        return predicted

    def _accuracy(self, predicted: Rows, rows: Rows) -> float:
        return float((predicted == self.problem.labels[rows]).mean())


def count_classifiers(division: Division, settings: ClassifierSettings, *, test: bool) -> int:
    """How many classifiers `Validation.run` trains."""
    if division == "split":
        return len(L2_GRID)
    one_choice = settings.folds * len(L2_GRID) + (1 if test else 0)
    return settings.folds * one_choice if division == "nested" else one_choice


def _best(accuracies: NDArray[np.float64]) -> int:
    """Of accuracies equal to the second digit in per cent the first, as in SentEval, which rounds before it chooses."""
    return int(np.argmax(np.round(100 * accuracies, 2)))
