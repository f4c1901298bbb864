"""Projection heads: what stands between the pooled vector and the objective while training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

INITIAL_STD = 0.02
"""Heads start like the encoder's own layers: the published code passes them through BERT's `_init_weights`."""

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "identity": lambda projected: projected,
}
"""What may follow a dense layer of an exported head, by the name that a `DenseLayer` carries."""


class DenseLayer(NamedTuple):
    """One layer of a head as it is exported: `activation(weight @ x + bias)`."""

    weight: Float[Tensor, "width_out width_in"]
    bias: Float[Tensor, " width_out"]
    activation: str


def initialise_linear(module: nn.Module) -> None:
    """Set every linear layer inside to normal(0, 0.02) with bias 0."""
    for layer in module.modules():
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, std=INITIAL_STD)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


class LinearTanhHead(nn.Module):
    """Linear + tanh (Gao et al. 2021, section 4.3; BERT's own pooler has the same form)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.dense = nn.Linear(width, width)
        initialise_linear(self)

    def forward(self, pooled: Float[Tensor, "rows width"]) -> Float[Tensor, "rows width"]:
        """Project (rows, width) to (rows, width)."""
        return torch.tanh(self.dense(pooled))

    def dense_layers(self) -> list[DenseLayer]:
        """The head as dense layers; they compute what it computes."""
        return [DenseLayer(self.dense.weight.detach(), self.dense.bias.detach(), "tanh")]


class BatchNormHead(nn.Module):
    """Linear, BatchNorm, ReLU, Linear, BatchNorm without affine (Chuang et al. 2022, section 4 and published code).

    Needs at least two rows a batch while training.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(width, 2 * width, bias=False),
            nn.BatchNorm1d(2 * width),
            nn.ReLU(),
            nn.Linear(2 * width, width, bias=False),
            nn.BatchNorm1d(width, affine=False),
        )
        initialise_linear(self)

    def forward(self, pooled: Float[Tensor, "rows width"]) -> Float[Tensor, "rows width"]:
        """Project (rows, width) to (rows, width)."""
        projected: Tensor = self.net(pooled)
        return projected

    def dense_layers(self) -> list[DenseLayer]:
        """The head in eval mode as dense layers: there a BatchNorm is an affine map, folded into the layer before."""
        first, first_norm, _, second, second_norm = self.net
        return [
            DenseLayer(*_fold_batch_norm(first, first_norm), "relu"),
            DenseLayer(*_fold_batch_norm(second, second_norm), "identity"),
        ]


def _fold_batch_norm(linear: nn.Module, norm: nn.Module) -> tuple[Tensor, Tensor]:
    """Weight and bias of `norm(linear(x))` with the running statistics; in float64, as 1 / std may be large."""
    assert isinstance(linear, nn.Linear)
    assert isinstance(norm, _BatchNorm)  # or what Lightning leaves of one that was synchronised
    assert norm.running_mean is not None
    assert norm.running_var is not None
    # on the CPU: Apple's GPUs have no float64
    mean, variance, weight = (each.detach().cpu() for each in (norm.running_mean, norm.running_var, linear.weight))
    scale = (variance.double() + norm.eps).rsqrt()
    shift = torch.zeros_like(scale)
    if norm.affine:
        scale, shift = scale * norm.weight.detach().cpu().double(), norm.bias.detach().cpu().double()
    bias = shift - mean.double() * scale
    return (weight.double() * scale[:, None]).to(linear.weight), bias.to(linear.weight)


class DenseHead(nn.Module):
    """Dense layers one after the other: what an exported head of any kind is when it is read back."""

    def __init__(self, layers: Sequence[DenseLayer]) -> None:
        super().__init__()
        self.activations = [layer.activation for layer in layers]
        self.weights = nn.ParameterList(layer.weight.clone() for layer in layers)
        self.biases = nn.ParameterList(layer.bias.clone() for layer in layers)

    def forward(self, pooled: Float[Tensor, "rows width_in"]) -> Float[Tensor, "rows width_out"]:
        """Project (rows, in) to (rows, out)."""
        for weight, bias, activation in zip(self.weights, self.biases, self.activations, strict=True):
            pooled = ACTIVATIONS[activation](nn.functional.linear(pooled, weight, bias))
        return pooled

    def dense_layers(self) -> list[DenseLayer]:
        """The layers that the head was made of, as they are now."""
        return [
            DenseLayer(weight.detach(), bias.detach(), activation)
            for weight, bias, activation in zip(self.weights, self.biases, self.activations, strict=True)
        ]


HEADS: dict[str, type[LinearTanhHead] | type[BatchNormHead]] = {
    "linear_tanh": LinearTanhHead,
    "batchnorm": BatchNormHead,
}
"""Projection heads by the name that the configuration and an exported encoder use."""
