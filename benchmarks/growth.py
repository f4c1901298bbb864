"""Milliseconds a sentence against batch, length, corpus size and ranks, and their figure.

Of processor time for batch and length, which other work disturbs less; of the clock for corpus and ranks.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.train_step import last_json
from sentcse.records.layout import SENTENCES_PER_SECOND
from sentcse.records.metrics_file import read_series

BATCHES, LENGTHS, LINES = (8, 32, 128), (8, 32, 64), (5_000, 50_000, 500_000)
RANKS = tuple(count for count in (1, 2, 4, 8) if count <= max(2, os.cpu_count() or 1))
BATCH, LENGTH = 32, 32
TITLES = {
    "batch": "sentences a batch\n(32 tokens; processor time)",
    "length": "tokens a sentence\n(batch 32; processor time)",
    "corpus": "lines of the corpus\n(data pipeline alone)",
    "ranks": "processes\n(32 sentences in all, one thread each)",
}

Row = dict[str, Any]


def batch(folder: Path, args: argparse.Namespace) -> list[Row]:
    return [_step(folder, args, "batch", size, size, LENGTH) for size in BATCHES]


def length(folder: Path, args: argparse.Namespace) -> list[Row]:
    return [_step(folder, args, "length", tokens, BATCH, tokens) for tokens in LENGTHS]


def _step(folder: Path, args: argparse.Namespace, what: str, value: int, sentences: int, tokens: int) -> Row:
    import torch

    path = folder / f"{sentences}x{tokens}.pt"
    draw = torch.Generator().manual_seed(0)
    ids = torch.randint(1000, 29_000, (sentences, tokens), generator=draw)
    torch.save([(ids, torch.ones_like(ids))], path)
    command = [sys.executable, "-m", "benchmarks.train_step", "--ours", "simcse", "minilm", "fp32", "--steps", "2"]
    found = last_json([*command, "--batches", str(path), "--threads", str(args.threads)])
    return {"what": what, "value": value, "milliseconds": 1000 * found["processor_seconds_per_step"] / sentences}


def corpus(folder: Path, args: argparse.Namespace) -> list[Row]:
    """Reading, batching and padding; `benchmarks.data_scale` writes the sentences and times them."""
    from benchmarks.bench import run

    words = ["--batches", "500", "--folder", str(folder / "growth"), "--lines", *map(str, LINES)]
    rows = run("data_scale", words, args.limit, folder / "growth.json")
    return [
        {"what": "corpus", "value": row["lines"], "milliseconds": row["milliseconds_per_batch"] / 64}
        for row in rows
        if row["start"] == "second"
    ]


def ranks(folder: Path, args: argparse.Namespace) -> list[Row]:
    """Twelve steps of the quickstart through the command line, by its own rate of the second half."""
    rows = []
    for count in RANKS:
        root = folder / f"ranks{count}"
        words = ["experiment=quickstart", "evaluation=none", "trainer.max_steps=12", "trainer.progress=false"]
        words += [f"data.batch_size={BATCH // count}", f"trainer.devices={count}", "trainer.threads=1"]
        words += ["trainer.strategy=ddp"] if count > 1 else []
        command = [sys.executable, "-m", "sentcse.train", *words, "trainer.accelerator=cpu", "trainer.precision=32"]
        command += [f"runs.root={root}", f"data.cache_dir={folder / 'cache'}"]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        subprocess.run(command, check=True, capture_output=True, timeout=args.limit, env=environment)
        (metrics,) = root.glob("*/metrics.csv")
        rates = list(read_series(metrics)[SENTENCES_PER_SECOND].values())
        rows.append({"what": "ranks", "value": count, "milliseconds": 1000 / median(rates[len(rates) // 2 :])})
    return rows


GROWTH: tuple[Callable[[Path, argparse.Namespace], list[Row]], ...] = (batch, length, corpus, ranks)


def draw_growth(rows: list[Row], path: Path) -> None:
    """One panel for each of the four, milliseconds a sentence upwards."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    there = [what for what in TITLES if any(row["what"] == what for row in rows)]
    figure, panels = plt.subplots(1, len(there), figsize=(3.2 * len(there), 2.8), squeeze=False, layout="constrained")
    for panel, what in zip(panels[0], there, strict=True):
        found = sorted((row["value"], row["milliseconds"]) for row in rows if row["what"] == what)
        panel.plot(*zip(*found, strict=True), marker="o", color="#2b4a6f")
        panel.set_xscale("log", base=10 if what == "corpus" else 2)
        panel.set_xticks([value for value, _ in found], [f"{value:,}" for value, _ in found])
        panel.minorticks_off()
        panel.set_ylim(0, 1.1 * max(value for _, value in found))
        panel.set_xlabel(TITLES[what], fontsize=8)
        panel.tick_params(labelsize=8)
    panels[0][0].set_ylabel("milliseconds a sentence", fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)
    plt.close(figure)
