"""Copies of an encoder on several devices, which share texts out among them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from sentcse.encoding.cosines import Vectors

if TYPE_CHECKING:
    from sentcse.encoder import SentenceEncoder


def copies_on(encoder: SentenceEncoder, devices: Sequence[torch.device]) -> list[SentenceEncoder]:
    """The encoder on the first of some devices, and copies of it with tokenizers of their own on the others."""
    copies = [deepcopy(encoder) for _ in devices[1:]]
    return [each.to(device) for each, device in zip([encoder, *copies], devices, strict=True)]


def encode_side_by_side(encoders: Sequence[SentenceEncoder], texts: Sequence[str], **options: Any) -> Vectors:
    """Encode each text by one of several copies of an encoder; one of them uses the cores of a CPU by itself.

    Args:
        encoders: at least one.
        texts: any number.
        **options: of `SentenceEncoder.encode`.

    Returns:
        float32 of (texts, width), as `SentenceEncoder.encode` gives it.
    """
    number = min(len(encoders), len(texts))
    if number < 2:
        return encoders[0].encode(texts, as_tensor=False, **options)

    def encoded(first: int) -> Vectors:
        # every n-th, so that each has about as many long ones
        return encoders[first].encode(texts[first::number], as_tensor=False, **options)

    with ThreadPoolExecutor(number) as executor:
        parts = list(executor.map(encoded, range(number)))
    vectors = np.empty((len(texts), parts[0].shape[1]), np.float32)
    for first, part in enumerate(parts):
        vectors[first::number] = part
    return vectors
