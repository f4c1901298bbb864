"""DiffCSE's generator: a frozen masked language model that makes the edited copy of a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Bool, Int
from torch import Tensor, nn

from sentcse.encoder import SentenceEncoder
from sentcse.errors import SentcseError
from sentcse.losses import edit_tokens
from sentcse.machine.device import multiplies_bf16
from sentcse.methods.building import Origin
from sentcse.methods.row_chunks import ROWS_IN_CACHE, split_rows
from sentcse.modules.attention import quicken_attention
from sentcse.modules.masked_language_model_head import MaskedLanguageModelHead
from sentcse.modules.masking import mask_ordinary_tokens
from sentcse.modules.vocabulary_argmax import ROWS_AT_ONCE, VocabularyArgmax
from sentcse.storage.masked_language_models import load_masked_language_model
from sentcse.storage.tokenizers import load_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase
    from typing_extensions import Self

SEQUENCES_AT_ONCE = 1024
"""Rows of tokens that a GPU computes together: no gradient is kept, and more would not be faster."""

PUBLISHED_PADDING = 0
"""The published code multiplies ids by the mask, which is BERT's padding id and RoBERTa's <s>."""


class Generator(nn.Module):
    """Masks, predicts and edits (section 3, equation 2), without gradients and always in eval mode.

    The published code leaves the generator's dropout on by accident; a frozen model is meant to be without.

    Args:
        backbone: the masked language model without its head.
        head: its head.
        tokenizer: of the encoder and of the generator, which have one vocabulary.
        masking_ratio: share of tokens that are masked before it predicts.
        prediction: "argmax" as in the published code, "sample" as in the paper.
        temperature: of the sampling.
        replace: `every` position takes the prediction (published code), or the `masked` ones (paper).
        padding_as_published: write id 0 at padding.
    """

    def __init__(
        self,
        backbone: PreTrainedModel,
        head: MaskedLanguageModelHead,
        tokenizer: PreTrainedTokenizerBase,
        *,
        masking_ratio: float = 0.30,
        prediction: str = "argmax",
        temperature: float = 1.0,
        replace: str = "every",
        padding_as_published: bool = False,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head
        self.tokenizer = tokenizer
        self.masking_ratio = masking_ratio
        self.prediction = prediction
        self.temperature = temperature
        self.replace = replace
        self.padding_id = PUBLISHED_PADDING if padding_as_published else int(tokenizer.pad_token_id)
        self.screens = True
        """Find candidates in bfloat16 where the device multiplies it in hardware; the choices are the same without."""
        self._argmax: VocabularyArgmax | None = None
        quicken_attention(backbone)
        self.requires_grad_(False)
        self.eval()

    @classmethod
    def load(cls, generator: Origin, encoder: SentenceEncoder, origin: Origin, **options: Any) -> Self:
        """The generator of a checkpoint, for an encoder of its vocabulary.

        Raises:
            SentcseError: if the checkpoint cannot be had, has no trained head, or another vocabulary.
        """
        check_vocabularies(encoder, origin, generator)
        backbone, head = load_masked_language_model(generator.name_or_path, revision=generator.revision)
        return cls(backbone, head, encoder.tokenizer, **options)

    def train(self, mode: bool = True) -> Self:
        """Stays in eval mode whatever is asked."""
        return super().train(False)

    @torch.no_grad()
    def edit(
        self, input_ids: Int[Tensor, "rows tokens"], attention_mask: Int[Tensor, "rows tokens"]
    ) -> Int[Tensor, "rows tokens"]:
        """The edited copy x'' = G(x') of sentences x, of which x' has tokens masked anew (equation 2)."""
        masked, selected = self.mask(input_ids, attention_mask)
        positions = selected if self.replace == "masked" else torch.ones_like(selected)
        needed = positions & attention_mask.bool()
        needed[:, 0] = False  # becomes [CLS] whatever is predicted
        return edit_tokens(
            self.predict(masked, attention_mask, needed),
            input_ids,
            attention_mask,
            cls_token_id=int(self.tokenizer.cls_token_id),
            pad_token_id=self.padding_id,
            positions=positions,
        )

    def mask(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Masked ids and the selected positions, (rows, tokens) each."""
        return mask_ordinary_tokens(input_ids, attention_mask, self.tokenizer, masking_ratio=self.masking_ratio)

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
        at_once = ROWS_IN_CACHE if input_ids.device.type == "cpu" else SEQUENCES_AT_ONCE
        for rows in split_rows(attention_mask, at_once, cut_padding=True):
            wanted = rows.of(positions)
            states = self.backbone(input_ids=rows.of(input_ids), attention_mask=rows.of(attention_mask))
            # looked up once: each use of a mask as an index would have a GPU waited for
            places = wanted.flatten().nonzero().squeeze(1)
            found = torch.zeros_like(wanted, dtype=predictions.dtype)
            found.view(-1)[places] = self._choose(states.last_hidden_state.flatten(0, 1)[places])
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
            screen = self.screens and multiplies_bf16(decoder.weight.device)
            self._argmax = VocabularyArgmax(decoder.weight, decoder.bias, screen=screen)
        return self._argmax

    def _sample(self, scores: Tensor) -> Tensor:
        # Gumbel's trick: the arg max of scores plus this noise is a draw from their softmax
        noise = -torch.empty_like(scores, dtype=torch.float32).exponential_().log()
        return (scores.float() / self.temperature + noise).argmax(dim=1)


def check_vocabularies(encoder: SentenceEncoder, origin: Origin, generator: Origin) -> None:
    """Refuse a generator that writes other ids than the encoder reads.

    Raises:
        SentcseError: naming both, if a token has another id in the other, or is missing there.
    """
    theirs = load_tokenizer(generator.name_or_path, revision=generator.revision).get_vocab()
    ours = encoder.tokenizer.get_vocab()
    if theirs != ours:
        strange = next((token for token in theirs if ours.get(token) != theirs[token]), None)
        example = (
            f"{len(theirs)} tokens there and {len(ours)} here"
            if strange is None
            else f"token {strange!r} is {theirs[strange]} there and {ours.get(strange, 'missing')} here"
        )
        raise SentcseError(
            f"The generator {generator.name_or_path} and the encoder {origin.name_or_path} have different vocabularies "
            f"({example}): choose a generator made for this encoder, or train one with python -m sentcse.generator."
        )
