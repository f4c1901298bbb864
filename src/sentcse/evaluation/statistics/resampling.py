"""Resampled scores of several encoders, all on the same resamples of the pairs or rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import NDArray

from sentcse.evaluation.scores.evaluation import Evaluation, StsResult, TransferResult
from sentcse.evaluation.statistics.significance import bootstrap_spearmans


def resample_sts(
    encoders: Sequence[Mapping[str, StsResult]], *, resamples: int, seed: int = 0
) -> list[dict[str, NDArray[np.float64]]]:
    """Resampled Spearman x 100 of encoders on the same tasks.

    Each task has its own stream, by its heading: its values depend neither on what else is scored nor on how many
    encoders are.

    Args:
        encoders: of each encoder, its results by task name.
        resamples: number of resamples; 0 for none.
        seed: of the drawing.

    Returns:
        Of each encoder: (resamples,) values by column heading, without the tasks on which it is collapsed.
    """
    draws: list[dict[str, NDArray[np.float64]]] = [{} for _ in encoders]
    if resamples == 0 or len(encoders) == 0:
        return draws
    for name, result in encoders[0].items():
        standing = [index for index, results in enumerate(encoders) if not results[name].collapsed]
        values = bootstrap_spearmans(
            [encoders[index][name].cosines for index in standing],
            result.gold,
            resamples=resamples,
            seed=(seed, *result.label.encode()),
        )
        for index, row in zip(standing, values, strict=True):
            draws[index][result.label] = row
    return draws


def resample_transfer(
    results: Iterable[TransferResult], *, resamples: int, seed: int = 0
) -> dict[str, NDArray[np.float64]]:
    """Resampled accuracies by column heading, of the tasks whose test rows were scored; none for 0 resamples.

    Each task has its own stream, by its heading, as the STS tasks have.
    """
    if resamples == 0:
        return {}
    return {
        result.label: bootstrap_accuracy(result.correct, resamples=resamples, seed=(seed, *result.label.encode()))
        for result in results
        if result.correct is not None
    }


def resample_differences(
    first: Evaluation,
    second: Evaluation,
    first_sts: Mapping[str, NDArray[np.float64]],
    second_sts: Mapping[str, NDArray[np.float64]],
    *,
    resamples: int,
    seed: int = 0,
) -> dict[str, NDArray[np.float64]]:
    """Resampled differences first - second of two encoders on the same tasks.

    Args:
        first: one encoder's scores.
        second: the other's.
        first_sts: of `resample_sts`.
        second_sts: of the same call.
        resamples: number of resamples of the transfer tasks' rows.
        seed: of the drawing.

    Returns:
        (resamples,) values by column heading, without the tasks on which one of the two is collapsed, and without
        those whose rows are not known one by one.
    """
    differences = {label: draws - second_sts[label] for label, draws in first_sts.items() if label in second_sts}
    for name, result in first.transfer.items():
        one, other = result.correct, second.transfer[name].correct
        if one is not None and other is not None:
            stream = np.random.default_rng((seed, *result.label.encode()))
            differences[result.label] = accuracy_differences(one, other, resamples=resamples, generator=stream)
    return differences


def accuracy_differences(
    first: Bool[np.ndarray, " rows"],
    second: Bool[np.ndarray, " rows"],
    *,
    resamples: int,
    generator: np.random.Generator,
) -> Float[np.ndarray, " resamples"]:
    """Difference in accuracy, in points, of each of many resamples of the rows.

    Rows on which both are right or both are wrong cancel: how many are drawn of those that only the first has right,
    and of those that only the second has, is multinomial.

    Args:
        first: which rows the first encoder has right.
        second: the same of the second, the same rows in the same order.
        resamples: number of resamples.
        generator: draws them.

    Raises:
        ValueError: if lengths differ or there is no row.
    """
    if len(first) != len(second) or len(first) == 0:
        raise ValueError(f"first and second must be of the same rows, at least one, got {len(first)} and {len(second)}")
    rows = len(first)
    only_first, only_second = (first & ~second).sum() / rows, (second & ~first).sum() / rows
    shares = [only_first, only_second, max(0.0, 1 - only_first - only_second)]
    drawn = generator.multinomial(rows, shares, size=resamples)
    values: np.ndarray = 100 * (drawn[:, 0] - drawn[:, 1]) / rows
    return values


def bootstrap_accuracy(
    correct: Bool[np.ndarray, " rows"], *, resamples: int, seed: int | Sequence[int]
) -> Float[np.ndarray, " resamples"]:
    """Accuracy in per cent of each of many resamples of the rows, which is a binomial count over the rows.

    It shows how much the choice of test rows matters, with the classifiers as they are.

    Raises:
        ValueError: without a row.
    """
    if len(correct) == 0:
        raise ValueError("correct must hold at least one row")
    counts = np.random.default_rng(seed).binomial(len(correct), correct.mean(), size=resamples)
    accuracies: np.ndarray = 100 * counts / len(correct)
    return accuracies
