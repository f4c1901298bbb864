"""InfoNCE over the batch: SimCSE's contrastive objective."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F


def cosine_matrix(
    rows: Float[Tensor, "rows width"], columns: Float[Tensor, "columns width"]
) -> Float[Tensor, "rows columns"]:
    """Cosine of every row with every column, at least in float32 whatever the inputs are."""
    rows, columns = _at_least_float32(rows), _at_least_float32(columns)
    with torch.autocast(rows.device.type, enabled=False):
        # eps 1e-8 as torch.nn.CosineSimilarity, which the published code uses
        return F.normalize(rows, dim=-1, eps=1e-8) @ F.normalize(columns, dim=-1, eps=1e-8).T


def info_nce_logits(
    z1: Float[Tensor, "sentences width"],
    z2: Float[Tensor, "candidates width"],
    *,
    temperature: float,
    hard_negatives: Float[Tensor, "sentences width"] | None = None,
    hard_negative_weight: float = 0.0,
    left_out: Bool[Tensor, "sentences columns"] | None = None,
) -> Float[Tensor, "sentences columns"]:
    """Cosine similarities over temperature: (sentences, candidates [+ sentences]).

    With hard negatives a second block is appended; `hard_negative_weight` is added to the logit of a sentence's
    own hard negative, so it is ln(alpha) of the appendix of Gao et al. 2021; their equation 5 has alpha = 1.
    What is `left_out` gets minus infinity, and so no part in the loss of its row, nor a gradient.

    Raises:
        ValueError: if temperature is not above 0.
    """
    if not temperature > 0:
        raise ValueError(f"temperature must be above 0, got {temperature}")
    logits = cosine_matrix(z1, z2) / temperature
    if hard_negatives is not None:
        own = torch.eye(len(z1), len(hard_negatives), device=logits.device, dtype=logits.dtype)
        hard = cosine_matrix(z1, hard_negatives) / temperature + hard_negative_weight * own
        logits = torch.cat([logits, hard], dim=1)
    return logits if left_out is None else logits.masked_fill(left_out, -torch.inf)


def info_nce_loss(
    z1: Float[Tensor, "sentences width"],
    z2: Float[Tensor, "candidates width"],
    *,
    temperature: float,
    hard_negatives: Float[Tensor, "sentences width"] | None = None,
    hard_negative_weight: float = 0.0,
    left_out: Bool[Tensor, "sentences columns"] | None = None,
) -> Float[Tensor, ""]:
    """Mean cross-entropy of telling z2[i] for z1[i] among all of z2 (Gao et al. 2021, equations 1, 4 and 5).

    One-directional, N x N: not NT-Xent. The positive of row i is column i; further columns are negatives only. What is
    true in `left_out` is no negative of its row; column i of row i must not be.

    Raises:
        ValueError: if temperature is not above 0.
    """
    logits = info_nce_logits(
        z1,
        z2,
        temperature=temperature,
        hard_negatives=hard_negatives,
        hard_negative_weight=hard_negative_weight,
        left_out=left_out,
    )
    return F.cross_entropy(logits, torch.arange(len(z1), device=logits.device))


def _at_least_float32(tensor: Tensor) -> Tensor:
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))
