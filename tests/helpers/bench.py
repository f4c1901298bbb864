"""A bench on which runs of a tiny encoder are disturbed, and compared with one that nobody touched."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import time
from pathlib import Path
from typing import Any

from forking import KILLED, Ended, Server
from reliability import UNFINISHED
from usual_files import TRAIN, make_usual_files

WORDS = (*TRAIN, "trainer.max_steps=12", "evaluation.every_n_steps=3", "name=x")
"""A run of twelve steps with four evaluations, each of which writes the last checkpoint and perhaps the best one."""
CLOCK = ("train/sentences_per_second",)
"""Columns that no two runs share."""


class Bench:
    """Where runs are disturbed.

    Args:
        place: an empty folder.
        server: that starts them.
    """

    def __init__(self, place: Path, server: Server) -> None:
        self.server, self.usual, self.number, self.place = server, make_usual_files(place / "usual"), 0, place
        self.undisturbed = outcome(self.finish(self.fresh()))
        started = time.monotonic()
        self.finish(self.fresh())
        self.seconds = time.monotonic() - started
        self.half = self.fresh()
        self.server.run("train", WORDS, self.half, fault=KILLED, call=self.calls(KILLED) * 3 // 5)
        if not list(self.half.glob("runs/x_*/checkpoints/last.ckpt")):
            raise RuntimeError("half a run must have a checkpoint, got none")

    def fresh(self, like: Path | None = None) -> Path:
        """A new folder with the inputs; or a copy of another."""
        self.number += 1
        folder = self.place / str(self.number)
        if like is not None:
            shutil.copytree(like, folder)
            return folder
        folder.mkdir()
        shutil.copytree(self.usual / "encoder", folder / "encoder")
        for name in ("sentences.txt", "pairs.tsv"):
            shutil.copy(self.usual / name, folder / name)
        return folder

    def calls(self, fault: int) -> int:
        """How many calls an undisturbed run makes that a fault can meet."""
        return self.server.run("train", WORDS, self.fresh(), fault=fault).calls

    def finish(self, folder: Path) -> Path:
        """Run to the end, undisturbed."""
        ended = self.server.run("train", WORDS, folder)
        require(ended.code == 0, ended)
        return folder

    def goes_on(self, folder: Path) -> None:
        """The same command ends as a run does that nobody disturbed, and leaves nothing half written."""
        self.finish(folder)
        found = outcome(folder)
        for name, value in self.undisturbed.items():
            require(found[name] == value, f"{name} differ: {_differing(found[name], value)}")
        # what processes share waits for a day: another one may be writing it
        left = [path for path in folder.rglob(".*") if path.name.endswith(UNFINISHED)]
        left = [path for path in left if not {"cache", "untrained"}.intersection(path.relative_to(folder).parts)]
        require(left == [], f"left: {left}")
        shutil.rmtree(folder)


def require(held: bool, what: object) -> None:
    """Fail with what was seen."""
    if not held:
        raise AssertionError(what)


def outcome(folder: Path) -> dict[str, Any]:
    """Weights, results and metrics of a complete run, without what the clock decides."""
    (run,) = folder.glob("runs/x_*")
    results = json.loads((run / "results.json").read_text())
    del results["seconds"], results["versions"]  # a commit in between is another version
    with (run / "metrics.csv").open(newline="") as lines:
        rows = [{name: value for name, value in row.items() if name not in CLOCK} for row in csv.DictReader(lines)]
    weights = hashlib.sha256((run / "encoder" / "model.safetensors").read_bytes()).hexdigest()
    return {"weights": weights, "results": results, "rows": sorted(rows, key=lambda row: list(row.values()))}


def _differing(found: Any, value: Any) -> Any:
    """Where two outcomes differ, for a message."""
    if isinstance(found, dict) and isinstance(value, dict):
        keys = [key for key in {*found, *value} if found.get(key) != value.get(key)]
        return {key: _differing(found.get(key), value.get(key)) for key in keys}
    if isinstance(found, list) and isinstance(value, list):
        return [row for row in found if row not in value], [row for row in value if row not in found]
    return found, value


def says_so(ended: Ended, codes: tuple[int, ...] = (0, 1)) -> None:
    """A sentence and no traceback; a signal may come before there is anybody to say something."""
    require("Traceback" not in ended.said, ended)
    require(ended.code in codes, ended)
    require(ended.code != 1 or "error: " in ended.said, ended)
