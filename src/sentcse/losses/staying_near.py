"""How far an encoder is from where its training began: in its weights, or in what it takes for similar."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from jaxtyping import Float
from torch import Tensor

from sentcse.losses.info_nce import cosine_matrix


def weight_distance(weights: Iterable[Tensor], start: Iterable[Tensor]) -> Float[Tensor, ""]:
    """Half the squared distance, summed over all weights: L2-SP (Li, Grandvalet and Davoine 2018) without its factor.

    Args:
        weights: at least one tensor, of any shape.
        start: the same before training, in the same order.

    Raises:
        ValueError: if there is no weight, or one side has more of them.
    """
    squares = [(now - before).square().sum() for now, before in zip(weights, start, strict=True)]
    if len(squares) == 0:
        raise ValueError("weights must hold at least one tensor that is trained, got none")
    return torch.stack(squares).sum() / 2


def similarity_distance(
    vectors: Float[Tensor, "sentences width"], start: Float[Tensor, "sentences other_width"]
) -> Float[Tensor, ""]:
    """Mean squared difference of the cosines of every two sentences of a batch; 0 for a batch of one.

    Args:
        vectors: of the encoder that is trained.
        start: of the encoder before training, for the same sentences.
    """
    now, before = cosine_matrix(vectors, vectors), cosine_matrix(start, start)
    # a sentence's cosine with itself is 1 in both
    return (now - before).square().sum() / max(1, len(vectors) * (len(vectors) - 1))
