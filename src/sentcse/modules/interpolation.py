"""Weights between and beyond others: state dicts of one architecture, combined tensor by tensor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

State = Mapping[str, Tensor]


def interpolate(start: State, end: State, *, alpha: float) -> dict[str, Tensor]:
    """Start + alpha * (end - start) of every floating-point tensor: alpha 0 is `start`, 1 is `end`, both exactly.

    Computed in float32 or better, and returned in the type and on the device of `end`. What is no floating-point
    number (positions, counters) is taken from `end`. Wortsman et al. 2022 (WiSE-FT), section 3, for alpha from 0 to 1.

    Raises:
        ValueError: if the two do not hold tensors of the same names and shapes.
    """
    _check_alike([start, end])
    return {name: _between(start[name], last, alpha) for name, last in end.items()}


def average(states: Sequence[State]) -> dict[str, Tensor]:
    """The mean of every floating-point tensor, computed in float32 or better; all else is taken from the first.

    Wortsman et al. 2022 (model soups), section 2: the uniform soup.

    Raises:
        ValueError: if there is none, or they do not hold tensors of the same names and shapes.
    """
    _check_alike(states)
    return {name: _mean([state[name] for state in states]) for name in states[0]}


def _between(start: Tensor, end: Tensor, alpha: float) -> Tensor:
    if not end.is_floating_point():
        return end.clone()
    wide = torch.promote_types(end.dtype, torch.float32)
    return torch.lerp(start.to(end.device, wide), end.to(wide), alpha).to(end.dtype)


def _mean(tensors: Sequence[Tensor]) -> Tensor:
    first = tensors[0]
    if not first.is_floating_point():
        return first.clone()
    wide = torch.promote_types(first.dtype, torch.float32)
    return torch.stack([each.to(first.device, wide) for each in tensors]).mean(dim=0).to(first.dtype)


def _check_alike(states: Sequence[State]) -> None:
    if len(states) == 0:
        raise ValueError("states must hold at least one state dict, got none")
    shapes = [{name: tensor.shape for name, tensor in state.items()} for state in states]
    for other in shapes[1:]:
        differing = [name for name in {**shapes[0], **other} if shapes[0].get(name) != other.get(name)]
        if len(differing) > 0:
            raise ValueError(
                f"states must hold tensors of the same names and shapes, got a difference in {differing[0]}"
            )
