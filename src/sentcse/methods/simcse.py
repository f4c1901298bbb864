"""SimCSE (Gao et al. 2021): a sentence twice through dropout, InfoNCE against the batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sentcse.encoder import SentenceEncoder
from sentcse.errors import ConfigError
from sentcse.losses import info_nce_loss
from sentcse.methods.base import Method
from sentcse.methods.building import Origin
from sentcse.methods.global_batch import part_of_mean
from sentcse.methods.objective import Batch, Objective, flatten_views, masked_negatives, view_cosines
from sentcse.methods.optimization import AdamWSettings
from sentcse.methods.staying_near import NearBy
from sentcse.modules.masking import IGNORED_LABEL, mask_ordinary_tokens, masked_language_model_labels
from sentcse.storage.masked_language_models import load_mlm_head

if TYPE_CHECKING:
    from typing_extensions import Self


class SimCSE(Method):
    """Unsupervised with one sentence twice, supervised with pairs, with or without a hard negative as third view.

    Args:
        encoder: the encoder to train.
        temperature: divides the cosines (equation 1).
        head: projection head while training.
        projection_at_eval: keep the head at test time (supervised SimCSE does).
        hard_negative_weight: added to the logit of a sentence's own hard negative.
        mlm_weight: weight of the masked-language-model term (section 4.3; 0.1 there), 0 for none.
        mlm_masking_ratio: share of tokens that the term predicts.
        mlm_head: scores the vocabulary for (predictions, width) states; needed when mlm_weight is above 0.
        gather: compare the sentences of all ranks.
        chunk: sentences that are encoded at a time; None for all.
        mask_duplicates: sentences with the same tokens are not each other's negatives.
        stay_near: `weights` or `similarities` that a penalty keeps near the start; None for no penalty.
        stay_near_weight: of that penalty.
        optimizer: AdamW settings.

    Raises:
        ValueError: if mlm_weight is above 0 without an mlm_head.
    """

    def __init__(
        self,
        encoder: SentenceEncoder,
        *,
        temperature: float = 0.05,
        head: str = "linear_tanh",
        projection_at_eval: bool = False,
        hard_negative_weight: float = 0.0,
        mlm_weight: float = 0.0,
        mlm_masking_ratio: float = 0.15,
        mlm_head: nn.Module | None = None,
        gather: bool = True,
        chunk: int | None = None,
        mask_duplicates: bool = False,
        stay_near: NearBy | None = None,
        stay_near_weight: float = 0.01,
        optimizer: AdamWSettings | None = None,
    ) -> None:
        super().__init__(
            encoder,
            head=head,
            projection_at_eval=projection_at_eval,
            gather=gather,
            chunk=chunk,
            mask_duplicates=mask_duplicates,
            stay_near=stay_near,
            stay_near_weight=stay_near_weight,
            optimizer=optimizer,
        )
        if mlm_weight > 0 and mlm_head is None:
            raise ValueError("mlm_head must be given when mlm_weight is above 0")
        self.temperature = temperature
        self.hard_negative_weight = hard_negative_weight
        self.mlm_weight = mlm_weight
        self.mlm_masking_ratio = mlm_masking_ratio
        self.mlm_head = mlm_head

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
        """As the base, with the checkpoint's own masked-language-model head if the term is wanted.

        Raises:
            ConfigError: if the tokenizer has no mask token.
        """
        if options.get("mlm_weight", 0) > 0:
            if encoder.tokenizer.mask_token_id is None:
                raise ConfigError(
                    f"method.mlm_weight needs a mask token and the tokenizer of {origin.name_or_path} has none: "
                    "set method.mlm_weight=0 or use a masked language model."
                )
            options["mlm_head"], _ = load_mlm_head(origin.name_or_path, revision=origin.revision)
        return cls(encoder, optimizer=optimizer, **options)

    def compute_losses(self, batch: Batch) -> Objective:
        """InfoNCE of the views (equations 4 and 5), plus the weighted masked-language-model term."""
        z1, z2, *hard_negatives = self.embed(batch).unbind(1)
        left_out = self.false_negatives(batch)
        losses = {
            "info_nce": info_nce_loss(
                z1,
                z2,
                temperature=self.temperature,
                hard_negatives=hard_negatives[0] if hard_negatives else None,
                hard_negative_weight=self.hard_negative_weight,
                left_out=left_out,
            )
        }
        if self.mlm_weight > 0:
            losses["mlm"] = self.masked_language_model_loss(batch)
        return Objective(losses, {"mlm": self.mlm_weight}, {**view_cosines(z1, z2), **masked_negatives(left_out)})

    def masked_language_model_loss(self, batch: Batch) -> Tensor:
        """Mean cross-entropy of the masked tokens of every view; the vocabulary is scored only there."""
        masked_ids, labels = self.mask(batch)
        masked = {"input_ids": masked_ids, "attention_mask": batch["attention_mask"], "labels": labels}
        # sums: a mean over no token would be nan
        sums = torch.stack(self.by_chunk(lambda part, _: self._summed_cross_entropy(part), masked))
        return part_of_mean(sums.sum(), (labels != IGNORED_LABEL).sum())

    def _summed_cross_entropy(self, masked: Batch) -> Tensor:
        ids, mask = flatten_views(masked)
        labels = masked["labels"].flatten(0, 1)
        assert self.mlm_head is not None
        states = self.encoder.backbone(input_ids=ids, attention_mask=mask).last_hidden_state
        # looked up once: each use of a mask as an index would have a GPU waited for
        places = (labels != IGNORED_LABEL).flatten().nonzero().squeeze(1)
        scores: Tensor = self.mlm_head(states.flatten(0, 1)[places])
        return F.cross_entropy(scores.float(), labels.flatten()[places], reduction="sum")

    def mask(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Masked ids and labels (-100 where nothing is predicted), drawn anew for every view."""
        masked, selected = mask_ordinary_tokens(
            batch["input_ids"], batch["attention_mask"], self.encoder.tokenizer, masking_ratio=self.mlm_masking_ratio
        )
        return masked, masked_language_model_labels(batch["input_ids"], selected)
