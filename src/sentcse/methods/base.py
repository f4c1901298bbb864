"""What the methods share: an encoder with a projection head, the sum of weighted losses, the optimiser."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from sentcse.encoder import SentenceEncoder
from sentcse.losses.info_nce import cosine_matrix
from sentcse.methods.building import BuiltModule, Origin
from sentcse.methods.optimization import AdamWSettings
from sentcse.modules.attention import quicken
from sentcse.modules.heads import HEADS
from sentcse.storage.checkpoint import encoder_entry

if TYPE_CHECKING:
    from typing_extensions import Self

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


class Method(BuiltModule, ABC):
    """Base of the training objectives.

    Args:
        encoder: the encoder to train; it has no head of its own.
        head: projection head by its name in `sentcse.modules.heads.HEADS`, or "none".
        projection_at_eval: whether the head is part of the encoder that is scored and exported.
        optimizer: AdamW settings; None for the published ones.
    """

    def __init__(
        self,
        encoder: SentenceEncoder,
        *,
        head: str = "linear_tanh",
        projection_at_eval: bool = False,
        optimizer: AdamWSettings | None = None,
    ) -> None:
        super().__init__(optimizer=optimizer)
        self.encoder = encoder
        quicken(encoder.backbone)
        self.head: nn.Module = nn.Identity() if head == "none" else HEADS[head](encoder.width)
        self.head_at_eval = head if projection_at_eval else None
        # from_pretrained gives a backbone without dropout, and Lightning leaves every module's mode as it is
        self.train()

    @classmethod
    def build(
        cls,
        encoder: SentenceEncoder,
        *,
        origin: Origin,
        generator: Origin | None,
        optimizer: AdamWSettings,
        **options: Any,
    ) -> Self:
        """The method with everything that it needs beside the encoder, loaded from where the encoder comes from.

        Args:
            encoder: the encoder to train.
            origin: the encoder's checkpoint.
            generator: the configured masked language model, which only some methods use.
            optimizer: AdamW settings.
            **options: arguments of the method's own signature.
        """
        return cls(encoder, optimizer=optimizer, **options)

    @abstractmethod
    def compute_losses(self, batch: Batch) -> Objective:
        """The terms of the objective for a batch."""

    def pool(self, batch: Batch) -> Tensor:
        """The encoder's vectors of every view, before the head: (sentences * views, width)."""
        pooled: Tensor = self.encoder(*flatten_views(batch))
        return pooled

    def embed(self, batch: Batch) -> Tensor:
        """Projected vectors of every view: (sentences, views, width)."""
        sentences, views, _ = batch["input_ids"].shape
        projected: Tensor = self.head(self.pool(batch))
        return projected.view(sentences, views, -1)

    def training_step(self, batch: Batch, batch_index: int) -> Tensor:
        """The weighted sum of the losses; logs it, its terms and the metrics under `train/`."""
        objective = self.compute_losses(batch)
        loss = objective.total()
        size = len(batch["input_ids"])
        # Lightning would count from 0: a row's step is the number of optimiser steps made with it
        self.log("step", float(self.global_step + 1))
        self.log("train/loss", loss.detach(), prog_bar=True, batch_size=size)
        details = {**objective.losses, **objective.metrics}
        self.log_dict({f"train/{name}": value.detach().float() for name, value in details.items()}, batch_size=size)
        return loss

    def evaluation_encoder(self) -> SentenceEncoder:
        """The encoder as it is scored and exported; shares its weights with this module."""
        first_token = self.encoder.pooler == "cls_before_pooler"
        return SentenceEncoder(
            self.encoder.backbone,
            self.encoder.tokenizer,
            pooler="cls" if first_token and self.head_at_eval is not None else self.encoder.pooler,
            head=None if self.head_at_eval is None else self.head,
            max_length=self.encoder.max_length,
        )

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Put in what it takes to open the encoder without its origin, plain containers only."""
        checkpoint["sentcse"] = {
            "format": 1,
            "encoder": encoder_entry(self.evaluation_encoder().parts(), self.head_at_eval),
            "method": self.made_of(),
            "record": self.record,
        }


def flatten_views(batch: Batch) -> tuple[Tensor, Tensor]:
    """Ids and mask as the encoder takes them, views of a sentence as neighbours: (sentences * views, tokens)."""
    return batch["input_ids"].flatten(0, 1), batch["attention_mask"].flatten(0, 1)


def view_cosines(z1: Tensor, z2: Tensor) -> dict[str, Tensor]:
    """Mean cosine of a sentence's two views, and of views of different sentences: (sentences, width) each.

    The second is nan for a batch of one sentence.
    """
    with torch.no_grad():
        cosines = cosine_matrix(z1, z2)
        positives = cosines.diagonal()
        others = (cosines.sum() - positives.sum()) / (cosines.numel() - len(cosines))
        return {"positive_cosine": positives.mean(), "negative_cosine": others}
