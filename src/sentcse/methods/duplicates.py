"""Duplicates in a batch: sentences that share a text are no negatives of each other, by token ids, not by vectors."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Int
from torch import Tensor

_NO_TOKEN = -1


@torch.compiler.disable  # type: ignore[untyped-decorator]
def number_texts(
    input_ids: Int[Tensor, "sentences views tokens"], attention_mask: Int[Tensor, "sentences views tokens"]
) -> Int[Tensor, "sentences views"]:
    """A number for each text; two have the same one where all their tokens are the same, padding left out."""
    texts = torch.where(attention_mask.bool(), input_ids, _NO_TOKEN).flatten(0, 1)
    numbers: Tensor = torch.unique(texts, dim=0, return_inverse=True)[1]
    return numbers.view(input_ids.shape[:2])


def false_negatives(texts: Int[Tensor, "sentences views"]) -> Bool[Tensor, "sentences candidates"]:
    """Which candidates are not negatives of a row: (sentences, second views [+ hard negatives]).

    Two rows that have a text in common, be it first or second view, say the same: with one sentence twice they are
    duplicates, with pairs also two positives of one anchor. A hard negative is false where it is a text of the row.

    Args:
        texts: number of each text: anchor, positive and perhaps a hard negative.
    """
    anchors, positives = texts[:, 0], texts[:, 1]
    shared = torch.zeros(len(texts), len(texts), dtype=torch.bool, device=texts.device)
    for rows in (anchors, positives):
        for columns in (anchors, positives):
            shared |= rows[:, None] == columns
    shared.fill_diagonal_(False)
    if texts.shape[1] == 2:
        return shared
    hard = texts[:, 2]
    return torch.cat([shared, (anchors[:, None] == hard) | (positives[:, None] == hard)], dim=1)
