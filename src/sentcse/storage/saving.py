"""Write an encoder as a folder that sentcse, transformers and sentence-transformers open with the same vectors."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn

from sentcse.errors import SentcseError
from sentcse.machine.files import replaced_as_a_whole
from sentcse.modules.heads import BatchNormHead, DenseHead, DenseLayer, LinearTanhHead
from sentcse.modules.lora import lora_of, merged
from sentcse.storage.adapters import ADAPTER_FOLDER, save_adapter
from sentcse.storage.backbones import quiet_transformers, without_pooling_layer
from sentcse.storage.model_card import model_card
from sentcse.storage.parts import EncoderParts
from sentcse.storage.record import RECORD_FILE, write_record
from sentcse.storage.sentence_transformers_writer import write_sentence_transformers_layout
from sentcse.storage.tokenizers import save_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def save_encoder(encoder: EncoderParts, folder: Path, *, name: str | None = None) -> Path:
    """Write backbone, tokenizer, head, record and model card; what `SentenceEncoder.save_pretrained` does.

    The folder appears whole or not at all. A BatchNorm head is written as it is in eval mode. A Linear + tanh head on
    the first token is written as the backbone's own pooling layer as well, where its class has one of that form, so
    that AutoModel's `pooler_output` is the vector (as in the published checkpoints).

    Adapters of peft are merged into the weights; those of `sentcse.modules.lora` are kept in `adapter/` as well.

    Args:
        encoder: in any mode, on any device; its provenance holds plain containers only.
        folder: created; an older export of that name is replaced.
        name: what the model card calls it; None for the folder's name.

    Raises:
        SentcseError: if the folder holds something else, cannot be written, or the head cannot be exported.
    """
    target = folder.expanduser().resolve()
    head = export_head(encoder.head)
    backbone = merged(encoder.backbone)
    with replaced_as_a_whole(target, kind="encoder", marker=RECORD_FILE) as partial:
        as_pooling_layer = is_pooling_layer(backbone, encoder.pooler, head)
        has_pooling_layer = len(without_pooling_layer(backbone.config)) > 0
        _save_backbone(backbone, partial, head[0] if as_pooling_layer else None)
        save_tokenizer(encoder.tokenizer, partial)
        dense = write_sentence_transformers_layout(
            partial,
            pooler=encoder.pooler,
            layers=int(backbone.config.num_hidden_layers),
            width=encoder.width,
            head=head,
            max_length=encoder.max_length,
            leave_pooling_layer_out=has_pooling_layer and not as_pooling_layer,
            prompt=encoder.prompt,
            dimensions=encoder.dimensions,
        )
        write_record(partial, encoder, head_folders=dense)
        if lora_of(encoder.backbone) is not None:
            _save_adapter_beside(encoder, partial, dense)
        card = model_card(
            encoder.provenance,
            name=target.name if name is None else name,
            pooler=encoder.pooler,
            max_length=encoder.max_length,
            width=_values(encoder, head),
            prompt=encoder.prompt,
            dimensions=encoder.dimensions,
            head=[(name, layer.activation) for name, layer in zip(dense, head, strict=True)],
            has_pooling_layer=has_pooling_layer,
            head_is_pooling_layer=as_pooling_layer,
        )
        (partial / "README.md").write_text(card, encoding="utf-8")
    return target


def _save_adapter_beside(encoder: EncoderParts, folder: Path, head_folders: Sequence[str]) -> None:
    """The adapter with what else makes vectors of its model's states, so that it can be opened in place of `folder`."""
    adapter = folder / ADAPTER_FOLDER
    save_adapter(encoder.backbone, adapter)
    for name in head_folders:
        shutil.copytree(folder / name, adapter / name)
    write_record(adapter, encoder, head_folders=head_folders)


def _values(encoder: EncoderParts, head: Sequence[DenseLayer]) -> int:
    computed = head[-1].weight.shape[0] if len(head) > 0 else encoder.width
    return computed if encoder.dimensions is None else min(computed, encoder.dimensions)


def export_head(head: nn.Module | None) -> list[DenseLayer]:
    """The head as dense layers, none without a head; raises SentcseError for a head of another kind."""
    if head is None:
        return []
    if isinstance(head, (LinearTanhHead, BatchNormHead, DenseHead)):
        return head.dense_layers()
    raise SentcseError(
        f"A head of the class {type(head).__name__} cannot be exported: only LinearTanhHead, BatchNormHead and "
        "DenseHead are known to other libraries; export the encoder without its head."
    )


def is_pooling_layer(backbone: PreTrainedModel, pooler: str, head: list[DenseLayer]) -> bool:
    """Whether the head computes what the backbone class's own pooling layer does: tanh(W first_token + b)."""
    if not pooler.startswith("cls") or [layer.activation for layer in head] != ["tanh"]:
        return False
    with torch.device("meta"):
        modules = dict(type(backbone)(backbone.config).named_modules())
    dense = modules.get("pooler.dense")
    return (
        isinstance(dense, nn.Linear)
        and isinstance(modules.get("pooler.activation"), nn.Tanh)
        and dense.weight.shape == head[0].weight.shape
    )


def _save_backbone(backbone: PreTrainedModel, folder: Path, pooling_layer: DenseLayer | None) -> None:
    state = {name: tensor.detach().cpu() for name, tensor in backbone.state_dict().items()}
    if pooling_layer is not None:
        state["pooler.dense.weight"] = pooling_layer.weight.cpu()
        state["pooler.dense.bias"] = pooling_layer.bias.cpu()
    with quiet_transformers():
        backbone.save_pretrained(folder, state_dict=state)
