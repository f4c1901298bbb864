from __future__ import annotations

import numpy as np
import pytest

from sentcse.evaluation.scores.classifiers.problem import are_constant, make_problem, pair_features
from sentcse.evaluation.scores.embeddings import EmbeddingTable
from sentcse.evaluation.tasks.transfer import TransferTask
from sentcse.evaluation.tasks.transfer_files import Examples

TABLE = EmbeddingTable(["a", "b", "c"], np.array([[1, 2], [3, -4], [0, 5]], dtype=np.float32), frozenset())


def examples(labels: list[int], *columns: tuple[str, ...]) -> Examples:
    return Examples(columns, np.array(labels, dtype=np.int64))


def test_parts_lie_one_after_another_with_a_column_of_ones():
    task = TransferTask("x", "X", 2, "folds", {"train": examples([1, 0], ("b", "a")), "test": examples([1], ("c",))})
    problem = make_problem(TABLE, task)
    np.testing.assert_array_equal(problem.features, [[3, -4, 1], [1, 2, 1], [0, 5, 1]])
    assert problem.features.dtype == np.float32
    assert problem.labels.tolist() == [1, 0, 1]
    assert {part: rows.tolist() for part, rows in problem.parts.items()} == {"train": [0, 1], "test": [2]}


def test_pairs_become_difference_and_product():
    task = TransferTask("x", "X", 2, "folds", {"train": examples([1], ("a",), ("b",))})
    np.testing.assert_array_equal(make_problem(TABLE, task).features, [[2, 6, 3, -8, 1]])


def test_pair_features_do_not_depend_on_the_order_of_the_pair():
    generator = np.random.default_rng(0)
    first, second = generator.normal(size=(2, 5, 3))
    np.testing.assert_array_equal(pair_features(first, second), pair_features(second, first))
    np.testing.assert_array_equal(pair_features(first, first)[:, :3], 0)


@pytest.mark.parametrize("scale", [0.0, 1e-3, 1e3])
def test_constant_vectors_are_known_up_to_rounding(scale):
    generator = np.random.default_rng(0)
    vectors = scale * generator.normal(size=4) * (1 + 1e-7 * generator.normal(size=(30, 4)))
    assert are_constant(vectors)
    vectors[7, 2] += 0.01 * scale + (scale == 0)
    assert not are_constant(vectors)
