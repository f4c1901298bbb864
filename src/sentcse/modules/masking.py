"""Masking of tokens for masked language modelling: BERT's 80 / 10 / 10 rule (Devlin et al. 2019, section 3.1).

The generator of DiffCSE reads such sentences, and the masked-language-model term of SimCSE predicts them.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Bool, Int, Shaped
from torch import Tensor

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

IGNORED_LABEL = -100  # torch.nn.functional.cross_entropy leaves such positions out of its mean
MASKED_SHARE = 0.8  # of the selected tokens; half of the others become a random token, the rest stay as they are
RANDOM_SHARE = 0.1


def mask_tokens(
    input_ids: Int[Tensor, "*rows tokens"],
    special_or_pad_mask: Bool[Tensor, "*rows tokens"],
    *,
    masking_ratio: float,
    mask_token_id: int,
    vocab_size: int,
    generator: torch.Generator | None = None,
) -> tuple[Int[Tensor, "*rows tokens"], Bool[Tensor, "*rows tokens"]]:
    """Mask each ordinary token with probability `masking_ratio`; returns (masked_ids, selected).

    Of the selected tokens 80 % become the mask token, 10 % a token drawn from the whole vocabulary, 10 % stay. Tokens
    where `special_or_pad_mask` is true are never selected. The same `generator` state gives the same result; it has to
    live on the device of `input_ids`.

    Raises:
        ValueError: if masking_ratio is not in (0, 1].
    """
    if not 0 < masking_ratio <= 1:
        raise ValueError(f"masking_ratio must be in (0, 1], got {masking_ratio}")
    # left out and not None, which torch.compile knows for fixed shapes alone
    given: dict[str, Any] = {} if generator is None else {"generator": generator}
    drawn, rule = torch.rand((2, *input_ids.shape), **given, device=input_ids.device)
    selected = (drawn < masking_ratio) & ~special_or_pad_mask
    random_ids = torch.randint(vocab_size, input_ids.shape, **given, device=input_ids.device, dtype=input_ids.dtype)
    masked = torch.where(selected & (rule < MASKED_SHARE), mask_token_id, input_ids)
    randomised = selected & (rule >= MASKED_SHARE) & (rule < MASKED_SHARE + RANDOM_SHARE)
    return torch.where(randomised, random_ids, masked), selected


def masked_language_model_labels(
    input_ids: Int[Tensor, "*rows tokens"], selected: Bool[Tensor, "*rows tokens"]
) -> Int[Tensor, "*rows tokens"]:
    """Labels to predict: the original id of selected tokens, -100 (ignored by the cross-entropy) elsewhere."""
    return torch.where(selected, input_ids, IGNORED_LABEL)


def mask_ordinary_tokens(
    input_ids: Int[Tensor, "*rows tokens"],
    attention_mask: Shaped[Tensor, "*rows tokens"],
    tokenizer: PreTrainedTokenizerBase,
    *,
    masking_ratio: float,
    generator: torch.Generator | None = None,
) -> tuple[Int[Tensor, "*rows tokens"], Bool[Tensor, "*rows tokens"]]:
    """`mask_tokens` with the ids of a tokenizer; special tokens and padding stay. None: torch's own random state."""
    special = _on_device(tuple(tokenizer.all_special_ids), input_ids.device)
    return mask_tokens(
        input_ids,
        torch.isin(input_ids, special) | (attention_mask == 0),
        masking_ratio=masking_ratio,
        mask_token_id=tokenizer.mask_token_id,
        vocab_size=len(tokenizer),
        generator=generator,
    )


@cache
def _on_device(ids: tuple[int, ...], device: torch.device) -> Tensor:
    """Copied once: each copy would have a GPU waited for."""
    return torch.tensor(ids, device=device)
