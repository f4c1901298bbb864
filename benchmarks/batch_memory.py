"""Peak memory of one training step against the number of sentences in its batch, with and without `data.chunk`.

    python -m benchmarks.batch_memory [--sentences 64 256 1024 4096] [--chunk 32] [--json FILE]

MiniLM's size with random weights; the embedded sentences, repeated. Each step runs in a process of its own, whose peak
is measured by the system; libraries and weights are part of it. Without a chunk only up to --whole-up-to sentences.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.train_step import METHODS, build, last_json, make_batches


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sentences", nargs="+", type=int, default=[64, 256, 1024, 4096])
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--precisions", nargs="+", choices=("fp32", "bf16"), default=["fp32", "bf16"])
    parser.add_argument("--chunk", type=int, default=32)
    parser.add_argument("--whole-up-to", type=int, default=256)
    parser.add_argument("--json", type=Path, help="file for the rows")
    parser.add_argument("--batches", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--one", nargs=4, metavar=("METHOD", "PRECISION", "SENTENCES", "CHUNK"), help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    args = parse()
    if args.one is not None:
        method, precision, sentences, chunk = args.one
        print(json.dumps(measure(method, precision, int(sentences), int(chunk), args.batches)))
        return
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        batches = make_batches(Path(folder))
        for method in args.methods:
            for precision in args.precisions:
                for sentences in args.sentences:
                    for chunk in (0, args.chunk):
                        if chunk == 0 and sentences > args.whole_up_to:
                            continue
                        one = ["--one", method, precision, str(sentences), str(chunk), "--batches", str(batches)]
                        peak = last_json([sys.executable, "-m", "benchmarks.batch_memory", *one])["peak_gib"]
                        row = {"method": method, "precision": precision, "sentences": sentences, "chunk": chunk}
                        rows.append({**row, "peak_gib": peak})
                        print(
                            f"{method:<8} {precision} {sentences:>5} sentences, chunk {chunk:>3} {peak:6.2f} GiB",
                            flush=True,
                        )
    if args.json is not None:
        args.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def measure(name: str, precision: str, sentences: int, chunk: int, batches: Path) -> dict[str, float]:
    """One step, its gradients included."""
    import resource

    import torch

    from sentcse.machine.allocator import give_freed_memory_back

    if chunk > 0:
        give_freed_memory_back()  # as a run does
    torch.manual_seed(0)
    method: Any = build(name, "minilm")
    method.chunk = chunk or None
    parts = torch.load(batches, weights_only=True)
    longest = max(ids.shape[1] for ids, _ in parts)
    columns = []
    for place in (0, 1):
        padded = [torch.nn.functional.pad(part[place], (0, longest - part[place].shape[1])) for part in parts]
        rows = torch.cat(padded)
        columns.append(rows.repeat(-(-sentences // len(rows)), 1)[:sentences].unsqueeze(1).expand(-1, 2, -1))
    batch = {"input_ids": columns[0].contiguous(), "attention_mask": columns[1].contiguous()}
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
        loss = method.compute_losses(batch).total()
    loss.backward()
    return {"peak_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)}


if __name__ == "__main__":
    main()
