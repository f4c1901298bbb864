"""Replaced token detection (RTD): the conditional-difference term of DiffCSE (Chuang et al. 2022, section 2)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor
from torch.nn import functional as F

IGNORED_LABEL = -100  # torch.nn.functional.cross_entropy leaves such positions out of its mean


def edit_tokens(
    predictions: Int[Tensor, "rows tokens"],
    input_ids: Int[Tensor, "rows tokens"],
    attention_mask: Shaped[Tensor, "rows tokens"],
    *,
    cls_token_id: int,
    pad_token_id: int,
    positions: Bool[Tensor, "rows tokens"] | None = None,
) -> Int[Tensor, "rows tokens"]:
    """Make the edited sentence x'': the generator's predictions, CLS in front, padding behind (equation 2).

    `positions` are the places that may be edited, elsewhere the original id stays; None edits every position, the
    unmasked ones and SEP too, as the published code does. The published code writes `argmax * attention_mask`, that is
    id 0 at padding, which in RoBERTa is `<s>`: `pad_token_id=0` gives that.
    """
    edited = predictions if positions is None else torch.where(positions, predictions, input_ids)
    edited = torch.where(attention_mask.bool(), edited, pad_token_id)
    return torch.cat([torch.full_like(edited[:, :1], cls_token_id), edited[:, 1:]], dim=1)


def replaced_token_labels(
    edited: Int[Tensor, "rows tokens"],
    original: Int[Tensor, "rows tokens"],
    attention_mask: Shaped[Tensor, "rows tokens"],
) -> Int[Tensor, "rows tokens"]:
    """1 where a real token differs from the original, 0 elsewhere, padding included."""
    return ((edited != original) & attention_mask.bool()).long()


def replaced_token_detection_loss(
    logits: Float[Tensor, "rows tokens 2"],
    labels: Int[Tensor, "rows tokens"],
    attention_mask: Shaped[Tensor, "rows tokens"],
    *,
    count_padding: bool,
) -> Float[Tensor, ""]:
    """Mean cross-entropy of the discriminator over tokens, in float32 at least (equations 3 and 4).

    A mean, not the sum of the paper's equation: the published lambda of 0.005 belongs to it. `count_padding=True`
    averages over padding as well, as the published code does, with label 0 there; False over real tokens only.
    """
    if not count_padding:
        labels = labels.masked_fill(~attention_mask.bool(), IGNORED_LABEL)
    with torch.autocast(logits.device.type, enabled=False):
        scores = logits.to(torch.promote_types(logits.dtype, torch.float32))
        return F.cross_entropy(scores.flatten(0, 1), labels.flatten(), ignore_index=IGNORED_LABEL)


class ReplacedTokenAccuracy(NamedTuple):
    """Shares in [0, 1] over real tokens; NaN where there is no token to average over."""

    all: Float[Tensor, ""]
    replaced: Float[Tensor, ""]
    original: Float[Tensor, ""]
    replaced_share: Float[Tensor, ""]


@torch.no_grad()
def replaced_token_counts(
    logits: Float[Tensor, "rows tokens 2"],
    labels: Int[Tensor, "rows tokens"],
    attention_mask: Shaped[Tensor, "rows tokens"],
) -> Int[Tensor, " 4"]:
    """Counts, which add up over batches and ranks: real tokens, replaced ones, right answers, right among replaced."""
    real = attention_mask.bool()
    right = (logits.argmax(dim=-1) == labels) & real
    # sums, as indexing by a mask would have a GPU waited for
    return torch.stack([each.sum() for each in (real, labels, right, right & labels.bool())])


def replaced_token_accuracy(counts: Int[Tensor, " 4"]) -> ReplacedTokenAccuracy:
    """How often the discriminator is right: over all real tokens, the replaced and the original ones.

    `replaced_share` is the share of replaced tokens: without it an accuracy says little.

    Args:
        counts: of `replaced_token_counts`.
    """
    real, replaced, right, right_replaced = counts.unbind()
    return ReplacedTokenAccuracy(
        all=right / real,
        replaced=right_replaced / replaced,
        original=(right - right_replaced) / (real - replaced),
        replaced_share=replaced / real,
    )
