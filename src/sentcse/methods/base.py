"""What the methods share: an encoder with a projection head, the sum of weighted losses, the optimiser."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from sentcse.data.token_cache import TokenIds
from sentcse.encoder import SentenceEncoder
from sentcse.errors import ConfigError
from sentcse.methods.building import BuiltModule, Origin
from sentcse.methods.duplicates import false_negatives, number_texts
from sentcse.methods.global_batch import gather_rows, gather_texts, mean_over_ranks
from sentcse.methods.objective import Batch, Objective, flatten_views
from sentcse.methods.optimization import AdamWSettings
from sentcse.methods.staying_near import NearBy, StartEncoder
from sentcse.modules.attention import quicken
from sentcse.modules.dropout import quicken_dropout
from sentcse.modules.heads import HEADS
from sentcse.modules.lora import LoRA, adapt
from sentcse.storage.checkpoint import encoder_entry

if TYPE_CHECKING:
    from typing_extensions import Self

T = TypeVar("T")


class Method(BuiltModule, ABC):
    """Base of the training objectives.

    Args:
        encoder: the encoder to train; it has no head of its own.
        head: projection head by its name in `sentcse.modules.heads.HEADS`, or "none".
        projection_at_eval: whether the head is part of the encoder that is scored and exported.
        gather: with several ranks, compare the sentences of all; each rank's own otherwise.
        chunk: sentences that are encoded at a time, and once more in backward, which bounds the memory while the
            objective sees the whole batch; None for all at once.
        mask_duplicates: sentences with the same tokens are not each other's negatives.
        stay_near: adds a penalty on what training has changed: `weights` of the backbone, or `similarities` of a
            batch's first views, before the head; None for no penalty. The start is `encoder` as it is given.
        stay_near_weight: of that penalty.
        optimizer: AdamW settings; None for the published ones.

    Raises:
        ValueError: if `stay_near` is something else.
    """

    reads_hard_negatives: ClassVar[bool] = True
    """Whether a third view means something to the objective; a batch that has one is refused otherwise."""

    def __init__(
        self,
        encoder: SentenceEncoder,
        *,
        head: str = "linear_tanh",
        projection_at_eval: bool = False,
        gather: bool = True,
        chunk: int | None = None,
        mask_duplicates: bool = False,
        stay_near: NearBy | None = None,
        stay_near_weight: float = 0.01,
        optimizer: AdamWSettings | None = None,
    ) -> None:
        super().__init__(optimizer=optimizer)
        self.start = None if stay_near is None else StartEncoder(encoder, by=stay_near)
        self.stay_near_weight = stay_near_weight
        self.encoder = encoder
        self.gather = gather
        self.chunk = chunk
        self.mask_duplicates = mask_duplicates
        quicken(encoder.backbone)
        self.head: nn.Module = nn.Identity() if head == "none" else HEADS[head](encoder.width)
        self.head_at_eval = head if projection_at_eval else None
        self.logged: dict[str, Tensor] = {}
        """What the last step logged, of all ranks together, by its name."""
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

    def adapt(self, lora: LoRA) -> None:
        """Train adapters in place of the encoder's weights; heads are trained as ever.

        Raises:
            SentcseError: without peft, if the encoder has no such layers, or if its weights are to stay near the start.
        """
        if self.start is not None:
            self.start.check_adapters()
        adapt(self.encoder.backbone, lora)
        quicken_dropout(self.encoder.backbone)

    @abstractmethod
    def compute_losses(self, batch: Batch) -> Objective:
        """The terms of the objective for a batch."""

    def check_views(self, views: int) -> None:
        """Refuse hard negatives that the objective has no place for.

        Raises:
            ConfigError: naming the method.
        """
        if views > 2 and not self.reads_hard_negatives:
            raise ConfigError(
                f"method={type(self).__name__.lower()} compares two views of a sentence, and the corpus has a hard "
                "negative as third: name two columns in data.columns, or use method=simcse."
            )

    def score_held_out(self, texts: Sequence[TokenIds], *, seed: int) -> dict[str, float]:
        """Scores of the method's own on sentences that are not trained on; none, unless a method has some.

        Called on the first rank alone. Neither modes nor torch's random state may change. All are logged under `val/`;
        `rtd_accuracy` may select.

        Args:
            texts: token ids, each (tokens,).
            seed: of what is drawn: the same at every evaluation.
        """
        return {}

    def pool(self, batch: Batch) -> Tensor:
        """The encoder's vectors of every view of this rank, before the head: (sentences * views, width)."""
        return torch.cat(self.by_chunk(lambda part, _: self.encoder(*flatten_views(part)), batch))

    def embed(self, batch: Batch) -> Tensor:
        """Projected vectors of every view: (sentences, views, width), with `gather` the sentences of all ranks."""
        return self.project(self.pool(batch), views=batch["input_ids"].shape[1])

    def project(self, pooled: Tensor, *, views: int) -> Tensor:
        """`pooled` vectors (sentences * views, width) through the head, with `gather` those of all ranks together."""
        projected: Tensor = self.head(gather_rows(pooled) if self.gather else pooled)
        return projected.view(-1, views, projected.shape[-1])

    def false_negatives(self, batch: Batch) -> Tensor | None:
        """Negatives that InfoNCE leaves out: true where a candidate is a duplicate, (sentences, candidates).

        None where `mask_duplicates` is off. The candidates are those of `embed`: with `gather` the sentences of all
        ranks, their second views and then, where there are any, their hard negatives.
        """
        if not self.mask_duplicates:
            return None
        ids, mask = batch["input_ids"], batch["attention_mask"]
        return false_negatives(number_texts(*(gather_texts(ids, mask) if self.gather else (ids, mask))))

    def by_chunk(self, compute: Callable[[Batch, int], T], batch: Batch) -> list[T]:
        """`compute(part, number)` of `chunk` sentences after `chunk` sentences, or of the whole batch as number 0.

        Of a part only the result is kept, which must be tensors; backward computes it again with the same dropout. A
        generator of one's own must be seeded in `compute`, for which there is the number of the part.
        """
        if self.chunk is None:
            return [compute(batch, 0)]
        split = {name: torch.split(tensor, self.chunk) for name, tensor in batch.items()}
        parts = [dict(zip(split, tensors, strict=True)) for tensors in zip(*split.values(), strict=True)]
        return [checkpoint(compute, part, number, use_reentrant=False) for number, part in enumerate(parts)]

    def training_step(self, batch: Batch, batch_index: int) -> Tensor:
        """The weighted sum of the losses; logs it, its terms and the metrics under `train/`, of all ranks together."""
        self.check_views(batch["input_ids"].shape[1])
        objective = self.objective(batch)
        loss = objective.total()
        self._log_step(loss, objective, len(batch["input_ids"]))
        return loss

    def objective(self, batch: Batch) -> Objective:
        """What a step minimises: the method's own terms and, where it stays near its start, that distance."""
        start = self.start
        if start is None:
            return self.compute_losses(batch)
        with start.watching(self.encoder) as seen:
            objective = self.compute_losses(batch)
        distance = start.distance(self.encoder, batch, seen, gather=self.gather, at_once=self.chunk)
        return replace(
            objective,
            losses={**objective.losses, "stay_near": distance},
            weights={**objective.weights, "stay_near": self.stay_near_weight},
        )

    def begin_with(self, origin: Origin | None) -> None:
        """Where the method stays near its start, take this for it; see `StartEncoder.load`."""
        if self.start is not None:
            self.start.load(origin)

    @torch.compiler.disable  # type: ignore[untyped-decorator]
    def _log_step(self, loss: Tensor, objective: Objective, size: int) -> None:
        # Lightning would count from 0: a row's step is the number of optimiser steps made with it; a tensor of the
        # device, as a number of Python's would have a GPU waited for
        self.log("step", loss.detach().new_full((), self.global_step + 1))
        details = {"loss": loss, **objective.losses, **objective.metrics}
        means = mean_over_ranks(torch.stack([value.detach().float() for value in details.values()]))
        self.logged = {f"train/{name}": value for name, value in zip(details, means, strict=True)}
        for name, value in self.logged.items():
            self.log(name, value, prog_bar=name == "train/loss", batch_size=size)

    def evaluation_encoder(self) -> SentenceEncoder:
        """The encoder as it is scored and exported; shares its weights with this module."""
        first_token = self.encoder.pooler == "cls_before_pooler"
        return SentenceEncoder(
            self.encoder.backbone,
            self.encoder.tokenizer,
            pooler="cls" if first_token and self.head_at_eval is not None else self.encoder.pooler,
            head=None if self.head_at_eval is None else self.head,
            max_length=self.encoder.max_length,
            prompt=self.encoder.prompt,
            dimensions=self.encoder.dimensions,
        )

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Put in what it takes to open the encoder without its origin, plain containers only."""
        checkpoint["sentcse"] = {
            "format": 1,
            "encoder": encoder_entry(self.evaluation_encoder().parts(), self.head_at_eval),
            "method": self.made_of(),
            "record": self.record,
        }
