"""The speed of this project on a GPU in at most ten minutes: what `make bench-gpu` runs.

    python -m benchmarks.bench_gpu FOLDER [--plain benchmarks/plain_step.py] [--device cuda] [--size bert-base]

Times steps of the three methods in fp16 at BERT-base size with random weights (`benchmarks.train_step`), beside a
plain implementation; the model's FLOPs a second as a share of what a large fp16 product reaches
here; one evaluation of as many pairs as STS-B dev has, and sentences a second with evaluations every 125 steps; and
projects how long every recipe with a published score takes. Writes bench_gpu.json and bench_gpu.md into FOLDER. A
step that does not fit, or takes too long, is left out by name. Rehearsed on a CPU by --device cpu --size tiny.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.performance_page import table
from benchmarks.train_step import METHODS, SIZES, build, compare, make_batches
from benchmarks.train_step import parse as parse_train_step

PLAIN = Path(__file__).with_name("plain_step.py")
MOST_SECONDS = 540
"""Of all steps together; a minute is left for the evaluation and the rest."""
EVERY, BATCH, PAIRS = 125, 64, 1500
"""Steps between evaluations and sentences a step, as published; pairs of STS-B dev."""
NLI_ROWS = 275_601
"""Of the published file of supervised SimCSE."""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--plain", type=Path, default=PLAIN)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--size", choices=sorted(SIZES), default="bert-base")
    parser.add_argument("--steps", type=int, default=20)
    args = parser.parse_args(arguments)
    args.out.mkdir(parents=True, exist_ok=True)
    precision = "fp16" if args.device == "cuda" else "fp32"
    rate = product_rate(args.device)
    words = ["--device", args.device, "--steps", str(args.steps), "--rounds", "1", "--plain", str(args.plain)]
    words += ["--plain-steps", str(min(5, args.steps)), "--limit", str(MOST_SECONDS / len(METHODS) / 2)]
    batches = make_batches(args.out)
    steps = []
    for method in METHODS:
        try:
            steps.append(compare(method, args.size, precision, batches, parse_train_step(words)))
        except SystemExit as failed:  # out of memory, say: the others are still measured
            print(failed, file=sys.stderr)
    seconds = evaluation_seconds(args.device, args.size)
    found = {"device": name_of(args.device), "gflops": rate, "evaluation_seconds": seconds, "steps": steps}
    found["recipes"] = projected({row["method"]: row["seconds_per_step"] for row in steps}, seconds)
    (args.out / "bench_gpu.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (args.out / "bench_gpu.md").write_text(text_of(found), encoding="utf-8")
    print(text_of(found))
    return 0 if len(steps) == len(METHODS) else 1


def product_rate(device: str) -> float:
    """GFLOP/s of a product of square matrices, fp16 on a GPU, the best of ten."""
    import torch

    size, dtype = (8192, torch.float16) if device == "cuda" else (512, torch.float32)
    first, second = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    best = math.inf
    for _ in range(10):
        started = time.perf_counter()
        first @ second
        if device == "cuda":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - started)
    return round(2 * size**3 / best / 1e9, 1)


def name_of(device: str) -> str:
    import torch

    from sentcse.machine.device import CPUINFO, processor

    return torch.cuda.get_device_name() if device == "cuda" else processor(CPUINFO)


def evaluation_seconds(device: str, size: str) -> float:
    """One evaluation as a training makes it; the second of two, as the first one warms up."""
    from sentcse.evaluation.scores.evaluator import evaluate_encoder
    from sentcse.evaluation.tasks.sts import load_pairs
    from sentcse.machine.device import choose_batch_size
    from sentcse.machine.locate import locate

    encoder = build("simcse", size).evaluation_encoder().to(device).eval()
    task = load_pairs(locate("package:sentcse/embedded/pairs_test.tsv"), name="pairs")
    seconds = 0.0
    for _ in range(2):
        started = time.perf_counter()
        evaluate_encoder(
            encoder, [task], geometry_task=task, batch_size=choose_batch_size(None, device), with_rank=False
        )
        seconds = time.perf_counter() - started
    return seconds * PAIRS / task.pairs


def projected(step_seconds: dict[str, float], evaluation: float) -> list[dict[str, Any]]:
    """Hours of every recipe with a published score, of a BERT-base: a large one takes about three and a half times."""
    from sentcse.command.composition import compose
    from sentcse.config import check_config
    from sentcse.config.recipes import published_recipes

    rows = []
    for name in published_recipes():
        config = check_config(compose([f"experiment={name}"]))
        second = step_seconds.get(config.method_name)
        if second is None:
            continue
        hub = config.data.hub_file
        corpus = NLI_ROWS if hub is None or hub.rows is None else hub.rows
        split = config.data.low_shot
        rest = split.size if split.size is not None else corpus * (split.percent or 100) / 100
        epoch = math.ceil(rest / config.data.batch_size / config.trainer.accumulate_grad_batches)
        steps = config.trainer.max_epochs * epoch if config.trainer.max_steps is None else config.trainer.max_steps
        sentences = config.data.batch_size * config.trainer.accumulate_grad_batches
        # a third view, the hard negative, is half as much again
        views = 1.5 if config.data.path is not None and "nli" in config.data.path else 1.0
        large = 3.5 if "large" in name else 1.0
        each = second * sentences / BATCH * views * large
        evaluations = steps / config.evaluation.every_n_steps
        hours = (steps * each + evaluations * evaluation * large) / 3600
        rows.append({"recipe": name, "steps": steps, "hours": round(hours, 2)})
    return rows


def text_of(found: dict[str, Any]) -> str:
    """Two tables in Markdown."""
    rate, evaluation = found["gflops"], found["evaluation_seconds"]
    rows = []
    for row in found["steps"]:
        second = row["seconds_per_step"]
        rows.append(
            {
                "method": row["method"],
                "precision": row["precision"],
                "seconds a step": f"{second:.4f}",
                "plain": "-" if row["plain_seconds_per_step"] is None else f"{row['plain_seconds_per_step']:.4f}",
                "FLOP utilisation": f"{row['gflop_per_step'] / second / rate:.3f}",
                "sentences/s": f"{BATCH / second:,.0f}",
                f"with an evaluation every {EVERY} steps": f"{EVERY * BATCH / (EVERY * second + evaluation):,.0f}",
                "peak, GiB": f"{row['peak_gib']:.2f}",
            }
        )
    recipes = [
        {"recipe": row["recipe"], "steps": f"{row['steps']:,}", "hours": f"{row['hours']:.2f}"}
        for row in found["recipes"]
    ]
    said = f"{found['device']}: a large product reaches {rate:,.0f} GFLOP/s; an evaluation takes {evaluation:.2f} s."
    tables = [line for part in (rows, recipes) if part for line in ("", *table(part))]
    return "\n".join([said, *tables]) + "\n"


if __name__ == "__main__":
    sys.exit(main())
