"""Accuracy of an encoder's vectors on transfer tasks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from threadpoolctl import threadpool_limits
from tqdm.auto import tqdm

from sentcse.evaluation.scores.classifiers.problem import are_constant, make_problem
from sentcse.evaluation.scores.classifiers.settings import CLASSIFIERS, SEED
from sentcse.evaluation.scores.classifiers.validation import Outcome, Validation, count_classifiers
from sentcse.evaluation.scores.embeddings import EmbeddingTable
from sentcse.evaluation.scores.evaluation import TransferResult
from sentcse.evaluation.tasks.transfer import TransferTask


def score_transfer(
    table: EmbeddingTable,
    tasks: Sequence[TransferTask],
    *,
    mode: str = "test",
    seed: int = SEED,
    progress: bool = False,
) -> dict[str, TransferResult]:
    """Score tasks whose sentences the table holds.

    The result depends on vectors, mode and seed alone: the arithmetic runs on one thread, because products so small
    gain nothing from several.

    Args:
        table: vectors of the tasks' sentences.
        tasks: tasks of different names.
        mode: a key of `CLASSIFIERS`; "dev" scores the dev rows only.
        seed: of the classifiers.
        progress: show a bar of classifiers trained.

    Returns:
        By task name, in the order of the tasks.
    """
    test = mode != "dev"
    total = sum(count_classifiers(task.division, CLASSIFIERS[mode], test=test) for task in tasks)
    results = {}
    shown = progress and total > 0  # own pairs and STS train none
    with threadpool_limits(limits=1, user_api="blas"), tqdm(total=total, unit=" fits", disable=not shown) as bar:
        for task in tasks:
            bar.set_description(task.label)
            results[task.name] = score_transfer_task(table, task, mode=mode, seed=seed, trained=bar.update)
    return results


def score_transfer_task(
    table: EmbeddingTable,
    task: TransferTask,
    *,
    mode: str = "test",
    seed: int = SEED,
    trained: Callable[[int], object] = lambda _: None,
) -> TransferResult:
    """Score one task; `trained` is called with the number of classifiers whenever some are ready."""
    settings, test = CLASSIFIERS[mode], mode != "dev"
    sentences = list(dict.fromkeys(task.sentences()))
    collapsed = are_constant(table.rows(sentences))
    problem = make_problem(table, task)
    if collapsed:
        trained(count_classifiers(task.division, settings, test=test))
        outcome = Outcome(float("nan"), None, (), None, None)
    else:
        outcome = Validation(problem, settings, seed=seed, test=test, trained=trained).run()
    correct = None
    if outcome.tested is not None and outcome.predicted is not None:
        correct = np.asarray(problem.labels[outcome.tested] == outcome.predicted)
    scored = {"nested": "all", "folds": "test" if test else "train", "split": "test" if test else "dev"}[task.division]
    return TransferResult(
        label=task.label,
        split="test" if test else "dev",
        accuracy=100 * (outcome.dev_accuracy if outcome.accuracy is None else outcome.accuracy),
        dev_accuracy=100 * outcome.dev_accuracy,
        rows=len(task.parts[scored]),
        folds=None if task.division == "split" else settings.folds,
        l2=outcome.l2,
        truncated=sum(sentence in table.truncated for sentence in sentences),
        collapsed=collapsed,
        seed=seed,
        correct=correct,
    )
