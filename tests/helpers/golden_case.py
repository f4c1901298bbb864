"""Cases of the published implementations: their tensors, their scalars and models with their weights."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from tiny import tiny_tokenizer
from torch import Tensor, nn
from transformers import BertConfig, BertModel, PretrainedConfig, PreTrainedModel

from sentcse.encoder import SentenceEncoder

TOLERANCE = 1e-4
"""Relative to the largest entry of the expected tensor: single entries near 0 are rounding."""


@dataclass(frozen=True)
class GoldenCase:
    """One case of golden.json with its safetensors file."""

    scalars: dict[str, Any]
    tensors: dict[str, Tensor]

    @property
    def batch(self) -> dict[str, Tensor]:
        """Token ids and mask, (sentences, views, tokens)."""
        return {name: self.tensors[name] for name in ("input_ids", "attention_mask")}

    def weights(self, part: str) -> dict[str, Tensor]:
        """The state dict of one part of the model, buffers of older releases left out."""
        prefix = f"{part}."
        return {
            name.removeprefix(prefix): value
            for name, value in self.tensors.items()
            if name.startswith(prefix) and not name.endswith("position_ids")
        }

    def encoder(self) -> SentenceEncoder:
        """The case's BERT behind the pooler `cls_before_pooler`."""
        backbone = load_weights(BertModel(self.config(BertConfig), add_pooling_layer=False), self.weights("encoder"))
        return SentenceEncoder(backbone, tiny_tokenizer(), pooler="cls_before_pooler")

    def config(self, kind: type[PretrainedConfig]) -> PretrainedConfig:
        """The case's architecture."""
        values = dict(self.scalars["config"])
        dropout = values.pop("dropout")
        return kind(hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout, **values)


def load_case(folder: Path, name: str) -> GoldenCase:
    """Read a case by its name."""
    scalars = json.loads((folder / "golden.json").read_text(encoding="utf-8"))[name]
    return GoldenCase(scalars, load_file(folder / f"{name}.safetensors"))


def load_weights(model: PreTrainedModel, weights: dict[str, Tensor]) -> PreTrainedModel:
    """Load weights, which must fill the model."""
    missing, unexpected = model.load_state_dict(weights, strict=False)
    assert [name for name in missing if not name.endswith("position_ids")] == []
    assert [name for name in unexpected if not name.startswith("pooler.")] == []
    return model


def gradient(parameter: nn.Parameter | Tensor) -> Tensor:
    """The gradient of a parameter after backward."""
    assert parameter.grad is not None
    return parameter.grad


def assert_golden(actual: Tensor, expected: Tensor, name: str) -> None:
    """Compare to 1e-4 of the largest expected entry."""
    allowed = TOLERANCE * expected.abs().max().item()
    torch.testing.assert_close(
        actual, expected, rtol=0, atol=allowed, check_dtype=False, msg=lambda text: f"{name}: {text}"
    )
