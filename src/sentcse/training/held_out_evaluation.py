"""Scores of a masked language model on sentences that it is not trained on, with the same masks each time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from pytorch_lightning import LightningModule
from torch import Tensor
from torch.nn import functional as F

from sentcse.data.collator import ViewCollator
from sentcse.data.token_cache import TokenIds
from sentcse.errors import DataError
from sentcse.methods.masked_language_modelling import MaskedLanguageModelling
from sentcse.modules.masking import IGNORED_LABEL, mask_ordinary_tokens, masked_language_model_labels
from sentcse.modules.modes import in_eval_mode
from sentcse.records.layout import HELD_OUT_LOSS, MASKED_ACCURACY, PERPLEXITY, VALIDATION
from sentcse.training.periodic_evaluation import PeriodicEvaluation

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class MaskedTexts:
    """Texts that have been masked, int64 (texts, tokens) each; `labels` is -100 where nothing is predicted."""

    input_ids: Tensor
    attention_mask: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.input_ids)


def mask_once(
    texts: Sequence[TokenIds], tokenizer: PreTrainedTokenizerBase, *, masking_ratio: float, seed: int
) -> MaskedTexts:
    """Mask texts as training does, from a seed of their own: torch's random state neither matters nor moves.

    Raises:
        DataError: if not one token is selected.
    """
    batch = ViewCollator(int(tokenizer.pad_token_id), 1)([[text] for text in texts])
    ids, mask = batch["input_ids"][:, 0], batch["attention_mask"][:, 0]
    masked, selected = mask_ordinary_tokens(
        ids, mask, tokenizer, masking_ratio=masking_ratio, generator=torch.Generator().manual_seed(seed)
    )
    if not bool(selected.any()):
        raise DataError(
            f"Not one token of the {len(texts)} held-out sentences is masked at masking_ratio={masking_ratio:g}: take "
            "a larger corpus, a larger held_out.share or another held_out.seed."
        )
    return MaskedTexts(masked, mask, masked_language_model_labels(ids, selected))


@torch.no_grad()
def held_out_scores(model: MaskedLanguageModelling, texts: MaskedTexts, *, batch_size: int) -> dict[str, float]:
    """Score the masked tokens, in eval mode and float32; the mode is restored.

    Returns:
        `loss`, the mean cross-entropy in nats; `perplexity`, its exponential; `masked_accuracy`, the share of masked
        tokens that get the highest score.
    """
    losses, hits = torch.zeros((), dtype=torch.float64), 0
    with in_eval_mode(model):
        for start in range(0, len(texts), batch_size):
            ids, mask, labels = (
                part[start : start + batch_size].to(model.device)
                for part in (texts.input_ids, texts.attention_mask, texts.labels)
            )
            wanted = labels != IGNORED_LABEL
            if bool(wanted.any()):
                scores = model.score_vocabulary(ids, mask, wanted)
                losses += F.cross_entropy(scores, labels[wanted], reduction="sum").cpu().double()
                hits += int((scores.argmax(dim=-1) == labels[wanted]).sum())
    predictions = int((texts.labels != IGNORED_LABEL).sum())
    loss = losses / predictions
    return {"loss": float(loss), "perplexity": float(loss.exp()), "masked_accuracy": hits / predictions}


class HeldOutEvaluation(PeriodicEvaluation):
    """Scores the held-out part; its loss decides which checkpoint is the best.

    Args:
        texts: the held-out part.
        every_n_steps: optimiser steps between two evaluations.
        batch_size: sentences scored together.
    """

    mode = "min"

    def __init__(self, texts: MaskedTexts, *, every_n_steps: int, batch_size: int = 128) -> None:
        super().__init__(every_n_steps=every_n_steps)
        self.texts = texts
        self.batch_size = batch_size

    @property
    def monitor(self) -> str:
        """The metric that selects."""
        return HELD_OUT_LOSS

    def scores(self, pl_module: LightningModule, *, initial: bool) -> dict[str, float]:
        """Loss, perplexity and masked accuracy."""
        assert isinstance(pl_module, MaskedLanguageModelling)
        found = held_out_scores(pl_module, self.texts, batch_size=self.batch_size)
        return {f"{VALIDATION}{name}": value for name, value in found.items()}

    def line(self, metrics: dict[str, float]) -> str:
        """Accuracy and perplexity."""
        accuracy, perplexity = metrics[MASKED_ACCURACY], metrics[PERPLEXITY]
        return f"held-out masked accuracy {accuracy:.2%}  perplexity {perplexity:.4g}"
