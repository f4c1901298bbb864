"""What a method is given and what it gives at a step: a batch of views; losses, their weights, and metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from sentcse.losses.info_nce import cosine_matrix

Batch = Mapping[str, Tensor]
"""`input_ids` and `attention_mask`, each (sentences, views, tokens)."""


@dataclass(frozen=True)
class Objective:
    """What a step gives: losses by name, their weights (1 where none is named), and what else is worth logging.

    The weighted sum is minimised; what is logged under a loss's name is the loss without its weight.
    """

    losses: dict[str, Tensor]
    weights: dict[str, float] = field(default_factory=dict)
    metrics: dict[str, Tensor] = field(default_factory=dict)

    def total(self) -> Tensor:
        """The weighted sum, a scalar."""
        return torch.stack([self.weights.get(name, 1.0) * loss for name, loss in self.losses.items()]).sum()


def flatten_views(batch: Batch) -> tuple[Tensor, Tensor]:
    """Ids and mask as the encoder takes them, views of a sentence as neighbours: (sentences * views, tokens)."""
    return batch["input_ids"].flatten(0, 1), batch["attention_mask"].flatten(0, 1)


def masked_negatives(left_out: Tensor | None) -> dict[str, Tensor]:
    """How many negatives of a batch InfoNCE leaves out, as a metric; none where duplicates are not masked."""
    return {} if left_out is None else {"masked_negatives": left_out.sum()}


def view_cosines(z1: Tensor, z2: Tensor) -> dict[str, Tensor]:
    """Mean cosine of a sentence's two views, and of views of different sentences: (sentences, width) each.

    The second is nan for a batch of one sentence.
    """
    with torch.no_grad():
        cosines = cosine_matrix(z1, z2)
        positives = cosines.diagonal()
        others = (cosines.sum() - positives.sum()) / (cosines.numel() - len(cosines))
        return {"positive_cosine": positives.mean(), "negative_cosine": others}
