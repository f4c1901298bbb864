"""DiffCSE's generator: a frozen masked language model that says which token it expects at a position."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from sentcse.machine.device import cpu_multiplies_bf16
from sentcse.methods.row_chunks import split_rows
from sentcse.modules.masked_language_model_head import MaskedLanguageModelHead

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


ROWS_AT_ONCE = 256
"""Rows scored together: (256, 30522) float32 scores are 30 MiB, those of a whole batch would be gigabytes."""


CANDIDATES = 8


BFLOAT16_ERROR = 2.0**-8
"""Bound on the relative error of a product of two numbers that were both rounded to bfloat16."""


class VocabularyArgmax:
    """`(states @ weight.T + bias).argmax(1)` in float32, a few rows at a time, the scores not kept.

    For weights that stay as they are: what follows from them is computed once.

    Args:
        weight: (vocabulary, width).
        bias: (vocabulary,).
        screen: find candidates in bfloat16 and score only those in float32. A row where the error bound of bfloat16
            leaves room for another token is scored in full, so that the result is the same.
    """

    @torch.no_grad()
    def __init__(
        self, weight: Float[Tensor, "vocabulary width"], bias: Float[Tensor, " vocabulary"], *, screen: bool
    ) -> None:
        self.weight, self.bias = weight.float(), bias.float()
        self.rounded = weight.bfloat16() if screen and len(weight) > CANDIDATES else None
        self.rounded_bias = bias.bfloat16()
        self.longest = torch.linalg.vector_norm(self.weight, dim=1).amax()
        self.largest_bias = self.bias.abs().amax()

    @torch.no_grad()
    def __call__(self, states: Float[Tensor, "rows width"]) -> Int[Tensor, " rows"]:
        """The best token of each of the states, (rows, width)."""
        with torch.autocast(states.device.type, enabled=False):
            return torch.cat([self._choose(rows) for rows in torch.split(states.float(), ROWS_AT_ONCE)])

    def _choose(self, states: Tensor) -> Tensor:
        if self.rounded is None:
            return F.linear(states, self.weight, self.bias).argmax(dim=1)
        rough = F.linear(states.bfloat16(), self.rounded, self.rounded_bias).topk(CANDIDATES, dim=1)
        exact = torch.bmm(self.weight[rough.indices], states.unsqueeze(2)).squeeze(2) + self.bias[rough.indices]
        best = exact.max(dim=1, keepdim=True)
        chosen = rough.indices.gather(1, best.indices).squeeze(1)
        # Cauchy-Schwarz for the rounded factors; then the rounding of the bias and of the sum
        error = BFLOAT16_ERROR * (torch.linalg.vector_norm(states, dim=1) * self.longest + self.largest_bias)
        error = error + BFLOAT16_ERROR * rough.values[:, 0].float().abs()
        unsure = best.values.squeeze(1) < rough.values[:, -1].float() + error
        chosen[unsure] = F.linear(states[unsure], self.weight, self.bias).argmax(dim=1)
        return chosen
