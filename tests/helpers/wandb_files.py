"""Offline W&B runs, read back with W&B's own reader."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class OfflineRun:
    """What one .wandb file holds: its records by type, in order."""

    records: list[dict[str, Any]]

    def of(self, kind: str) -> list[Any]:
        return [record[kind] for record in self.records if record["type"] == kind]

    @property
    def run(self) -> dict[str, Any]:
        return dict(self.of("run")[-1])

    @property
    def config(self) -> dict[str, Any]:
        values: dict[str, Any] = dict(self.run.get("config", {}).get("update", {}))
        for record in self.of("config"):
            values |= record.get("update", {})
        return {key: value for key, value in values.items() if key != "_wandb"}

    @property
    def history(self) -> dict[int, dict[str, Any]]:
        """Rows by step, without W&B's own columns; a step that is there twice is a fault."""
        rows = [record["item"] for record in self.of("history")]
        by_step = {row["_step"]: {k: v for k, v in row.items() if not k.startswith("_")} for row in rows}
        assert len(by_step) == len(rows)
        return by_step

    @property
    def summary(self) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for record in self.of("summary"):
            values |= record.get("update", {})
        return values

    @property
    def exit_code(self) -> int | None:
        codes = [record.get("exit_code", 0) for record in self.of("exit")]
        return codes[-1] if codes else None


def parts(folder: Path) -> list[Path]:
    """The offline files of a run's folder that `wandb sync` would take."""
    return sorted(folder.glob("wandb/offline-run-*"))


def read_offline(part: Path) -> OfflineRun:
    """Read one."""
    done = subprocess.run(
        [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(part)],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return OfflineRun([json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")])
