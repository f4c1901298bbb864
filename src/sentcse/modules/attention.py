"""Attention maps of chosen layers, with gradients, while all other layers run fused attention.

`output_attentions=True` would give nothing under fused attention, and under eager attention all maps of all layers.
Here the attention function of `transformers` is replaced by one that keeps its maps in the chosen layers only, and that
attends without torch's fused function where this is the slower one: with dropout on a CPU.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from sentcse.modules.dropout import dropout as drop
from sentcse.modules.dropout import quicken_dropout

IMPLEMENTATION = "sdpa_maps"
LAYER_ATTRIBUTE = "attention_map_layer"  # set on the attention modules of chosen layers; survives a deepcopy

_collected: ContextVar[dict[int, Tensor] | None] = ContextVar("collected", default=None)
_called: ContextVar[list[nn.Module] | None] = ContextVar("called", default=None)


def enable_attention_maps(model: PreTrainedModel, layers: Sequence[int]) -> None:
    """Let the `layers` (numbered from 0) of `model` compute their maps, and all others run fused attention.

    Nothing is written to the configuration that is saved with the model. Calling it again changes the choice.

    Raises:
        ValueError: if layers is empty, repeats a layer or names one that does not exist; if the model does not take
            its attention function from `transformers.AttentionInterface` (DeBERTa, MPNet), shares one attention module
            among layers (ALBERT) or attends causally.
    """
    modules = _attention_modules(model)
    _check_layers(layers, len(modules), model)
    for number, module in enumerate(modules):
        setattr(module, LAYER_ATTRIBUTE, number if number in layers else None)


def quicken_attention(model: PreTrainedModel) -> None:
    """Let `model` compute faster: no fused attention with dropout on a CPU, and no waiting for a GPU.

    On a CPU torch's takes up to twice the time with dropout. Nothing changes in an architecture with an attention of
    its own.
    """
    if model.config._attn_implementation == "sdpa" and model._supports_attention_backend:
        model.set_attn_implementation(IMPLEMENTATION)


@contextmanager
def collect_attention_maps(layers: Sequence[int]) -> Iterator[dict[int, Tensor]]:
    """Collect the maps of one forward pass inside the block: layer -> (rows, heads, tokens, tokens), with gradients.

    Maps are post-softmax and post-dropout, float32 at least. `layers` are those given to `enable_attention_maps`.

    Raises:
        RuntimeError: at the end of the block if the maps of a layer are missing; during the second forward pass of a
            block, whose maps would overwrite the first ones.
    """
    maps: dict[int, Tensor] = {}
    token = _collected.set(maps)
    try:
        yield maps
    finally:
        _collected.reset(token)
    missing = sorted(set(layers) - maps.keys())
    if missing:
        raise RuntimeError(f"no attention maps of layers {missing}: call enable_attention_maps on the model first")


def attention_with_maps(
    query: Float[Tensor, "rows heads tokens width"],
    key: Float[Tensor, "rows key_heads tokens width"],
    value: Float[Tensor, "rows key_heads tokens width"],
    attention_mask: Shaped[Tensor, "#rows #heads #tokens tokens"] | None,
    *,
    dropout: float,
    scaling: float | None,
) -> tuple[Float[Tensor, "rows tokens heads width"], Float[Tensor, "rows heads tokens tokens"]]:
    """Plain attention: (output, maps). A boolean mask is true where a key may be seen, any other mask is added."""
    if key.shape[1] != query.shape[1]:  # grouped-query attention: key heads shared by several query heads
        key, value = (t.repeat_interleave(query.shape[1] // t.shape[1], dim=1) for t in (key, value))
    # scaling the queries instead of the scores touches tokens * width numbers in place of tokens * tokens
    scores = (query * (query.shape[-1] ** -0.5 if scaling is None else scaling)) @ key.transpose(2, 3)
    if attention_mask is not None and attention_mask.dtype == torch.bool:
        # the masks of fused attention are boolean: added, as eager attention does, they would shift scores by 0 or 1
        scores = scores.masked_fill(~attention_mask, torch.finfo(scores.dtype).min)
    elif attention_mask is not None:
        scores = scores + attention_mask
    maps = scores.softmax(dim=-1, dtype=torch.promote_types(scores.dtype, torch.float32))
    maps = drop(maps, dropout) if maps.device.type == "cpu" else F.dropout(maps, p=dropout)
    return (maps.to(value.dtype) @ value).transpose(1, 2).contiguous(), maps


def _attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    **options: Any,
) -> tuple[Tensor, Tensor | None]:
    """Attend as `transformers` asks in every layer of a model set to `sdpa_maps`, keeping maps where wanted."""
    called = _called.get()
    if called is not None:
        called.append(module)
    layer: int | None = getattr(module, LAYER_ATTRIBUTE, None)
    if layer is None and not _is_slow_when_fused(module, query, dropout, options):
        options.pop("output_attentions", None)
        return sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **options
        )
    if layer is not None and options.get("position_bias") is not None:
        raise ValueError(f"{type(module).__name__} adds a position bias to its scores: its maps cannot be collected")
    output, maps = attention_with_maps(query, key, value, attention_mask, dropout=dropout, scaling=scaling)
    collected = _collected.get()
    if collected is not None and layer is not None:
        if layer in collected:
            raise RuntimeError(f"a second forward pass in one collect_attention_maps block (layer {layer})")
        collected[layer] = maps
    return output, maps


def _is_slow_when_fused(module: nn.Module, query: Tensor, dropout: float, options: dict[str, Any]) -> bool:
    plain = not getattr(module, "is_causal", False) and options.get("position_bias") is None
    return dropout > 0 and query.device.type == "cpu" and plain


def _attention_modules(model: PreTrainedModel) -> list[nn.Module]:
    """Find the attention modules of the layers in order: those that call the attention function, one by one.

    This takes a forward pass over two tokens, because not every architecture numbers its attention modules.
    """
    name = type(model).__name__
    model.set_attn_implementation(IMPLEMENTATION)
    if model.config._attn_implementation != IMPLEMENTATION:
        raise ValueError(f"{name} does not take its attention from transformers.AttentionInterface: it gives no maps")
    called: list[nn.Module] = []
    token = _called.set(called)
    devices = [model.device] if model.device.type == "cuda" else []
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=devices):
            model(input_ids=torch.zeros((1, 2), dtype=torch.long, device=model.device))
    finally:
        _called.reset(token)
    if len(set(called)) < len(called):
        raise ValueError(f"{name} shares one attention module among its layers: single layers cannot be chosen")
    if any(getattr(module, "is_causal", False) for module in called):
        raise ValueError(f"{name} attends causally: maps are collected from bidirectional encoders only")
    return called


def _check_layers(layers: Sequence[int], depth: int, model: PreTrainedModel) -> None:
    if len(layers) == 0 or len(set(layers)) < len(layers) or not all(0 <= layer < depth for layer in layers):
        raise ValueError(
            f"layers must name different layers from 0 to {depth - 1} of {type(model).__name__}, got {list(layers)}"
        )


def _mask(*, allow_is_bidirectional_skip: bool = False, device: torch.device | str, **options: Any) -> Tensor | None:
    """The mask of fused attention, as `transformers` makes it.

    A batch without padding needs none, but whether it has any is not asked of a GPU: each forward pass would wait.
    """
    asks = allow_is_bidirectional_skip and _answers_at_once(torch.device(device))
    mask: Tensor | None = sdpa_mask(allow_is_bidirectional_skip=asks, device=device, **options)
    return mask


def _answers_at_once(device: torch.device) -> bool:
    return device.type == "cpu"


AttentionInterface.register(IMPLEMENTATION, _attention)
AttentionMaskInterface.register(IMPLEMENTATION, _mask)


def quicken(backbone: PreTrainedModel) -> None:
    """Replace what torch does slowly on a CPU while training: dropout, and attention with dropout."""
    quicken_dropout(backbone)
    quicken_attention(backbone)
