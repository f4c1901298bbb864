"""Published checkpoints that hold no record of their pooler, by their exact names on the model hub.

A pooler is never guessed from a part of a name or path: the published tool does, and scores the wrong vectors as soon
as somebody renames a folder (princeton-nlp/SimCSE, issue 194).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from sentcse.errors import ConfigError, SentcseError
from sentcse.modules.heads import DenseHead, DenseLayer
from sentcse.storage.backbones import from_hub_or_folder
from sentcse.storage.parts import EncoderRecord


@dataclass(frozen=True)
class PublishedEncoder:
    """How a published checkpoint is scored.

    Attributes:
        pooler: the one that its authors' figures are of.
        head_as_pooling_layer: whether the trained projection head was saved as the backbone's own pooling layer, so
            that pooler=cls can be had; else that layer is random or of the pretraining, and the head is not read.
    """

    pooler: str
    head_as_pooling_layer: bool


# SimCSE's conversion renames `mlp` to `pooler` (simcse_to_huggingface.py)
_UNSUPERVISED = PublishedEncoder("cls_before_pooler", head_as_pooling_layer=True)
_SUPERVISED = PublishedEncoder("cls", head_as_pooling_layer=True)
# DiffCSE's files keep every module of training under its own name, miCSE's conversion leaves `mlp` where it is
_OTHER_NAMES = PublishedEncoder("cls_before_pooler", head_as_pooling_layer=False)

PUBLISHED_ENCODERS: dict[str, PublishedEncoder] = {
    "princeton-nlp/unsup-simcse-bert-base-uncased": _UNSUPERVISED,
    "princeton-nlp/unsup-simcse-bert-large-uncased": _UNSUPERVISED,
    "princeton-nlp/unsup-simcse-roberta-base": _UNSUPERVISED,
    "princeton-nlp/unsup-simcse-roberta-large": _UNSUPERVISED,
    "princeton-nlp/sup-simcse-bert-base-uncased": _SUPERVISED,
    "princeton-nlp/sup-simcse-bert-large-uncased": _SUPERVISED,
    "princeton-nlp/sup-simcse-roberta-base": _SUPERVISED,
    "princeton-nlp/sup-simcse-roberta-large": _SUPERVISED,
    "voidism/diffcse-bert-base-uncased-sts": _OTHER_NAMES,
    "voidism/diffcse-bert-base-uncased-trans": _OTHER_NAMES,
    "voidism/diffcse-roberta-base-sts": _OTHER_NAMES,
    "voidism/diffcse-roberta-base-trans": _OTHER_NAMES,
    "sap-ai-research/miCSE": _OTHER_NAMES,
}
"""By hub name. A copy on this machine is known by the folder that the hub's cache keeps it in, or by `known_as`."""

CACHE_PREFIX = "models--"


def published_name(source: str, known_as: str | None = None) -> str | None:
    """The key of `PUBLISHED_ENCODERS` that a source is; None if it is none of them.

    Args:
        source: a hub name or a local folder.
        known_as: the hub name that the source is a copy of, as its user says.

    Raises:
        ConfigError: if `known_as` is not in the table.
    """
    if known_as is not None:
        if known_as not in PUBLISHED_ENCODERS:
            raise ConfigError(
                f"known_as={known_as}: there is no such published encoder in the table; there are "
                f"{', '.join(PUBLISHED_ENCODERS)}."
            )
        return known_as
    if source in PUBLISHED_ENCODERS:
        return source
    # the hub's cache: models--OWNER--NAME/snapshots/COMMIT
    folder = Path(source).expanduser().absolute()
    repository = folder.parent.parent.name
    if folder.parent.name != "snapshots" or not repository.startswith(CACHE_PREFIX):
        return None
    name = "/".join(repository.removeprefix(CACHE_PREFIX).split("--", 1))
    return name if name in PUBLISHED_ENCODERS else None


def published_record(
    name: str, source: str, *, pooler: str | None = None, revision: str | None = None
) -> EncoderRecord:
    """Make the record that a published checkpoint lacks.

    Args:
        name: a key of `PUBLISHED_ENCODERS`.
        source: where it lies: hub name or folder.
        pooler: the pooler that is asked for; None for the published one. Its head is read only where it is used.
        revision: branch, tag or commit on the hub.

    Raises:
        SentcseError: if its head cannot be read.
    """
    known = PUBLISHED_ENCODERS[name]
    with_head = (known.pooler if pooler is None else pooler) == "cls" and known.head_as_pooling_layer
    return EncoderRecord(known.pooler, read_pooling_layer(source, revision=revision) if with_head else None)


def read_pooling_layer(source: str, *, revision: str | None = None) -> DenseHead:
    """Read a backbone's own pooling layer, Linear + tanh over the first token, as a head.

    Raises:
        SentcseError: if the checkpoint cannot be had, or holds no such layer.
    """
    from transformers import AutoModel

    model, report = from_hub_or_folder(
        AutoModel.from_pretrained, source, revision=revision, dtype=torch.float32, output_loading_info=True
    )
    dense: Any = dict(model.named_modules()).get("pooler.dense")
    if dense is None or any(name.startswith("pooler.") for name in report["missing_keys"]):
        raise SentcseError(
            f"{source} holds no pooling layer (pooler.dense), which its pooler cls needs; fetch it again, or use "
            "pooler=cls_before_pooler."
        )
    return DenseHead([DenseLayer(dense.weight.detach(), dense.bias.detach(), "tanh")])
