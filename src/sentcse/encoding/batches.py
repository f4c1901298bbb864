"""Texts into vectors: batches by length, one array filled batch by batch."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm.auto import tqdm

from sentcse.encoding.cosines import Vectors, unit
from sentcse.encoding.options import PRECISIONS, Encoding
from sentcse.encoding.tokens import Tokens, tokenized
from sentcse.errors import ConfigError
from sentcse.machine.device import choose_device
from sentcse.machine.parallel import map_on_cores
from sentcse.modules.first_token import computing_what_is_pooled
from sentcse.modules.input_length import check_length
from sentcse.modules.modes import in_eval_mode

if TYPE_CHECKING:
    from sentcse.encoder import SentenceEncoder

MOST_TOKENS_ON_CPU = 1024
"""Of a batch with its padding: what a layer makes of more than that does not stay in a core's cache."""


def encode_texts(encoder: SentenceEncoder, texts: str | Iterable[str], options: Encoding) -> Vectors | Tensor:
    """What `SentenceEncoder.encode` gives; see there."""
    alone = isinstance(texts, str)
    limit = _limit(encoder, options.max_length)
    prompt = encoder.prompt if options.prompt is None else options.prompt
    move_to(encoder, options.device)
    given: Iterable[str] = [texts] if isinstance(texts, str) else texts
    tokens = Tokens(tokenized(given, encoder.tokenizer, prompt=prompt, max_length=limit))
    most_tokens = MOST_TOKENS_ON_CPU if encoder.device.type == "cpu" else None
    batches = batches_by_length(tokens.lengths, most_rows=options.batch_size, most_tokens=most_tokens)
    # a head may change the width, so that the array is made when the first batch is there
    vectors: Vectors | None = None
    with (
        in_eval_mode(encoder),
        computing_what_is_pooled(encoder.backbone, encoder.pooler),
        tqdm(total=len(tokens), unit=" sentences", disable=not options.progress) as bar,
    ):
        cores = torch.get_num_threads() if encoder.device.type == "cpu" else 1
        with closing(map_on_cores(partial(_encode_batch, encoder, tokens, options), batches, cores=cores)) as found:
            for chosen, out in zip(batches, found, strict=True):
                if vectors is None:
                    vectors = np.empty((len(tokens), out.shape[1]), dtype=np.float32)
                vectors[chosen] = out
                bar.update(len(chosen))
    if vectors is None:
        vectors = np.empty((0, encoder.width), dtype=np.float32)[:, : encoder.dimensions][:, : options.truncate_dim]
    kept = vectors[0] if alone else vectors
    return torch.from_numpy(kept).to(encoder.device) if options.as_tensor else kept


def batches_by_length(
    lengths: NDArray[np.int64], *, most_rows: int, most_tokens: int | None
) -> list[NDArray[np.int64]]:
    """Positions of texts in batches, the longest texts first, those of one length in their order.

    Args:
        lengths: tokens of each text.
        most_rows: texts of a batch.
        most_tokens: of a batch with its padding, or None for any number; a longer text is a batch of its own.
    """
    order = np.argsort(-lengths, kind="stable")
    batches: list[NDArray[np.int64]] = []
    start = 0
    while start < len(order):
        longest = max(1, int(lengths[order[start]]))
        rows = most_rows if most_tokens is None else max(1, min(most_rows, most_tokens // longest))
        batches.append(order[start : start + rows])
        start += rows
    return batches


def _encode_batch(encoder: SentenceEncoder, tokens: Tokens, options: Encoding, chosen: NDArray[np.int64]) -> Vectors:
    batch = encoder.tokenizer.pad({"input_ids": [tokens[i] for i in chosen]}, return_tensors="pt")
    device, dtype = encoder.device, PRECISIONS[options.precision]
    # here and not around all batches: torch keeps both for each thread
    with torch.inference_mode(), torch.autocast(device.type, dtype=dtype, enabled=dtype is not None):
        computed = encoder(batch["input_ids"].to(device), batch["attention_mask"].to(device))
    vectors: Vectors = computed.float().cpu().numpy()
    if options.truncate_dim is not None:
        if options.truncate_dim > vectors.shape[1]:
            raise ValueError(f"truncate_dim must be at most {vectors.shape[1]}, got {options.truncate_dim}")
        vectors = vectors[:, : options.truncate_dim]
    return unit(vectors) if options.normalize else vectors


def _limit(encoder: SentenceEncoder, max_length: int | None) -> int:
    if max_length is None:
        return encoder.max_length
    try:
        check_length(max_length, encoder.backbone, encoder.tokenizer)
    except ConfigError as fault:
        raise ValueError(str(fault)) from None
    return max_length


def move_to(encoder: SentenceEncoder, device: str | torch.device | None) -> None:
    """Move an encoder, where it stays; None leaves it where it is.

    Raises:
        ValueError: if there is no such device.
    """
    if device is None:
        return
    try:
        encoder.to(choose_device(str(device)))
    except ConfigError as fault:
        raise ValueError(str(fault)) from None
