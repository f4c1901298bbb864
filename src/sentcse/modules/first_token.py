"""The last layer of an encoder computed for the first token alone, where a pooler reads nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

FIRST_TOKEN_POOLERS = {"cls", "cls_before_pooler"}

_lock = Lock()
_blocks: WeakKeyDictionary[nn.Module, int] = WeakKeyDictionary()
_hooks: WeakKeyDictionary[nn.Module, RemovableHandle] = WeakKeyDictionary()


def computing_what_is_pooled(backbone: nn.Module, pooler: str) -> AbstractContextManager[None]:
    """A block in which the last layer computes no more than the pooler reads."""
    return last_layer_for_first_token(backbone) if pooler in FIRST_TOKEN_POOLERS else nullcontext()


@contextmanager
def last_layer_for_first_token(backbone: nn.Module) -> Iterator[None]:
    """Have a forward pass inside the block return `last_hidden_state` as (rows, 1, width), the first token's.

    Attention still reads all tokens; what follows it works on each token alone and is left out for the others: most of
    a layer's arithmetic. BERT and the architectures that share its layout; with any other, nothing changes.

    Blocks may lie inside each other. Threads that share a backbone need one around them all: a hook that came or went
    during the forward pass of another would disturb it.
    """
    output = _after_attention(backbone)
    if output is None:
        yield
        return
    with _lock:
        _blocks[output] = _blocks.get(output, 0) + 1
        if _blocks[output] == 1:
            _hooks[output] = output.register_forward_pre_hook(_keep_first_token)
    try:
        yield
    finally:
        with _lock:
            _blocks[output] -= 1
            if _blocks[output] == 0:
                _hooks.pop(output).remove()


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
