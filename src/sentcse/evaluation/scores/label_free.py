"""Scores that need no labels: of two dropout views of sentences that are not trained on."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from sentcse.data.collator import batches_longest_first
from sentcse.data.token_cache import TokenIds
from sentcse.encoder import SentenceEncoder
from sentcse.evaluation.scores.geometry import alignment, uniformity
from sentcse.losses.info_nce import info_nce_loss
from sentcse.modules.modes import in_eval_mode

BATCH = 64
"""Texts that are encoded together: fixed, as what dropout drops depends on it."""


def label_free_scores(
    encoder: SentenceEncoder, texts: Sequence[TokenIds], *, temperature: float, seed: int
) -> dict[str, float]:
    """Score an encoder by two dropout views of each text; lower is better, nan where a vector is not finite.

    The vectors are those of the encoder as it is exported, in float32. Torch's random state neither matters nor moves.

    Args:
        encoder: in any mode, which is restored.
        texts: token ids, each (tokens,); at least 2.
        temperature: divides the cosines of InfoNCE.
        seed: of the values that dropout drops.

    Returns:
        `info_nce`, in nats: telling a text's second view among those of all texts (Gao et al. 2021, equation 1);
        `alignment_uniformity`: alignment of the two views plus uniformity of the first (Wang & Isola 2020, equations
        4 and 5, weights of 1).

    Raises:
        ValueError: with fewer than two texts.
    """
    if len(texts) < 2:
        raise ValueError(f"texts must be at least 2, got {len(texts)}")
    first, second = two_views(encoder, texts, seed=seed)
    shape = alignment(first.numpy(), second.numpy()) + uniformity(first.numpy())
    return {
        "info_nce": float(info_nce_loss(first, second, temperature=temperature)),
        "alignment_uniformity": shape,
    }


@torch.no_grad()
def two_views(encoder: SentenceEncoder, texts: Sequence[TokenIds], *, seed: int) -> tuple[Tensor, Tensor]:
    """Vectors of each text under two draws of the backbone's dropout, float32 (texts, width) each, on the CPU."""
    device, views = encoder.device, []
    with (
        torch.random.fork_rng(devices=[device] if device.type == "cuda" else []),
        torch.autocast(device.type, enabled=False),
        in_eval_mode(encoder),
    ):
        encoder.backbone.train()  # alone: BatchNorm of a head would count these sentences
        torch.manual_seed(seed)
        for batch in batches_longest_first(texts, int(encoder.tokenizer.pad_token_id), size=BATCH):
            ids, mask = (batch[name].flatten(0, 1).to(device) for name in ("input_ids", "attention_mask"))
            views.append(encoder(ids, mask).float().cpu())
    stacked = torch.cat(views)
    return stacked[::2], stacked[1::2]
