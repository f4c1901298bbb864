"""The last layer of an encoder computed for the first token alone, where a pooler reads nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

FIRST_TOKEN_POOLERS = {"cls", "cls_before_pooler"}


@contextmanager
def last_layer_for_first_token(backbone: nn.Module) -> Iterator[None]:
    """Have a forward pass inside the block return `last_hidden_state` as (rows, 1, width), the first token's.

    Attention still reads all tokens; what follows it works on each token alone and is left out for the others: most of
    a layer's arithmetic. BERT and the architectures that share its layout; with any other, nothing changes.
    """
    output = _after_attention(backbone)
    if output is None:
        yield
        return
    hook = output.register_forward_pre_hook(_keep_first_token)
    try:
        yield
    finally:
        hook.remove()


def _after_attention(backbone: nn.Module) -> nn.Module | None:
    """What the last layer does with the attention's output and its own input, both (rows, tokens, width)."""
    modules = dict(backbone.named_modules())
    layers = modules.get("encoder.layer")
    if not isinstance(layers, nn.ModuleList):
        return None
    output = modules.get(f"encoder.layer.{len(layers) - 1}.attention.output")
    # BertSelfOutput, RobertaSelfOutput, ...: classes of one form, whose arguments are those two
    return output if type(output).__name__.endswith("SelfOutput") else None


def _keep_first_token(module: nn.Module, inputs: tuple[Any, ...]) -> tuple[Tensor, ...]:
    states: tuple[Tensor, ...] = inputs
    return tuple(state[:, :1] for state in states)
