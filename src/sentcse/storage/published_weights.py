"""Training checkpoints of the published repositories (SimCSE, DiffCSE, miCSE), told apart by the keys of their weights.

SimCSE            bert.* or roberta.*, mlp.dense.*; with --do_mlm lm_head.*
DiffCSE           the same with mlp.net.* under --batchnorm; discriminator.* (aux_bert.* at first), electra_head.*,
                  generator.*, lm_head.*
miCSE             as SimCSE
converted         embeddings.*, encoder.* in place of bert.*; SimCSE's script renames mlp to pooler, miCSE's does not
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sentcse.errors import SentcseError
from sentcse.machine.files import first_line
from sentcse.modules.heads import HEADS

ARCHITECTURES = ("bert", "roberta")
CONVERTED = {"embeddings", "encoder"}
OF_DIFFCSE = {"discriminator", "aux_bert", "electra_head", "generator"}
LEFT_OUT = OF_DIFFCSE | {"lm_head"}
"""Modules that training needs and a sentence vector does not."""
HEAD_NAMES = ("mlp", "pooler")
SHOWN = 3


@dataclass(frozen=True)
class PublishedWeights:
    """What a published training checkpoint holds.

    Attributes:
        architecture: bert or roberta; None where the names of a converted checkpoint do not say.
        backbone: the encoder's weights, by their names in a Hugging Face encoder.
        head: the projection head, or None.
        method: diffcse or micse, where the keys tell; else None.
        pooler: the one that the method's published scores are of, where the keys tell; else None.
        left_out: modules beside the encoder, by their names.
    """

    architecture: str | None
    backbone: dict[str, Tensor]
    head: nn.Module | None
    method: str | None
    pooler: str | None
    left_out: tuple[str, ...]


def tell_apart(state: Mapping[str, Tensor], source: str) -> PublishedWeights:
    """Sort the weights of a training checkpoint by what they belong to.

    Args:
        state: tensors by name.
        source: where they are from, for messages.

    Raises:
        SentcseError: if they are of something else, or of a head of another form.
    """
    modules = {name.partition(".")[0] for name in state}
    architectures = [name for name in ARCHITECTURES if name in modules]
    converted = len(architectures) == 0 and modules >= CONVERTED
    if len(architectures) != 1 and not converted:
        raise SentcseError(
            f"{source} is no training checkpoint of SimCSE, DiffCSE or miCSE: it needs the weights of one encoder "
            f"(bert.*, roberta.*, or embeddings.* and encoder.*), and holds {_some(state)}."
        )
    known = {*(CONVERTED if converted else architectures), *HEAD_NAMES, *LEFT_OUT}
    strange = [name for name in state if name.partition(".")[0] not in known]
    if strange:
        raise SentcseError(
            f"{source} holds {_some(strange)}, which no training checkpoint of SimCSE, DiffCSE or miCSE does: it is of "
            "another model; SentenceEncoder.from_pretrained opens other encoders."
        )
    named = next((name for name in HEAD_NAMES if name in modules), None)
    diffcse = not modules.isdisjoint(OF_DIFFCSE)
    micse = converted and named == "mlp" and not diffcse
    return PublishedWeights(
        architecture=None if converted else architectures[0],
        backbone=_encoder(state) if converted else _inside(state, architectures[0]),
        head=None if named is None else _head(_inside(state, named), f"{source} ({named})"),
        method="diffcse" if diffcse else "micse" if micse else None,
        # both train with --mlp_only_train and score cls_before_pooler, which nobody can see in SimCSE's keys
        pooler="cls_before_pooler" if named is not None and (diffcse or micse) else None,
        left_out=tuple(sorted(modules & LEFT_OUT)),
    )


def _some(names: Mapping[str, Tensor] | list[str]) -> str:
    first = list(names)[:SHOWN]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(first)}{more}" if len(first) > 0 else "none"


def _encoder(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in state.items() if name.partition(".")[0] in CONVERTED}


def _inside(state: Mapping[str, Tensor], module: str) -> dict[str, Tensor]:
    prefix = f"{module}."
    return {name.removeprefix(prefix): tensor for name, tensor in state.items() if name.startswith(prefix)}


def _head(state: Mapping[str, Tensor], source: str) -> nn.Module:
    """Linear + tanh, or DiffCSE's with BatchNorm: the modules here have the published names inside."""
    batchnorm = "net.0.weight" in state
    first = state.get("net.0.weight" if batchnorm else "dense.weight")
    try:
        if first is None or first.ndim != 2:
            raise ValueError(f"its weights are {_some(list(state))}")
        with torch.random.fork_rng(devices=[]):
            head = HEADS["batchnorm" if batchnorm else "linear_tanh"](int(first.shape[1]))
        head.load_state_dict(dict(state))
    except (RuntimeError, ValueError) as error:
        raise SentcseError(
            f"The head of {source} is neither SimCSE's (dense.*) nor DiffCSE's (net.*): {first_line(error)}."
        ) from error
    return head.eval()
