"""DiffCSE's generator: a frozen masked language model that says which token it expects at a position."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Int
from torch import Tensor, nn

from sentcse.cpu import cpu_multiplies_bf16
from sentcse.masked_language_model import MaskedLanguageModelHead
from sentcse.methods.row_chunks import split_rows
from sentcse.methods.vocabulary_argmax import ROWS_AT_ONCE, VocabularyArgmax

SEQUENCES_AT_ONCE = 32
"""Rows of tokens that are computed together: their states stay in the cache."""


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
        self._argmax: VocabularyArgmax | None = None
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
        predictions = torch.zeros_like(input_ids)
        for rows in split_rows(attention_mask, SEQUENCES_AT_ONCE, cut_padding=True):
            wanted = rows.of(positions)
            states = self.backbone(input_ids=rows.of(input_ids), attention_mask=rows.of(attention_mask))
            found = torch.zeros_like(wanted, dtype=predictions.dtype)
            found[wanted] = self._choose(states.last_hidden_state[wanted])
            predictions[rows.index, : rows.length] = found
        return predictions

    def _choose(self, states: Tensor) -> Tensor:
        if self.prediction == "sample":
            return torch.cat([self._sample(self.head(chunk)) for chunk in torch.split(states, ROWS_AT_ONCE)])
        decoder = self.head.decoder
        if decoder is None or decoder.bias is None:
            return torch.cat([self.head(chunk).argmax(dim=1) for chunk in torch.split(states, ROWS_AT_ONCE)])
        argmax = self._argmax_of(decoder)
        # in float32 as the scores, lest autocast convert the decoder's weights for the no rows that it scores here
        with torch.autocast(states.device.type, enabled=False):
            return argmax(self.head.before_decoder(states.float(), decoder))

    def _argmax_of(self, decoder: nn.Linear) -> VocabularyArgmax:
        if self._argmax is None or self._argmax.weight.device != decoder.weight.device:
            # where it pays: processors that multiply bfloat16 in hardware
            screen = decoder.weight.device.type == "cpu" and cpu_multiplies_bf16()
            self._argmax = VocabularyArgmax(decoder.weight, decoder.bias, screen=screen)
        return self._argmax

    def _sample(self, scores: Tensor) -> Tensor:
        # Gumbel's trick: the arg max of scores plus this noise is a draw from their softmax
        noise = -torch.empty_like(scores, dtype=torch.float32).exponential_().log()
        return (scores.float() / self.temperature + noise).argmax(dim=1)
