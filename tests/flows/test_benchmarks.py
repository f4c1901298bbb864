"""The benchmarks as they are run, at a size at which no figure means anything."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks import bench, bench_gpu, first_gpu
from benchmarks.growth import TITLES, draw_growth
from benchmarks.performance_page import Part, page

MACHINE = {
    "processor": "a processor",
    "flags": ["avx2"],
    "cores": 2,
    "threads": 2,
    "torch": "2",
    "date": "2026-01-02",
    "load": 0.5,
    "gflops_a_processor_second": 100.0,
}
STEP = {
    "method": "simcse",
    "precision": "fp32",
    "seconds_per_step": 2.0,
    "processor_seconds_per_step": 3.0,
    "gflop_per_step": 150.0,
    "peak_gib": 1.234,
    "plain_seconds_per_step": 4.0,
    "plain_peak_gib": 2.456,
    "speedup": 1.95,
}

EXPECTED: dict[str, Callable[[Any], bool]] = {
    # a generator, and three methods in bf16 and fp32
    "smoke": lambda found: len(found) == 7,
    "parity": lambda found: found.keys() == {"simcse", "diffcse", "micse"},
    # as they are, and DiffCSE with the rows of a CPU's cache, and without a screen
    "speed": lambda found: len(found) == 5 and all(each["seconds_per_step"] > 0 for each in found),
    "launches": lambda found: found.keys() == {"simcse", "diffcse", "micse"},
    "resume": lambda found: min(found["sentences_per_second"].values()) > 0,
    "scores": lambda found: found.keys() == {"64", "512"},
    "overflow": lambda found: found["skipped"] == 0,  # without a scaler
}
"""What each stage of `first_gpu` finds on a CPU."""


def test_the_page_has_hardware_tables_and_what_is_missing() -> None:
    other = {**MACHINE, "processor": "another", "flags": [], "gflops_a_processor_second": 200.0}
    grown = {"what": "batch", "value": 8, "milliseconds": 1.5}
    text = page(
        [
            Part("train_step", [STEP], 9.6, MACHINE),
            Part("encode", [], 0.0, MACHINE, "'SENTCSE_DATA'"),
            Part("growth", [grown], 1.0, other),
        ]
    )
    assert text.count("- a processor, 2 cores; flags: avx2; torch 2") == 1
    assert text.count("- another, 2 cores; flags: none of those that matter; torch 2") == 1
    # 50 GFLOP a processor second where a product has 100
    assert "| simcse | fp32 | 2.00 | 3.00 | 150 | 50 | 0.50 | 1.23 | 4.00 | 2.46 | 1.95 |" in text
    assert (
        "`python -m benchmarks.train_step`, a processor, threads used: 2, 2026-01-02; "
        "10 s at a load of 0.5, 100 GFLOP a processor second." in text
    )
    assert "growth`, another, threads used: 2, 2026-01-02; 1 s at a load of 0.5, 200 GFLOP a processor second." in text
    assert "Not measured: 'SENTCSE_DATA'." in text
    assert "Not measured yet: `python -m benchmarks.bench --only evaluate batch_memory data_scale`." in text
    assert "No figure of a GPU exists yet" in text
    alone = {**STEP, "plain_seconds_per_step": None, "plain_peak_gib": None, "speedup": None}
    assert "| 0.50 | 1.23 | - | - | - |" in page([Part("train_step", [alone], 9.6, MACHINE)])


def test_every_part_has_its_columns_and_the_growth_its_figure(tmp_path: Path) -> None:
    growth = [{"what": what, "value": value, "milliseconds": 1.5 * value} for what in TITLES for value in (1, 2)]
    scale = {"lines": 5000, "start": "second", "first_batch_seconds": 1.0, "milliseconds_per_batch": 2.0}
    rows = {
        "train_step": STEP,
        "encode": {
            "processor_seconds": {"sentcse": [1.0], "sentence_transformers": [2.0]},
            "gain": 3.0,
            "sentences": 500,
        },
        "evaluate": {"seconds": 1.0, "plain_seconds": 8.0, "share": 0.125, "largest_difference": 0.0},
        "batch_memory": {"method": "simcse", "precision": "fp32", "sentences": 64, "chunk": 0, "peak_gib": 1.0},
        "data_scale": {**scale, "memory_after": {"anonymous": 200.0}},
        "growth": growth[0],
    }
    assert rows.keys() == bench.PARTS.keys()
    parts = [Part(name, [row], 1.0, MACHINE) for name, row in rows.items()]
    bench.write(parts, tmp_path / "performance.md", tmp_path / "performance.json")
    assert bench.read_parts(tmp_path / "performance.json") == {part.name: part for part in parts}
    text = (tmp_path / "performance.md").read_text()
    for cells in (
        "| 500 | 1.00 | 2.00 | 2.00 | 3.00 |",
        "| 1.0 | 8.0 | 8.0 |",
        "| whole | 1.00 |",
        "| second | 1.00 | 2.00 |",
    ):
        assert cells in text
    assert "(images/growth.png)" in text
    draw_growth(growth, tmp_path / "images" / "growth.png")
    assert (tmp_path / "images" / "growth.png").read_bytes().startswith(b"\x89PNG")


def test_hours_of_a_recipe_are_its_steps_and_its_evaluations() -> None:
    """SimCSE: a million sentences in batches of 64, one epoch, scored every 125 steps."""
    (row,) = (row for row in bench_gpu.projected({"simcse": 0.1}, 5.0) if row["recipe"] == "simcse_bert")
    assert row["steps"] == 15625
    assert row["hours"] == pytest.approx((15625 * 0.1 + 125 * 5.0) / 3600, abs=0.005)
    assert all(row["recipe"].startswith(("simcse", "sup")) for row in bench_gpu.projected({"simcse": 0.1}, 5.0))


def test_a_benchmark_that_writes_nothing_is_named_with_its_fault(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"nowhere ended with 1: .*No module named benchmarks.nowhere"):
        bench.run("nowhere", [], 60, tmp_path / "rows.json")


def test_what_takes_too_long_ends_with_all_that_it_has_started(tmp_path: Path) -> None:
    started = tmp_path / "started"
    with pytest.raises(subprocess.TimeoutExpired):
        bench.run_for(2, ["bash", "-c", f"sleep 600 & echo $! > {started}; wait"])
    state, deadline = ["ps", "-o", "stat=", "-p", started.read_text().strip()], time.monotonic() + 60
    # a zombie where nobody asks for its exit code
    while subprocess.run(state, capture_output=True, text=True, check=False).stdout.strip()[:1] not in ("", "Z"):
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("stage", "found", "said"),
    [
        ("parity", {"simcse": {"ok": True}, "micse": {"ok": False}}, "done, and WRONG,"),
        ("parity", {"simcse": {"ok": True}}, "done, as it should be,"),
        ("resume", {"one": "a", "two": "a", "stopped": "b", "stopped_half_way": True}, "done, and WRONG,"),
        ("resume", {"one": "a", "two": "a", "stopped": "a", "stopped_half_way": False}, "done, and WRONG,"),
        ("overflow", {"goes_on": False}, "done, and WRONG,"),
        ("speed", [], "done"),
    ],
)
def test_a_stage_says_whether_its_answer_is_right(stage: str, found: Any, said: str) -> None:
    assert first_gpu.how_it_ended(stage, found) == said


def test_stages_beyond_the_time_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(first_gpu, "run_stage", lambda stage, args, limit: pytest.fail("ran"))
    monkeypatch.setattr(sys, "argv", ["first_gpu", str(tmp_path), "--stages", "smoke", "parity", "--total", "0"])
    first_gpu.main()
    assert capsys.readouterr().out.split("\n")[:2] == [
        f"{each:<9} LEFT OUT: 0 s are over" for each in ("smoke", "parity")
    ]


@pytest.mark.slow
def test_the_bench_of_a_gpu_rehearsed(tmp_path: Path) -> None:
    assert bench_gpu.main([str(tmp_path), "--device", "cpu", "--size", "tiny", "--steps", "1"]) == 0
    found = json.loads((tmp_path / "bench_gpu.json").read_text())
    assert [row["method"] for row in found["steps"]] == ["simcse", "diffcse", "micse"]
    assert all(row["plain_seconds_per_step"] > 0 for row in found["steps"])
    assert {"simcse_bert", "diffcse_bert", "micse_bert"} <= {row["recipe"] for row in found["recipes"]}
    text = (tmp_path / "bench_gpu.md").read_text()
    assert "FLOP utilisation" in text
    assert "| diffcse | fp32 |" in text


@pytest.mark.slow
@pytest.mark.parametrize("stage", first_gpu.STAGES)
def test_a_stage_of_the_first_minutes_on_a_gpu_rehearsed(tmp_path: Path, stage: str) -> None:
    words = ["--device", "cpu", "--size", "tiny", "--in-this-process", "--stages", stage]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.first_gpu", str(tmp_path), *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / f"{stage}.json").read_text())
    assert EXPECTED[stage](found), found
    assert "WRONG" not in first_gpu.how_it_ended(stage, found), found
