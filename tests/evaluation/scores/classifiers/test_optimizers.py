from __future__ import annotations

import numpy as np
import pytest
import torch

from sentcse.evaluation.scores.classifiers.optimizers import OPTIMIZERS

TORCH = {"adam": torch.optim.Adam, "rmsprop": torch.optim.RMSprop}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("scale", [1.0, 1e-7])
def test_steps_equal_pytorchs(name, scale):
    """Gradients near epsilon as well, where its place in the denominator matters."""
    generator = np.random.default_rng(0)
    weights = generator.normal(size=(3, 2, 5)).astype(np.float32)
    parameter = torch.nn.Parameter(torch.tensor(weights))
    ours, theirs = OPTIMIZERS[name](weights.shape), TORCH[name]([parameter])
    for _ in range(50):
        gradients = (scale * generator.normal(size=weights.shape)).astype(np.float32)
        parameter.grad = torch.tensor(gradients)
        theirs.step()
        ours.step(weights, gradients)
        np.testing.assert_allclose(weights, parameter.detach().numpy(), atol=2e-6)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_models_that_are_kept_go_on_as_before(name):
    generator = np.random.default_rng(1)
    gradients = generator.normal(size=(6, 3, 2, 4)).astype(np.float32)
    whole, some = np.zeros((3, 2, 4), dtype=np.float32), np.zeros((3, 2, 4), dtype=np.float32)
    of_whole, of_some = OPTIMIZERS[name](whole.shape), OPTIMIZERS[name](some.shape)
    for step in gradients[:3]:
        of_whole.step(whole, step.copy())
        of_some.step(some, step.copy())
    kept = np.array([True, False, True])
    some = some[kept]
    of_some.keep(kept)
    for step in gradients[3:]:
        of_whole.step(whole, step.copy())
        of_some.step(some, step[kept])
    np.testing.assert_array_equal(some, whole[kept])
