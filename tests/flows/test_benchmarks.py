"""The benchmarks as they are run, at a size at which no figure means anything."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

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
    "gflops": [100.0, 80.0],
}
STEP = {
    "method": "simcse",
    "precision": "fp32",
    "seconds_per_step": 2.0,
    "gflop_per_step": 150.0,
    "peak_gib": 1.234,
    "plain_seconds_per_step": None,
}


def test_the_page_has_hardware_tables_and_what_is_missing() -> None:
    text = page(MACHINE, [Part("train_step", [STEP], 9.6), Part("encode", [], 0.0, "'SENTCSE_DATA'")], minutes=3.2)
    assert "- a processor, 2 cores, 2 threads; flags: avx2" in text
    assert "2026-01-02; 3 minutes" in text
    # 75 GFLOP/s of the better of two measured rates
    assert "| simcse | fp32 | 2.00 | 150 | 75 | 0.75 | 1.23 |" in text
    assert "`python -m benchmarks.train_step`, 10 s." in text
    assert "Not measured: 'SENTCSE_DATA'." in text
    assert "No figure of a GPU exists yet" in text


def test_every_part_has_its_columns_and_the_growth_its_figure(tmp_path: Path) -> None:
    growth = [{"what": what, "value": value, "milliseconds": 1.5 * value} for what in TITLES for value in (1, 2)]
    scale = {"lines": 5000, "start": "second", "first_batch_seconds": 1.0, "milliseconds_per_batch": 2.0}
    rows = {
        "train_step": STEP,
        "encode": {"seconds": {"sentcse": [1.0], "sentence_transformers": [2.0]}, "gain": 2.0, "sentences": 500},
        "evaluate": {"seconds": 1.0, "plain_seconds": 8.0, "share": 0.125, "largest_difference": 0.0},
        "batch_memory": {"method": "simcse", "precision": "fp32", "sentences": 64, "chunk": 0, "peak_gib": 1.0},
        "data_scale": {**scale, "memory_after": {"anonymous": 200.0}},
        "growth": growth[0],
    }
    assert rows.keys() == bench.PARTS.keys()
    text = page(MACHINE, [Part(name, [row], 1.0) for name, row in rows.items()], minutes=1)
    for cells in (
        "| 500 | 1.00 | 2.00 | 2.00 |",
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


@pytest.mark.slow
def test_the_bench_of_a_gpu_rehearsed(tmp_path: Path) -> None:
    assert bench_gpu.main([str(tmp_path), "--device", "cpu", "--size", "tiny", "--steps", "1"]) == 0
    found = json.loads((tmp_path / "bench_gpu.json").read_text())
    assert [row["method"] for row in found["steps"]] == ["simcse", "diffcse", "micse"]
    assert {"simcse_bert", "diffcse_bert", "micse_bert"} <= {row["recipe"] for row in found["recipes"]}
    text = (tmp_path / "bench_gpu.md").read_text()
    assert "FLOP utilisation" in text
    assert "| diffcse | fp32 |" in text


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["speed", "resume", "scores", "overflow"])
def test_a_stage_of_the_first_minutes_on_a_gpu_rehearsed(tmp_path: Path, stage: str) -> None:
    """What is left of them: the others are rehearsed by hand."""
    words = ["--device", "cpu", "--size", "tiny", "--in-this-process", "--stages", stage]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.first_gpu", str(tmp_path), *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / f"{stage}.json").read_text())
    assert len(found) > 0
    if stage == "resume":
        assert len(found) == 3
        assert len(set(found.values())) == 1
    assert set(first_gpu.STAGES) >= {stage}
