"""docs/performance.md: what was measured, where, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

TITLES = {
    "train_step": "A training step",
    "encode": "Encoding",
    "evaluate": "Scoring",
    "batch_memory": "Memory of a step",
    "data_scale": "The data pipeline",
    "growth": "Time a sentence",
}
WORDS = {
    "train_step": "MiniLM's size with random weights, 64 embedded sentences, two views; forward, backward, "
    "clipping and AdamW. The share is of the rate that a large float32 product has on this machine. Plain is "
    "`benchmarks/plain_step.py`, the same step as one would write it, in the same minutes.",
    "encode": "`SentenceEncoder.encode` and sentence-transformers, the same weights and sentences of Wikipedia.",
    "evaluate": "STS-B, against the loop that the published evaluation code runs.",
    "batch_memory": "Peak of one forward and backward pass in a process of its own, with libraries and without AdamW, "
    "which the first table has; `data.chunk` as set in the column.",
    "data_scale": "Made corpora; the second start finds the cache of tokens.",
    "growth": "SimCSE, MiniLM's size, float32; [the figure](images/growth.png) has the same values. Batch and length in"
    " processor time; corpus (the data pipeline alone) and ranks (the whole command, 32 sentences a step in all) by"
    " the clock.",
}
COMMAND = {"growth": "bench --only growth"}


@dataclass(frozen=True)
class Part:
    """One benchmark: its rows, the seconds it took, on what machine, and why it has none, or None."""

    name: str
    rows: Sequence[dict[str, Any]]
    seconds: float
    machine: dict[str, Any]
    why_missing: str | None = None


def page(parts: Sequence[Part]) -> str:
    """The page in Markdown."""
    lines = [
        "# Speed and memory",
        "",
        "Written by `make bench`, which measures this page on any machine; figures of two machines do not compare.",
        "",
        *dict.fromkeys(f"- {_machine(part.machine)}" for part in parts),
        "",
        "Below a table: where and when it was measured, and the rate of a float32 product of 1,536 x 1,536 matrices "
        "there and then. The load is the whole machine's: what is above the threads is other work, and seconds of the "
        "clock are longer by it; processor seconds are not.",
        "",
        "No figure of a GPU exists yet: none was at hand. There `make bench-gpu` times steps and an evaluation, in "
        "at most ten minutes, and writes `bench_gpu/bench_gpu.md`.",
    ]
    for part in parts:
        lines += ["", f"## {TITLES[part.name]}", "", WORDS[part.name], ""]
        if part.why_missing is not None:
            lines.append(f"Not measured: {part.why_missing}.")
            continue
        machine, rate = part.machine, part.machine["gflops_a_processor_second"]
        command = f"python -m benchmarks.{COMMAND.get(part.name, part.name)}"
        lines += [
            *table(rows_of(part, rate=rate)),
            "",
            f"`{command}`, {machine['processor']}, threads used: {machine['threads']}, {machine['date']}; "
            f"{part.seconds:.0f} s at a load of {machine['load']:g}, {rate:g} GFLOP a processor second.",
        ]
    if any(part.name == "growth" and part.rows for part in parts):
        lines += ["", "![Milliseconds a sentence against batch, length, corpus and ranks](images/growth.png)"]
    lines += [
        "",
        "Not on this page: larger batches, transfer tasks, ONNX and windows of length, which `benchmarks/` measures "
        "one by one ([results.md](results.md), [devices.md](devices.md), [onnx.md](onnx.md), [data.md](data.md)).",
    ]
    missing = [name for name in TITLES if name not in {part.name for part in parts}]
    if missing:
        lines += ["", f"Not measured yet: `python -m benchmarks.bench --only {' '.join(missing)}`."]
    return "\n".join(lines) + "\n"


def _machine(machine: dict[str, Any]) -> str:
    flags = ", ".join(machine["flags"]) if machine["flags"] else "none of those that matter"
    return f"{machine['processor']}, {machine['cores']} cores; flags: {flags}; torch {machine['torch']}"


def rows_of(part: Part, *, rate: float) -> list[dict[str, str]]:
    """The columns that people read of a benchmark's own rows; `rate` is the machine's, in GFLOP a processor second."""
    return [_COLUMNS[part.name](row, rate) for row in part.rows]


def table(rows: Sequence[dict[str, str]]) -> list[str]:
    """Markdown, numbers to the right."""
    columns = list(rows[0])
    marks = ["---:" if rows[0][name][:1].isdigit() else "---" for name in columns]
    cells = [[row[name] for name in columns] for row in rows]
    return ["| " + " | ".join(line) + " |" for line in (columns, marks, *cells)]


def _train_step(row: dict[str, Any], rate: float) -> dict[str, str]:
    reached = row["gflop_per_step"] / row["processor_seconds_per_step"]
    return {
        "method": row["method"],
        "precision": row["precision"],
        "seconds a step": f"{row['seconds_per_step']:.2f}",
        "processor seconds": f"{row['processor_seconds_per_step']:.2f}",
        "GFLOP a step": f"{row['gflop_per_step']:.0f}",
        "GFLOP a processor second": f"{reached:.0f}",
        "share of the rate": f"{reached / rate:.2f}",
        "peak, GiB": f"{row['peak_gib']:.2f}",
        "plain, seconds a step": _or_dash(row["plain_seconds_per_step"]),
        "plain, GiB": _or_dash(row["plain_peak_gib"]),
        "times as fast": _or_dash(row["speedup"]),
    }


def _or_dash(value: float | None) -> str:
    """What was not measured is a dash: rows of an earlier version had no plain side."""
    return "-" if value is None else f"{value:.2f}"


def _encode(row: dict[str, Any], rate: float) -> dict[str, str]:
    ours, theirs = (min(row["processor_seconds"][name]) for name in ("sentcse", "sentence_transformers"))
    return {
        "sentences": f"{row['sentences']:,}",
        "processor seconds": f"{ours:.2f}",
        "sentence-transformers": f"{theirs:.2f}",
        "ratio": f"{theirs / ours:.2f}",
        "ratio by the clock": f"{row['gain']:.2f}",
    }


def _evaluate(row: dict[str, Any], rate: float) -> dict[str, str]:
    return {
        "seconds": f"{row['seconds']:.1f}",
        "published loop": f"{row['plain_seconds']:.1f}",
        "times as fast": f"{1 / row['share']:.1f}",
        "largest difference of a score": f"{row['largest_difference']:.5f}",
    }


def _batch_memory(row: dict[str, Any], rate: float) -> dict[str, str]:
    return {
        "method": row["method"],
        "precision": row["precision"],
        "sentences": f"{row['sentences']:,}",
        "data.chunk": str(row["chunk"]) if row["chunk"] > 0 else "whole",
        "peak, GiB": f"{row['peak_gib']:.2f}",
    }


def _data_scale(row: dict[str, Any], rate: float) -> dict[str, str]:
    return {
        "lines": f"{row['lines']:,}",
        "start": row["start"],
        "seconds to the first batch": f"{row['first_batch_seconds']:.2f}",
        "milliseconds a batch": f"{row['milliseconds_per_batch']:.2f}",
        "own memory, MiB": f"{row['memory_after']['anonymous']:.0f}",
    }


def _growth(row: dict[str, Any], rate: float) -> dict[str, str]:
    return {
        "against": row["what"],
        "value": f"{row['value']:,}",
        "milliseconds a sentence": f"{row['milliseconds']:.3f}",
    }


_COLUMNS = {
    "train_step": _train_step,
    "encode": _encode,
    "evaluate": _evaluate,
    "batch_memory": _batch_memory,
    "data_scale": _data_scale,
    "growth": _growth,
}
