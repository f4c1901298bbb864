"""DiffCSE (Chuang et al. 2022): SimCSE, plus a discriminator that tells from the embedding which tokens were edited."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import nn

from sentcse.config.evaluation import RTD_ACCURACY
from sentcse.data.collator import batches_longest_first
from sentcse.data.token_cache import TokenIds
from sentcse.encoder import SentenceEncoder
from sentcse.errors import SentcseError
from sentcse.losses import (
    info_nce_loss,
    replaced_token_accuracy,
    replaced_token_counts,
    replaced_token_labels,
)
from sentcse.methods.base import Method
from sentcse.methods.building import Origin
from sentcse.methods.discriminator import Discriminator, check_embeddings
from sentcse.methods.generator import Generator
from sentcse.methods.global_batch import own_rows
from sentcse.methods.objective import Batch, Objective, flatten_views, masked_negatives, view_cosines
from sentcse.methods.optimization import AdamWSettings
from sentcse.methods.row_chunks import ROWS_IN_CACHE
from sentcse.methods.staying_near import NearBy
from sentcse.modules.attention import quicken
from sentcse.modules.dropout import quicken_dropout
from sentcse.modules.lora import LoRA, adapt
from sentcse.modules.modes import in_eval_mode
from sentcse.storage.opening import open_backbone

if TYPE_CHECKING:
    from transformers import PreTrainedModel
    from typing_extensions import Self

BATCH = 64
"""Held-out texts that are edited and read together: fixed, as what is masked depends on it."""


class DiffCSE(Method):
    """InfoNCE + lambda * replaced token detection (equation 5).

    Args:
        encoder: the encoder to train.
        generator: edits the sentences; frozen, kept outside the parameters and the checkpoint.
        discriminator: of the encoder's width, from the encoder's own checkpoint.
        temperature: divides the cosines.
        head: projection head while training; the paper's is `batchnorm`.
        projection_at_eval: keep the head at test time.
        rtd_weight: lambda. The RTD loss is a mean over tokens.
        condition: `after_head` or `before_head`: which vector the discriminator reads in place of [CLS].
        count_padding: average the RTD loss over padding too (published code).
        discriminator_rows: rows that the discriminator computes at a time, which bounds its memory; None for all;
            "auto" for a few on a CPU, and on a GPU all, or with `chunk` those of as many sentences.
        gather: compare the sentences of all ranks.
        chunk: sentences that are encoded at a time; None for all.
        mask_duplicates: sentences with the same tokens are not each other's negatives.
        stay_near: `weights` or `similarities` that a penalty keeps near the start; None for no penalty.
        stay_near_weight: of that penalty.
        optimizer: AdamW settings.
    """

    reads_hard_negatives = False

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
        condition: str = "after_head",
        count_padding: bool = False,
        discriminator_rows: int | Literal["auto"] | None = "auto",
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
        self.temperature = temperature
        self.rtd_weight = rtd_weight
        self.condition = condition
        # in a tuple, Lightning and the optimiser do not see it
        self._generator = (generator,)
        self.discriminator = discriminator.train()
        quicken(discriminator)
        self.rtd_head = nn.Linear(encoder.width, 2)
        self.count_padding = count_padding
        self.discriminator_rows = discriminator_rows

    def adapt(self, lora: LoRA) -> None:
        """As the base; the discriminator, which is as large as the encoder, gets adapters of its own."""
        super().adapt(lora)
        adapt(self.discriminator, lora)
        quicken_dropout(self.discriminator)

    def compute_losses(self, batch: Batch) -> Objective:
        """InfoNCE of the views, and replaced token detection on an edited copy of each (equations 2 to 5)."""
        x, mask = flatten_views(batch)
        h = self.pool(batch)
        projected = self.project(h, views=batch["input_ids"].shape[1])
        z1, z2 = projected.unbind(1)[:2]
        edited = self.generator.edit(x, mask)
        condition = own_rows(projected.flatten(0, 1), len(h)) if self.condition == "after_head" else h
        detection = self.replaced_token_detection.detect(edited, x, mask, condition=condition)
        left_out = self.false_negatives(batch)
        return Objective(
            losses={
                "info_nce": info_nce_loss(z1, z2, temperature=self.temperature, left_out=left_out),
                "rtd": detection.loss,
            },
            weights={"rtd": self.rtd_weight},
            metrics={
                **view_cosines(z1, z2),
                **masked_negatives(left_out),
                "rtd_accuracy": detection.accuracy.all,
                "rtd_accuracy_replaced": detection.accuracy.replaced,
                "rtd_accuracy_original": detection.accuracy.original,
                "replaced_share": detection.accuracy.replaced_share,
            },
        )

    @torch.no_grad()
    def score_held_out(self, texts: Sequence[TokenIds], *, seed: int) -> dict[str, float]:
        """`rtd_accuracy`: the share of all tokens that the discriminator tells right in the texts' edited copies.

        Beside it `rtd_accuracy_replaced` and `rtd_accuracy_original`, the shares of either kind: one that says the same
        of all tokens is right in one kind alone. Without dropout and in float32; BatchNorm of the head has its running
        statistics. The copies are the same at every evaluation, as the generator is frozen.
        """
        # where weights are shared out over devices, only the encoder is there yet
        device = self.to(self.encoder.device).device
        self.generator.to(device)
        counts = torch.zeros(4, dtype=torch.int64, device=device)
        with (
            torch.random.fork_rng(devices=[device] if device.type == "cuda" else []),
            torch.autocast(device.type, enabled=False),
            in_eval_mode(self),
        ):
            torch.manual_seed(seed)
            for batch in batches_longest_first(texts, int(self.encoder.tokenizer.pad_token_id), size=BATCH):
                x, mask = (batch[name][:, 0].to(device) for name in ("input_ids", "attention_mask"))
                edited, h = self.generator.edit(x, mask), self.encoder(x, mask)
                condition = self.head(h) if self.condition == "after_head" else h
                logits = self.replaced_token_detection.logits(edited, mask, condition=condition)
                counts += replaced_token_counts(logits, replaced_token_labels(edited, x, mask), mask)
        accuracy = replaced_token_accuracy(counts)
        found = {"": accuracy.all, "_replaced": accuracy.replaced, "_original": accuracy.original}
        return {f"{RTD_ACCURACY}{kind}": float(value) for kind, value in found.items()}

    @classmethod
    def build(
        cls,
        encoder: SentenceEncoder,
        *,
        origin: Origin,
        generator: Origin | None,
        optimizer: AdamWSettings,
        masking_ratio: float = 0.30,
        prediction: str = "argmax",
        sampling_temperature: float = 1.0,
        replace: str = "every",
        padding_as_published: bool = False,
        **options: Any,
    ) -> Self:
        """As the base, with the generator and a discriminator that starts as the encoder does.

        The options that have a name here are those of `sentcse.methods.generator.Generator`.

        Raises:
            SentcseError: if the encoder's embeddings are not as wide as its states, or there is no generator of its
                vocabulary.
        """
        check_embeddings(encoder, origin)
        if generator is None:
            raise SentcseError("method=diffcse needs a generator: set generator.name_or_path.")
        editor = Generator.load(
            generator,
            encoder,
            origin,
            masking_ratio=masking_ratio,
            prediction=prediction,
            temperature=sampling_temperature,
            replace=replace,
            padding_as_published=padding_as_published,
        )
        discriminator, _ = open_backbone(origin.name_or_path, dropout=origin.dropout, revision=origin.revision)
        return cls(encoder, editor, discriminator, optimizer=optimizer, **options)

    @property
    def generator(self) -> Generator:
        """The frozen masked language model."""
        return self._generator[0]

    @property
    def replaced_token_detection(self) -> Discriminator:
        """What reads the edited copies, with the weights of this module."""
        return Discriminator(self.discriminator, self.rtd_head, self._rows_at_a_time, self.count_padding)

    @property
    def _rows_at_a_time(self) -> int | None:
        if self.discriminator_rows != "auto":
            return self.discriminator_rows
        if self.device.type == "cpu":
            return ROWS_IN_CACHE
        return None if self.chunk is None else 2 * self.chunk

    def on_fit_start(self) -> None:
        """Bring the generator to the device, which Lightning cannot do for what it does not see."""
        self.generator.to(self.device)
