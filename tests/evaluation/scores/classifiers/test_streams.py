from __future__ import annotations

import itertools

import numpy as np
import torch

from sentcse.evaluation.scores.classifiers.streams import RowStream, initial_weights


def test_first_weights_are_those_of_a_seeded_linear_layer():
    torch.manual_seed(1111)
    layer = torch.nn.Linear(7, 3)
    state = torch.get_rng_state()
    weights = initial_weights(3, 8, seed=1111)
    np.testing.assert_array_equal(weights[:, :-1], layer.weight.detach().numpy())
    np.testing.assert_array_equal(weights[:, -1], layer.bias.detach().numpy())
    assert torch.equal(torch.get_rng_state(), state)


def test_orders_are_those_of_numpys_seeded_global_state():
    np.random.seed(1111)
    expected = [np.random.permutation(9) for _ in range(3)]
    for order, other in zip(itertools.islice(RowStream(1111).orders(9), 3), expected, strict=True):
        np.testing.assert_array_equal(order, other)


def test_rows_held_out_are_the_first_draw():
    np.random.seed(3)
    drawn, following = np.random.permutation(59), np.random.permutation(57)
    stream = RowStream(3)
    kept, held_out = stream.hold_out(59, share=0.05)
    np.testing.assert_array_equal(held_out, drawn[:2])
    np.testing.assert_array_equal(kept, drawn[2:])
    np.testing.assert_array_equal(next(stream.orders(57)), following)
