"""The head of a pretrained masked language model, apart from its backbone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sentcse.errors import SentcseError
from sentcse.loading import check_source, from_hub_or_folder


class MaskedLanguageModelHead(nn.Module):
    """Scores the vocabulary for states of a backbone, with the head that a Hugging Face masked language model has.

    Every architecture writes its head in its own way, so the whole model stays and only its backbone is replaced by
    one that hands the states through.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        setattr(model, model.base_model_prefix, _GivenStates())
        self.model = model

    def forward(self, states: Tensor) -> Tensor:
        """(predictions, width) states to (predictions, vocabulary) scores."""
        scores: Tensor = self.model(inputs_embeds=states.unsqueeze(0)).logits
        return scores.squeeze(0)


class _GivenStates(nn.Module):
    def forward(self, *_: Any, inputs_embeds: Tensor, **__: Any) -> Any:
        from transformers.modeling_outputs import BaseModelOutput

        return BaseModelOutput(last_hidden_state=inputs_embeds)


def load_mlm_head(name_or_path: str | Path, *, revision: str | None = None) -> tuple[MaskedLanguageModelHead, bool]:
    """The checkpoint's own head, and whether it had one; without one it starts random, its decoder as the embeddings.

    Raises:
        SentcseError: if the checkpoint cannot be had, or its architecture has no masked language model.
    """
    model, complete = _load(name_or_path, revision)
    return MaskedLanguageModelHead(model), complete


def load_masked_language_model(
    name_or_path: str | Path, *, revision: str | None = None
) -> tuple[nn.Module, MaskedLanguageModelHead]:
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
    backbone = getattr(model, model.base_model_prefix)
    return backbone, MaskedLanguageModelHead(model)


def _load(name_or_path: str | Path, revision: str | None) -> tuple[Any, bool]:
    from transformers import AutoModelForMaskedLM

    try:
        model, report = from_hub_or_folder(
            AutoModelForMaskedLM.from_pretrained,
            check_source(name_or_path),
            revision=revision,
            dtype=torch.float32,
            output_loading_info=True,
        )
    except SentcseError as fault:
        if "Unrecognized configuration class" not in str(fault):
            raise
        raise SentcseError(
            f"The architecture of {name_or_path} has no masked language model: choose another checkpoint."
        ) from None
    return model, not report["missing_keys"]
