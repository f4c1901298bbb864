"""From token states to a sentence vector: pure functions, one for each pooler.

`cls` and `cls_before_pooler` read the same token; the first name says that a trained head follows it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

HiddenStates = Sequence[Float[Tensor, "rows tokens width"]]
Pooled = Float[Tensor, "rows width"]


def first_token(states: Float[Tensor, "rows tokens width"]) -> Pooled:
    """The state of the first token ([CLS], <s>)."""
    return states[:, 0]


def mean_over_tokens(
    states: Float[Tensor, "rows tokens width"], attention_mask: Int[Tensor, "rows tokens"]
) -> Float[Tensor, "rows width"]:
    """Mean over real tokens, in float32 at least. Padding does not count, whatever it holds."""
    dtype = torch.promote_types(states.dtype, torch.float32)
    weights = attention_mask.unsqueeze(-1).to(dtype)
    return (states.to(dtype) * weights).sum(1) / weights.sum(1)


def _pool_first_token(hidden_states: HiddenStates, attention_mask: Tensor) -> Tensor:
    return first_token(hidden_states[-1])


def _pool_avg(hidden_states: HiddenStates, attention_mask: Tensor) -> Tensor:
    return mean_over_tokens(hidden_states[-1], attention_mask)


def _pool_avg_top2(hidden_states: HiddenStates, attention_mask: Tensor) -> Tensor:
    return mean_over_tokens((hidden_states[-1] + hidden_states[-2]) / 2, attention_mask)


def _pool_avg_first_last(hidden_states: HiddenStates, attention_mask: Tensor) -> Tensor:
    return mean_over_tokens((hidden_states[1] + hidden_states[-1]) / 2, attention_mask)


def _pool_avg_embeddings_last(hidden_states: HiddenStates, attention_mask: Tensor) -> Tensor:
    return mean_over_tokens((hidden_states[0] + hidden_states[-1]) / 2, attention_mask)


POOLERS: dict[str, Callable[[HiddenStates, Tensor], Tensor]] = {
    "cls": _pool_first_token,
    "cls_before_pooler": _pool_first_token,
    "avg": _pool_avg,
    "avg_top2": _pool_avg_top2,
    "avg_first_last": _pool_avg_first_last,
    "avg_embeddings_last": _pool_avg_embeddings_last,
}
"""Pooler names as in docs/poolers.md; each takes all hidden states (embeddings first) and the attention mask."""

LAYERS_NEEDED = {"avg_top2", "avg_first_last", "avg_embeddings_last"}
"""The poolers that read other layers than the last, for which the backbone must return every hidden state."""


def layer_weights(pooler: str, layers: int) -> list[float]:
    """How often each hidden state, embeddings first, counts in the mean that a pooler takes over layers.

    Args:
        pooler: a name of `LAYERS_NEEDED`.
        layers: transformer layers; the result has one value more.

    Raises:
        ValueError: for a pooler that reads only the last layer.
    """
    other = {"avg_top2": layers - 1, "avg_first_last": 1, "avg_embeddings_last": 0}
    if pooler not in other:
        raise ValueError(f"pooler must be one of {', '.join(other)}, got {pooler!r}")
    weights = [0.0] * (layers + 1)
    weights[layers] += 1.0
    weights[other[pooler]] += 1.0
    return weights


def pool(hidden_states: HiddenStates, attention_mask: Int[Tensor, "rows tokens"], *, pooler: str) -> Pooled:
    """Pool hidden states (embedding layer first) into one vector a row.

    Args:
        hidden_states: one (rows, tokens, width) tensor a layer; those in `LAYERS_NEEDED` need every layer,
            the other poolers only the last.
        attention_mask: (rows, tokens), 1 at real tokens.
        pooler: a key of `POOLERS`. `avg_first_last` takes the first transformer layer (the SimCSE code since 2024),
            `avg_embeddings_last` the embedding layer (SimCSE's paper, DiffCSE, miCSE).

    Raises:
        ValueError: for an unknown pooler.
    """
    if pooler not in POOLERS:
        raise ValueError(f"pooler must be one of {', '.join(POOLERS)}, got {pooler!r}")
    return POOLERS[pooler](hidden_states, attention_mask)
