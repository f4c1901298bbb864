"""The head of a pretrained masked language model, apart from its backbone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from sentcse.errors import SentcseError
from sentcse.modules.dropout import set_dropout
from sentcse.modules.masked_language_model_head import MaskedLanguageModelHead
from sentcse.storage.backbones import (
    CHECKPOINT_SUFFIX,
    check_source,
    from_hub_or_folder,
    load_config,
    masked_language_model_folder,
)
from sentcse.storage.checkpoint import load_checkpoint_encoder
from sentcse.storage.loaded_weights import refuse_unused

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def load_mlm_head(name_or_path: str | Path, *, revision: str | None = None) -> tuple[MaskedLanguageModelHead, bool]:
    """The checkpoint's own head, and whether it had one; without one it starts random, its decoder as the embeddings.

    A training checkpoint (.ckpt) gives the architecture alone, for weights that are loaded afterwards.

    Raises:
        SentcseError: if the checkpoint cannot be had, or its architecture has no masked language model.
    """
    if Path(name_or_path).suffix == CHECKPOINT_SUFFIX:
        return MaskedLanguageModelHead(_untrained(Path(name_or_path))), False
    model, complete = _load(name_or_path, revision)
    return MaskedLanguageModelHead(model), complete


def load_masked_language_model(
    name_or_path: str | Path, *, revision: str | None = None
) -> tuple[PreTrainedModel, MaskedLanguageModelHead]:
    """A trained masked language model, as its backbone and its head.

    Raises:
        SentcseError: if the checkpoint cannot be had, or holds no trained head.
    """
    model, complete = _load(name_or_path, revision)
    if not complete:
        raise SentcseError(
            f"{name_or_path} has no trained masked-language-model head, so that it cannot predict tokens: "
            "give a masked language model, or train one with python -m sentcse.generator."
        )
    backbone: PreTrainedModel = getattr(model, model.base_model_prefix)
    return backbone, MaskedLanguageModelHead(model)


def load_to_train(
    name_or_path: str | Path, *, revision: str | None = None, dropout: float | None = None
) -> tuple[Any, bool]:
    """Any encoder checkpoint as a Hugging Face masked language model, and whether it had a head of its own.

    A head that is not there starts random, its decoder tied to the word embeddings.

    Args:
        name_or_path: a folder or hub name.
        revision: branch, tag or commit on the hub.
        dropout: sets every dropout; None leaves them as the checkpoint has them.

    Raises:
        SentcseError: if the checkpoint cannot be had, is damaged, or its architecture has no masked language model.
    """
    model, missing = _load_with_report(name_or_path, revision, dropout)
    backbone = [name for name in missing if name.startswith(f"{model.base_model_prefix}.")]
    if backbone:
        raise SentcseError(
            f"{name_or_path} lacks {len(backbone)} weights of its encoder ({backbone[0]}, ...): they would start "
            "random; give a complete checkpoint."
        )
    if missing:
        model.config.tie_word_embeddings = True
        model.tie_weights()
    return model, not missing


def _untrained(path: Path) -> Any:
    from transformers import AutoModelForMaskedLM

    with torch.random.fork_rng(devices=[]):
        build: Callable[..., Any] = AutoModelForMaskedLM.from_config
        return build(load_checkpoint_encoder(path).backbone.config, dtype=torch.float32)


def _load(name_or_path: str | Path, revision: str | None) -> tuple[Any, bool]:
    model, missing = _load_with_report(name_or_path, revision, None)
    return model, not missing


def _load_with_report(name_or_path: str | Path, revision: str | None, dropout: float | None) -> tuple[Any, list[str]]:
    """The model, and which of its weights are not in the checkpoint."""
    from transformers import AutoModelForMaskedLM

    source = check_source(masked_language_model_folder(name_or_path))
    config = load_config(source, revision=revision)
    if dropout is not None:
        set_dropout(config, dropout)
    try:
        model, report = from_hub_or_folder(
            AutoModelForMaskedLM.from_pretrained,
            source,
            revision=revision,
            config=config,
            dtype=torch.float32,
            output_loading_info=True,
        )
    except SentcseError as fault:
        if "Unrecognized configuration class" not in str(fault):
            raise
        raise SentcseError(
            f"The architecture of {name_or_path} has no masked language model: choose another checkpoint."
        ) from None
    unexpected = [name for name in report["unexpected_keys"] if name.startswith(f"{model.base_model_prefix}.")]
    refuse_unused(name_or_path, getattr(model, model.base_model_prefix), unexpected)
    return model, sorted(report["missing_keys"])
