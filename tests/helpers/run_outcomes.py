"""What a run left behind, to compare runs by."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any


def outcome(folder: Path) -> tuple[bytes, dict[str, Any]]:
    """Weights, and results without what the clock and the place decide."""
    results = json.loads((folder / "results.json").read_text())
    del results["seconds"]
    del results["config"]["runs"]
    return (folder / "encoder" / "model.safetensors").read_bytes(), results


def metrics(folder: Path) -> list[tuple[str, str, str]]:
    """Step, loss and score of every row."""
    with (folder / "metrics.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    return sorted((row["step"], row["train/loss"], row["val/pairs_spearman"]) for row in rows)
