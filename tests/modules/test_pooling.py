from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from sentcse.modules.pooling import LAYERS_NEEDED, POOLERS, layer_weights, mean_over_tokens, pool

MASK = torch.tensor([[1, 1, 1], [1, 0, 0]])


def layers(count: int = 4) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(2, 3, 5, generator=generator) for _ in range(count)]


def naive(hidden_states: list[Tensor], mask: Tensor, wanted: list[int]) -> Tensor:
    """Mean over layers and real tokens, one number at a time."""
    rows, _, width = hidden_states[0].shape
    pooled = torch.zeros(rows, width)
    for row in range(rows):
        real = [token for token in range(mask.shape[1]) if mask[row, token] == 1]
        for value in range(width):
            numbers = [float(hidden_states[layer][row, token, value]) for layer in wanted for token in real]
            pooled[row, value] = sum(numbers) / len(numbers)
    return pooled


@pytest.mark.parametrize(
    ("pooler", "wanted"),
    [("avg", [3]), ("avg_top2", [2, 3]), ("avg_first_last", [1, 3]), ("avg_embeddings_last", [0, 3])],
)
def test_means_are_those_of_a_naive_loop(pooler: str, wanted: list[int]) -> None:
    states = layers()
    torch.testing.assert_close(pool(states, MASK, pooler=pooler), naive(states, MASK, wanted))


@pytest.mark.parametrize("pooler", ["cls", "cls_before_pooler"])
def test_the_first_token_of_the_last_layer(pooler: str) -> None:
    states = layers()
    assert torch.equal(pool(states, MASK, pooler=pooler), states[-1][:, 0])


def test_mean_by_hand() -> None:
    states = torch.tensor([[[1.0, 10.0], [3.0, 20.0], [100.0, 100.0]]])
    expected = torch.tensor([[2.0, 15.0]])
    assert torch.equal(mean_over_tokens(states, torch.tensor([[1, 1, 0]])), expected)


@pytest.mark.parametrize("pooler", sorted(POOLERS))
@pytest.mark.parametrize("rubbish", [0.0, 1e6])
def test_padding_does_not_count(pooler: str, rubbish: float) -> None:
    states = layers()
    padded = [torch.cat([layer, torch.full((2, 4, 5), rubbish)], dim=1) for layer in states]
    mask = torch.cat([MASK, torch.zeros(2, 4, dtype=torch.int64)], dim=1)
    torch.testing.assert_close(pool(padded, mask, pooler=pooler), pool(states, MASK, pooler=pooler))


def test_long_means_of_bfloat16_are_taken_in_float32() -> None:
    # in bfloat16 a sum of ones stands still at 256
    states = torch.ones(1, 400, 2, dtype=torch.bfloat16)
    mean = mean_over_tokens(states, torch.ones(1, 400, dtype=torch.int64))
    assert mean.dtype == torch.float32
    assert torch.equal(mean, torch.ones(1, 2))


@pytest.mark.parametrize("pooler", sorted(LAYERS_NEEDED))
@pytest.mark.parametrize("number", [1, 2, 3, 5])
def test_layer_weights_say_what_the_pooler_does(pooler: str, number: int) -> None:
    states = layers(number + 1)
    weights = layer_weights(pooler, layers=number)
    mixed = sum(w * layer for w, layer in zip(weights, states, strict=True)) / sum(weights)
    torch.testing.assert_close(mean_over_tokens(mixed, MASK), pool(states, MASK, pooler=pooler))


def test_one_layer_is_first_and_last() -> None:
    assert layer_weights("avg_first_last", layers=1) == [0.0, 2.0]
    states = layers(2)
    torch.testing.assert_close(pool(states, MASK, pooler="avg_first_last"), pool(states, MASK, pooler="avg"))


def test_unknown_poolers_are_named() -> None:
    with pytest.raises(ValueError, match=r"pooler must be one of cls, .*, got 'max'"):
        pool(layers(), MASK, pooler="max")
    with pytest.raises(ValueError, match=r"pooler must be one of avg_top2, .*, got 'cls'"):
        layer_weights("cls", layers=3)


@pytest.mark.golden
@pytest.mark.parametrize("pooler", ["cls_before_pooler", "avg", "avg_top2", "avg_first_last"])
def test_published_values(golden_folder: Path, pooler: str) -> None:
    case = load_file(golden_folder / "poolers.safetensors")
    count = json.loads((golden_folder / "golden.json").read_text())["poolers"]["config"]["num_hidden_layers"] + 1
    states = [case[f"hidden_states.{layer}"] for layer in range(count)]
    # the published code has had both meanings of avg_first_last (SimCSE issue 285), which have a name each here
    names = ("avg_first_last", "avg_embeddings_last") if pooler == "avg_first_last" else (pooler,)
    expected = case[f"pooled.{pooler}"]
    found = [pool(states, case["attention_mask"], pooler=name) for name in names]
    assert any(torch.allclose(pooled, expected, rtol=1e-4, atol=1e-6) for pooled in found)
