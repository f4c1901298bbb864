"""DiffCSE's generator: a frozen masked language model that says which token it expects at a position."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Int
from torch import Tensor, nn

from sentcse.masked_language_model import MaskedLanguageModelHead

ROWS_AT_ONCE = 512
"""Predictions scored together: (512, 30522) float32 scores are 60 MiB, those of a whole batch would be gigabytes."""


class Generator(nn.Module):
    """Predicts tokens, without gradients and always in eval mode.

    The published code leaves the generator's dropout on by accident; a frozen model is meant to be without.

    Args:
        backbone: the masked language model without its head.
        head: its head.
        prediction: "argmax" as in the published code, "sample" as in the paper (section 3).
        temperature: of the sampling.
    """

    def __init__(
        self,
        backbone: nn.Module,
        head: MaskedLanguageModelHead,
        *,
        prediction: str = "argmax",
        temperature: float = 1.0,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head
        self.prediction = prediction
        self.temperature = temperature
        self.requires_grad_(False)
        self.eval()

    def train(self, mode: bool = True) -> Generator:
        """Stays in eval mode whatever is asked."""
        return super().train(False)

    @torch.no_grad()
    def predict(
        self,
        input_ids: Int[Tensor, "rows tokens"],
        attention_mask: Int[Tensor, "rows tokens"],
        positions: Bool[Tensor, "rows tokens"],
    ) -> Int[Tensor, "rows tokens"]:
        """The predicted token id at `positions`, 0 elsewhere.

        The vocabulary is scored at `positions` only, a few hundred at a time, and the scores are not kept.
        """
        states = self.backbone(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state[positions]
        chosen = [self._choose(self.head(chunk)) for chunk in states.split(ROWS_AT_ONCE)]
        predictions = torch.zeros_like(input_ids)
        predictions[positions] = torch.cat(chosen)
        return predictions

    def _choose(self, scores: Tensor) -> Tensor:
        if self.prediction == "argmax":
            return scores.argmax(dim=-1)
        # Gumbel's trick: the arg max of scores plus this noise is a draw from their softmax
        noise = -torch.empty_like(scores, dtype=torch.float32).exponential_().log()
        return (scores.float() / self.temperature + noise).argmax(dim=-1)
