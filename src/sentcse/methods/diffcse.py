"""DiffCSE (Chuang et al. 2022): SimCSE, plus a discriminator that tells from the embedding which tokens were edited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from sentcse.encoder import SentenceEncoder
from sentcse.errors import SentcseError
from sentcse.losses import (
    edit_tokens,
    info_nce_loss,
    replaced_token_accuracy,
    replaced_token_detection_loss,
    replaced_token_labels,
)
from sentcse.methods.base import Batch, Method, Objective, Origin, flatten_views, view_cosines
from sentcse.methods.discriminator import check_embeddings, check_vocabularies
from sentcse.methods.generator import Generator
from sentcse.methods.optimization import AdamWSettings
from sentcse.methods.row_chunks import Rows, split_rows, sum_over_pieces
from sentcse.modules.attention import quicken
from sentcse.modules.masking import mask_ordinary_tokens
from sentcse.storage.backbones import load_backbone
from sentcse.storage.masked_language_models import load_masked_language_model

if TYPE_CHECKING:
    from transformers import PreTrainedModel
    from typing_extensions import Self

PUBLISHED_PADDING = 0
"""The published code multiplies ids by the mask, which is BERT's padding id and RoBERTa's <s>."""


class DiffCSE(Method):
    """InfoNCE + lambda * replaced token detection (equation 5).

    Args:
        encoder: the encoder to train.
        generator: frozen; kept outside the parameters and the checkpoint.
        discriminator: of the encoder's width, from the encoder's own checkpoint.
        temperature: divides the cosines.
        head: projection head while training; the paper's is `batchnorm`.
        projection_at_eval: keep the head at test time.
        rtd_weight: lambda. The RTD loss is a mean over tokens.
        masking_ratio: share of tokens that are masked for the generator.
        condition: `after_head` or `before_head`: which vector the discriminator reads in place of [CLS].
        replace: `every` position takes the generator's prediction (published code), or the `masked` ones (paper).
        count_padding: average the RTD loss over padding too (published code).
        padding_as_published: write id 0 at padding.
        discriminator_rows: rows that the discriminator computes at a time, which bounds its memory; None for all.
        optimizer: AdamW settings.
    """

    def __init__(
        self,
        encoder: SentenceEncoder,
        generator: Generator,
        discriminator: PreTrainedModel,
        *,
        temperature: float = 0.05,
        head: str = "batchnorm",
        projection_at_eval: bool = False,
        rtd_weight: float = 0.005,
        masking_ratio: float = 0.30,
        condition: str = "after_head",
        replace: str = "every",
        count_padding: bool = False,
        padding_as_published: bool = False,
        discriminator_rows: int | None = 32,
        optimizer: AdamWSettings | None = None,
    ) -> None:
        super().__init__(encoder, head=head, projection_at_eval=projection_at_eval, optimizer=optimizer)
        # in a tuple, Lightning and the optimiser do not see it
        self._generator = (generator,)
        self.discriminator = discriminator.train()
        quicken(discriminator)
        self.rtd_head = nn.Linear(encoder.width, 2)
        self.temperature = temperature
        self.rtd_weight = rtd_weight
        self.masking_ratio = masking_ratio
        self.condition = condition
        self.replace = replace
        self.count_padding = count_padding
        self.discriminator_rows = discriminator_rows
        self.padding_id = PUBLISHED_PADDING if padding_as_published else int(encoder.tokenizer.pad_token_id)

    @classmethod
    def build(
        cls,
        encoder: SentenceEncoder,
        *,
        origin: Origin,
        generator: Origin | None,
        optimizer: AdamWSettings,
        prediction: str = "argmax",
        sampling_temperature: float = 1.0,
        **options: Any,
    ) -> Self:
        """As the base, with the generator and a discriminator that starts as the encoder does.

        Raises:
            SentcseError: if the encoder's embeddings are not as wide as its states, or there is no generator of its
                vocabulary.
        """
        check_embeddings(encoder, origin)
        if generator is None:
            raise SentcseError("method=diffcse needs a generator: set generator.name_or_path.")
        check_vocabularies(encoder, origin, generator)
        backbone, head = load_masked_language_model(generator.name_or_path, revision=generator.revision)
        return cls(
            encoder,
            Generator(backbone, head, prediction=prediction, temperature=sampling_temperature),
            load_backbone(origin.name_or_path, dropout=origin.dropout, revision=origin.revision),
            optimizer=optimizer,
            **options,
        )

    @property
    def generator(self) -> Generator:
        """The frozen masked language model."""
        return self._generator[0]

    def on_fit_start(self) -> None:
        """Bring the generator to the device, which Lightning cannot do for what it does not see."""
        self.generator.to(self.device)

    def compute_losses(self, batch: Batch) -> Objective:
        """InfoNCE of the views, and replaced token detection on an edited copy of each (equations 2 to 5)."""
        pooled = self.pool(batch)
        projected = self.head(pooled)
        z1, z2 = projected.unflatten(0, batch["input_ids"].shape[:2]).unbind(1)[:2]
        condition = projected if self.condition == "after_head" else pooled
        ids, mask = flatten_views(batch)
        edited = self.edit(batch)
        labels = replaced_token_labels(edited, ids, mask)
        rtd, logits = self.detect(edited, labels, mask, condition)
        accuracy = replaced_token_accuracy(logits, labels, mask)
        return Objective(
            losses={
                "info_nce": info_nce_loss(z1, z2, temperature=self.temperature),
                "rtd": rtd,
            },
            weights={"rtd": self.rtd_weight},
            metrics={
                **view_cosines(z1, z2),
                "rtd_accuracy": accuracy.all,
                "rtd_accuracy_replaced": accuracy.replaced,
                "rtd_accuracy_original": accuracy.original,
                "replaced_share": accuracy.replaced_share,
            },
        )

    def edit(self, batch: Batch) -> Tensor:
        """The edited copy of every view: (sentences * views, tokens)."""
        ids, mask = flatten_views(batch)
        masked, selected = self.mask(batch)
        real = mask.bool()
        positions = selected if self.replace == "masked" else real
        needed = positions & real
        needed[:, 0] = False  # becomes [CLS] whatever is predicted
        predictions = self.generator.predict(masked, mask, needed)
        return edit_tokens(
            predictions,
            ids,
            mask,
            cls_token_id=int(self.encoder.tokenizer.cls_token_id),
            pad_token_id=self.padding_id,
            positions=positions if self.replace == "masked" else None,
        )

    def mask(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Masked ids and the selected positions, drawn anew for every view."""
        ids, mask = flatten_views(batch)
        return mask_ordinary_tokens(ids, mask, self.encoder.tokenizer, masking_ratio=self.masking_ratio)

    def detect(self, edited: Tensor, labels: Tensor, mask: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """The RTD loss, and logits (rows, tokens, 2) without gradient; zero at padding that needed no computation."""
        pieces = split_rows(mask, self.discriminator_rows, cut_padding=not self.count_padding)
        counted = torch.ones_like(mask) if self.count_padding else mask
        found = torch.zeros(*edited.shape, 2, device=edited.device)

        def part(rows: Rows, condition: Tensor, words: Tensor) -> Tensor:
            logits = self.discriminate(rows.of(edited), rows.of(mask), condition, words[:, : rows.length])
            found[rows.index, : rows.length] = logits.detach().float()
            mean = replaced_token_detection_loss(
                logits, rows.of(labels), rows.of(mask), count_padding=self.count_padding
            )
            return mean * (counted[rows.index].sum() / counted.sum())

        # looked up for all rows together: the gradient of the table is as large as the vocabulary
        table = self.discriminator.get_input_embeddings()
        learned = [*self.discriminator.parameters(), *self.rtd_head.parameters()]
        parameters = [each for each in learned if each.requires_grad and each is not table.weight]
        return sum_over_pieces(part, pieces, (condition, table(edited)), parameters), found

    def discriminate(
        self, edited: Tensor, attention_mask: Tensor, condition: Tensor, words: Tensor | None = None
    ) -> Tensor:
        """Original-or-replaced logits (rows, tokens, 2), given the condition (rows, width).

        `words` are the word embeddings of `edited` where they have been looked up already.
        """
        model: Any = self.discriminator
        hooks = [
            # position 0 is the sentence's, as in figure 1; torch.cat keeps the gradient of the condition
            model.embeddings.register_forward_hook(lambda _module, _inputs, output: cat_first(condition, output))
        ]
        if words is not None:
            hooks.append(model.get_input_embeddings().register_forward_hook(lambda *_: words))
        try:
            states = model(input_ids=edited, attention_mask=attention_mask).last_hidden_state
        finally:
            for hook in hooks:
                hook.remove()
        logits: Tensor = self.rtd_head(states)
        return logits


def cat_first(condition: Tensor, embedded: Tensor) -> Tensor:
    """`embedded` (rows, tokens, width) with `condition` (rows, width) at position 0."""
    return torch.cat([condition.unsqueeze(1).to(embedded.dtype), embedded[:, 1:]], dim=1)
