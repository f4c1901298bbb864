"""Every table of this project's speed and memory, on this machine: what `make bench` runs.

    [SENTCSE_DATA=...] python -m benchmarks.bench [--out docs/performance.md] [--only train_step growth ...]

Runs the other benchmarks in small sizes, each in a process of its own, a quarter of an hour on two cores, and writes
the page with its figure, hardware, processor flags and date. A part that fails or whose data are missing is left out,
and the page says so. Rates are those of processor time, which other work on the machine disturbs less. The page is
written after every part, and rows are kept beside it in performance.json: --only measures some parts again.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.growth import GROWTH, draw_growth
from benchmarks.performance_page import Part, page

ROOT = Path(__file__).parent.parent
FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "asimd", "bf16")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "performance.md")
    parser.add_argument("--only", nargs="+", choices=sorted(PARTS), default=list(PARTS))
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--limit", type=int, default=600, help="seconds of a part")
    args = parser.parse_args(arguments)
    kept = args.out.with_suffix(".json")
    parts = read_parts(kept)
    with tempfile.TemporaryDirectory() as folder:
        for name in args.only:
            parts[name] = measure(name, Path(folder), args)
            print(f"{name}: {parts[name].why_missing or 'measured'}, {parts[name].seconds:.0f} s", flush=True)
            write([parts[each] for each in PARTS if each in parts], args.out, kept)
    print(args.out.read_text(encoding="utf-8"))
    return 0 if all(parts[name].why_missing is None for name in args.only) else 1


def measure(name: str, folder: Path, args: argparse.Namespace) -> Part:
    """One part with the machine as it was then."""
    begun, rows, why = time.perf_counter(), [], None
    try:
        rows = PARTS[name](folder, args)
    except subprocess.TimeoutExpired:
        why = f"it took more than {args.limit} s"
    except (subprocess.SubprocessError, OSError, KeyError, ValueError, SystemExit) as error:
        why = str(error)
    machine = {**hardware(args.threads), "gflops_a_processor_second": gemm_rate(args.threads)}
    return Part(name, rows, time.perf_counter() - begun, machine, why)


def read_parts(path: Path) -> dict[str, Part]:
    """What was measured before; nothing where there is no file."""
    if not path.is_file():
        return {}
    return {each["name"]: Part(**each) for each in json.loads(path.read_text(encoding="utf-8"))}


def write(parts: list[Part], out: Path, kept: Path) -> None:
    """The rows, the page and its figure."""
    out.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps([asdict(part) for part in parts], indent=1) + "\n", encoding="utf-8")
    grown = [row for part in parts if part.name == "growth" for row in part.rows]
    if grown:
        draw_growth(grown, out.parent / "images" / "growth.png")
    out.write_text(page(parts), encoding="utf-8")


def hardware(threads: int) -> dict[str, Any]:
    """Processor, its flags, cores, memory, versions, date and how busy the machine is."""
    import torch

    from sentcse.machine.device import CPUINFO, processor

    info = CPUINFO.read_text(encoding="utf-8", errors="replace") if CPUINFO.is_file() else ""
    found = next(
        (line.split(":", 1)[1].split() for line in info.splitlines() if line.startswith(("flags", "Feat"))), []
    )
    return {
        "processor": processor(CPUINFO),
        "flags": [flag for flag in FLAGS if flag in found],
        "cores": os.cpu_count(),
        "threads": threads,
        "torch": torch.__version__,
        "date": datetime.date.today().isoformat(),
        "load": round(os.getloadavg()[0], 1),
    }


def gemm_rate(threads: int, size: int = 1536) -> float:
    """GFLOP a second of processor time of a float32 product of square matrices, the best of five."""
    import torch

    torch.set_num_threads(threads)
    first, second = torch.randn(size, size), torch.randn(size, size)
    best = 0.0
    for _ in range(5):
        begun = time.process_time()
        first @ second
        best = max(best, 2 * size**3 / (time.process_time() - begun) / 1e9)
    return round(best, 1)


def run(module: str, words: list[str], limit: int, result: Path) -> list[dict[str, Any]]:
    """The rows that a benchmark writes with --json, whatever its exit code says of its own thresholds.

    Raises:
        ValueError: if it writes none.
        subprocess.TimeoutExpired: if it takes longer than `limit` seconds.
    """
    command = [sys.executable, "-m", f"benchmarks.{module}", *words, "--json", str(result)]
    done = run_for(limit, command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    if not result.is_file():
        raise ValueError(f"{module} ended with {done.returncode}: {done.stderr.strip().splitlines()[-1:]}")
    found = json.loads(result.read_text(encoding="utf-8"))
    return found if isinstance(found, list) else [found]


def run_for(limit: float, command: list[str], **streams: Any) -> subprocess.CompletedProcess[str]:
    """Run a command that ends, with all that it has started, after so many seconds.

    Raises:
        subprocess.TimeoutExpired: if that was too few.
    """
    with subprocess.Popen(command, text=True, cwd=ROOT, start_new_session=True, **streams) as started:
        try:
            said, complained = started.communicate(timeout=limit)
        except BaseException:
            os.killpg(started.pid, signal.SIGKILL)
            raise
    return subprocess.CompletedProcess(command, started.returncode, said, complained)


def train_step(folder: Path, args: argparse.Namespace) -> list[dict[str, Any]]:
    """A step of each method beside a plain one, MiniLM's size, 64 sentences; bf16 where the hardware multiplies it."""
    import torch

    from sentcse.machine.device import multiplies_bf16

    precisions = ["fp32", *(["bf16"] if multiplies_bf16(torch.device("cpu")) else [])]
    plain = ["--plain", str(ROOT / "benchmarks" / "plain_step.py"), "--plain-steps", "1"]
    words = ["--rounds", "1", "--steps", "2", "--precisions", *precisions, "--threads", str(args.threads), *plain]
    return run("train_step", words, args.limit, folder / "train_step.json")


def encode(folder: Path, args: argparse.Namespace) -> list[dict[str, Any]]:
    """Encoding against sentence-transformers."""
    os.environ["SENTCSE_DATA"]  # without it there are no sentences: the part is left out
    words = ["--rounds", "1", "--sentences", "500", "--threads", str(args.threads)]
    return run("encode", words, args.limit, folder / "encode.json")


def evaluate(folder: Path, args: argparse.Namespace) -> list[dict[str, Any]]:
    """Scoring STS-B against the published loop."""
    os.environ["SENTCSE_DATA"]
    return run("evaluate", ["--tasks", "stsb", "--threads", str(args.threads)], args.limit, folder / "evaluate.json")


def batch_memory(folder: Path, args: argparse.Namespace) -> list[dict[str, Any]]:
    """Peak memory of a step; larger batches by the benchmark itself."""
    words = ["--methods", "simcse", "--sentences", "64", "256", "--precisions", "fp32", "--whole-up-to", "64"]
    return run("batch_memory", words, args.limit, folder / "batch_memory.json")


def data_scale(folder: Path, args: argparse.Namespace) -> list[dict[str, Any]]:
    """Memory of the data pipeline."""
    words = ["--lines", "20000", "200000", "--batches", "500", "--folder", str(folder / "scale")]
    return run("data_scale", words, args.limit, folder / "data_scale.json")


def growth(folder: Path, args: argparse.Namespace) -> list[dict[str, Any]]:
    """Time a sentence against what grows."""
    return [row for measure in GROWTH for row in measure(folder, args)]


PARTS: dict[str, Callable[[Path, argparse.Namespace], list[dict[str, Any]]]] = {
    each.__name__: each for each in (train_step, encode, evaluate, batch_memory, data_scale, growth)
}


if __name__ == "__main__":
    sys.exit(main())
