"""Masked language modelling (Devlin et al. 2019, section 3.1): how a generator for DiffCSE is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sentcse.methods.global_batch import mean_over_ranks, part_of_mean
from sentcse.methods.optimization import AdamWSettings, TrainedModule
from sentcse.modules.attention import quicken
from sentcse.modules.masked_language_model_head import MaskedLanguageModelHead
from sentcse.modules.masking import mask_ordinary_tokens

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


class MaskedLanguageModelling(TrainedModule):
    """Predicts masked tokens; each step masks anew, with BERT's 80 / 10 / 10 rule.

    Weights that `model` shares between its head and its word embeddings are one parameter here too, and stay so.

    Args:
        model: a Hugging Face masked language model; taken apart, `whole_model` puts it together again.
        tokenizer: its tokenizer, with a mask token.
        masking_ratio: share of tokens that are predicted.
        optimizer: AdamW settings.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        *,
        masking_ratio: float = 0.15,
        optimizer: AdamWSettings | None = None,
    ) -> None:
        super().__init__(optimizer=optimizer)
        self.tokenizer = tokenizer
        self.masking_ratio = masking_ratio
        self.backbone: nn.Module = getattr(model, model.base_model_prefix)
        quicken(self.backbone)
        self.head = MaskedLanguageModelHead(model)
        # from_pretrained gives a model without dropout, and Lightning leaves every module's mode as it is
        self.train()

    def score_vocabulary(self, input_ids: Tensor, attention_mask: Tensor, positions: Tensor) -> Tensor:
        """Scores (predictions, vocabulary) in float32 at the true `positions` of (rows, tokens), and nowhere else."""
        states = self.backbone(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        scores: Tensor = self.head(states[positions])
        return scores.float()

    def training_step(self, batch: Mapping[str, Tensor], batch_index: int) -> Tensor:
        """Mean cross-entropy of the masked tokens; logs it and their accuracy under `train/`."""
        ids, mask = batch["input_ids"].flatten(0, 1), batch["attention_mask"].flatten(0, 1)
        masked, selected = mask_ordinary_tokens(ids, mask, self.tokenizer, masking_ratio=self.masking_ratio)
        scores, labels = self.score_vocabulary(masked, mask, selected), ids[selected]
        # a mean over no token would be nan
        predictions = selected.sum()
        loss = part_of_mean(F.cross_entropy(scores, labels, reduction="sum"), predictions)
        accuracy = part_of_mean((scores.detach().argmax(dim=-1) == labels).sum(), predictions)
        shown, accuracy = mean_over_ranks(torch.stack([loss, accuracy])).unbind()
        self._log_step(loss, shown, accuracy, len(ids))
        return loss

    @torch.compiler.disable  # type: ignore[untyped-decorator]
    def _log_step(self, loss: Tensor, shown: Tensor, accuracy: Tensor, size: int) -> None:
        # Lightning would count from 0: a row's step is the number of optimiser steps made with it; a tensor of the
        # device, as a number of Python's would have a GPU waited for
        self.log("step", loss.detach().new_full((), self.global_step + 1))
        self.log("train/loss", shown, prog_bar=True, batch_size=size)
        self.log("train/masked_accuracy", accuracy, batch_size=size)

    @contextmanager
    def whole_model(self) -> Iterator[Any]:
        """The Hugging Face model, put together for as long as the context lasts; shares its weights."""
        model = self.head.model
        prefix = model.base_model_prefix
        apart = getattr(model, prefix)
        setattr(model, prefix, self.backbone)
        try:
            yield model
        finally:
            setattr(model, prefix, apart)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Put in how the model is made, plain containers only."""
        checkpoint["sentcse"] = {"format": 1, "record": self.record}
