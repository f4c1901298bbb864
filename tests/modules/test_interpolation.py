from __future__ import annotations

import pytest
import torch
from tiny import tiny_bert
from torch import Tensor

from sentcse.modules.interpolation import average, interpolate


def state(*values: float, dtype: torch.dtype = torch.float32, position: int = 7) -> dict[str, Tensor]:
    return {"weight": torch.tensor(values, dtype=dtype), "positions": torch.tensor([position])}


@pytest.mark.parametrize(
    ("alpha", "expected"), [(0.25, [2.0, 0.0]), (0.5, [3.0, -1.0]), (1.25, [6.0, -4.0]), (-1, [-3, 5])]
)
def test_a_line_through_two_points(alpha: float, expected: list[float]) -> None:
    found = interpolate(state(1.0, 1.0), state(5.0, -3.0, position=9), alpha=alpha)
    torch.testing.assert_close(found["weight"], torch.tensor(expected, dtype=torch.float32))
    assert found["positions"].item() == 9  # whole numbers are not halved


def test_both_ends_are_exact_and_untouched() -> None:
    start, end = (tiny_bert(seed=seed).state_dict() for seed in (1, 2))
    before = {name: tensor.clone() for name, tensor in end.items()}
    for alpha, expected in ((0.0, start), (1.0, end)):
        found = interpolate(start, end, alpha=alpha)
        assert found.keys() == expected.keys()
        assert all(torch.equal(tensor, expected[name]) for name, tensor in found.items())
    found["embeddings.word_embeddings.weight"].zero_()
    assert all(torch.equal(tensor, before[name]) for name, tensor in end.items())


def test_of_one_point_nothing_is_another() -> None:
    same = tiny_bert().state_dict()
    for alpha in (0.3, 1.25):
        assert all(torch.equal(t, same[n]) for n, t in interpolate(same, same, alpha=alpha).items())
    assert all(torch.equal(t, same[n]) for n, t in average([same, same]).items())


def test_the_mean_is_that_of_a_loop() -> None:
    states = [tiny_bert(seed=seed).state_dict() for seed in range(3)]
    for name, mean in average(states).items():
        total = sum(each[name].double() for each in states) / 3
        torch.testing.assert_close(mean.double(), torch.as_tensor(total), rtol=1e-6, atol=1e-7)
    halfway = interpolate(states[0], states[1], alpha=0.5)
    torch.testing.assert_close(average(states[:2]), halfway)


def test_half_precision_is_computed_in_more() -> None:
    """60000 + 60000 is beyond float16."""
    found = average([state(60000.0, dtype=torch.float16), state(60000.0, dtype=torch.float16)])
    assert (found["weight"].dtype, found["weight"].item()) == (torch.float16, 60000.0)
    assert (
        interpolate(state(-60000.0, dtype=torch.float16), state(60000.0, dtype=torch.float16), alpha=0.5)["weight"] == 0
    )


def test_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match="same names and shapes, got a difference in weight"):
        interpolate(state(1.0), state(1.0, 2.0), alpha=0.5)
    with pytest.raises(ValueError, match="a difference in more"):
        average([state(1.0), {**state(1.0), "more": torch.zeros(1)}])
    with pytest.raises(ValueError, match="at least one state dict, got none"):
        average([])
