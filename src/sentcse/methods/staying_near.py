"""Staying near the start: a penalty on the way that training has gone, which the base class adds to every method."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Literal

import torch
from torch import Tensor, nn

from sentcse.encoder import SentenceEncoder
from sentcse.errors import ConfigError, SentcseError
from sentcse.losses import similarity_distance, weight_distance
from sentcse.methods.building import Origin
from sentcse.methods.global_batch import gather_rows
from sentcse.modules.attention import quicken_attention
from sentcse.storage.opening import open_backbone

NearBy = Literal["weights", "similarities"]


class StartEncoder:
    """The encoder as it was before training, and how far the trained one is from it.

    No `nn.Module`, so that neither optimiser, nor checkpoint, nor Lightning sees its weights.

    Args:
        encoder: before its first step; what is kept of it is a copy, without dropout.
        by: what is compared: the backbone's `weights`, or the `similarities` of the sentences of a batch.

    Raises:
        ValueError: if `by` is neither.
    """

    def __init__(self, encoder: SentenceEncoder, *, by: NearBy) -> None:
        if by not in ("weights", "similarities"):
            raise ValueError(f"stay_near must be weights, similarities or None, got {by!r}")
        self.by = by
        self._encoder = SentenceEncoder(
            copy.deepcopy(encoder.backbone), encoder.tokenizer, pooler=encoder.pooler, max_length=encoder.max_length
        )
        self._freeze()

    def load(self, origin: Origin | None) -> None:
        """Take the encoder of `origin` for the start: that of a checkpoint has been trained already.

        Raises:
            SentcseError: if it cannot be had, or is not known.
        """
        if origin is None:
            raise SentcseError(
                "The checkpoint does not say which encoder its training began with, near which stay_near keeps the "
                "method: load it with stay_near=None."
            )
        self._encoder.backbone, _ = open_backbone(origin.name_or_path, dropout=origin.dropout, revision=origin.revision)
        self._freeze()

    def check_adapters(self) -> None:
        """Refuse adapters beside weights that do not move.

        Raises:
            ConfigError: naming what can be had.
        """
        if self.by == "weights":
            raise ConfigError(
                "method.stay_near=weights holds the backbone's weights, which encoder.lora does not move: set "
                "method.stay_near=similarities, or leave one of them out."
            )

    def _freeze(self) -> None:
        quicken_attention(self._encoder.backbone)
        self._encoder.requires_grad_(False).eval()

    @contextmanager
    def watching(self, encoder: SentenceEncoder) -> Iterator[list[Tensor]]:
        """The vectors that `encoder` gives inside the block, before any head, where similarities are compared."""
        seen: list[Tensor] = []
        if self.by == "weights":
            yield seen
            return

        def keep(_module: nn.Module, _inputs: object, output: Tensor) -> None:
            seen.append(output)

        handle = encoder.register_forward_hook(keep)
        try:
            yield seen
        finally:
            handle.remove()

    def distance(
        self,
        encoder: SentenceEncoder,
        batch: Mapping[str, Tensor],
        seen: Sequence[Tensor],
        *,
        gather: bool,
        at_once: int | None,
    ) -> Tensor:
        """How far `encoder` is from the start: half the squared distance of its weights, or that of cosines.

        The head, which begins at random, has no part in either.

        Args:
            encoder: the trained one.
            batch: ids and mask, (sentences, views, tokens).
            seen: what `watching` kept of the batch; what a method encodes beside it comes behind it.
            gather: compare the sentences of all ranks.
            at_once: sentences that the start encodes at a time; None for all.
        """
        self._encoder.to(encoder.device)
        if self.by == "weights":
            start = dict(self._encoder.backbone.named_parameters())
            trained = {name: each for name, each in encoder.backbone.named_parameters() if each.requires_grad}
            return weight_distance(trained.values(), [start[name] for name in trained])
        sentences, views, _ = batch["input_ids"].shape
        vectors = torch.cat(list(seen))[: sentences * views : views]
        both = (vectors, self._encode(batch["input_ids"][:, 0], batch["attention_mask"][:, 0], at_once))
        return similarity_distance(*(gather_rows(each) if gather else each for each in both))

    @torch.no_grad()
    def _encode(self, input_ids: Tensor, attention_mask: Tensor, at_once: int | None) -> Tensor:
        size = len(input_ids) if at_once is None else at_once
        parts = zip(torch.split(input_ids, size), torch.split(attention_mask, size), strict=True)
        return torch.cat([self._encoder(ids, mask) for ids, mask in parts])
