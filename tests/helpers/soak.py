"""A training that is watched: what it holds of memory, files and disk must not grow."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from usual_files import TRAIN, make_usual_files

WORDS = (
    *TRAIN,
    "trainer.max_steps=100000000",
    "evaluation.every_n_steps=5",
    "trainer.log_every_n_steps=1000",
    "name=x",
)
"""Evaluated, and its last checkpoint written, every five steps; the linear schedule hardly falls."""
MEMORY, FILES, DISK = 0.02, 2, 4096
"""How much more the fourth quarter may hold than the third: a share, files, bytes."""


@dataclass(frozen=True)
class Sample:
    """What a process holds: resident bytes, open files, and bytes of its run's folder without metrics.csv."""

    memory: int
    files: int
    disk: int


@dataclass(frozen=True)
class Soaked:
    """The most that was held in the third and in the fourth quarter of a training.

    Attributes:
        seconds: that were watched.
        steps: that were made.
        before: in the third quarter.
        after: in the fourth.
        rows: bytes of metrics.csv at the end, which has a row for each evaluation.
    """

    seconds: float
    steps: int
    before: Sample
    after: Sample
    rows: int

    @property
    def flat(self) -> bool:
        """Whether the fourth quarter holds no more than the third, within the tolerance."""
        return (
            self.after.memory <= self.before.memory * (1 + MEMORY)
            and self.after.files <= self.before.files + FILES
            and self.after.disk <= self.before.disk + DISK
        )

    def table(self) -> list[tuple[str, str, str, str]]:
        """For the page."""
        before, after = self.before, self.after
        return [
            ("resident memory, MiB", f"{before.memory / 2**20:.1f}", f"{after.memory / 2**20:.1f}", f"+{MEMORY:.0%}"),
            ("open files", str(before.files), str(after.files), f"+{FILES}"),
            ("folder without metrics.csv, bytes", f"{before.disk:,}", f"{after.disk:,}", f"+{DISK:,}"),
        ]


def soak(folder: Path, seconds: float) -> Soaked:
    """Train in a process of its own for so long.

    Raises:
        RuntimeError: if the training ends by itself, or is not ended by SIGTERM as it should be.
    """
    place = make_usual_files(folder / "usual")
    process = subprocess.Popen(
        ["nice", "-n", "19", sys.executable, "-m", "sentcse.train", *WORDS],
        cwd=place,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"},
    )
    while process.poll() is None and not list(place.glob("runs/x_*/checkpoints/last.ckpt")):
        time.sleep(0.2)
    (run,) = place.glob("runs/x_*")
    samples, started = [], time.monotonic()
    while process.poll() is None and time.monotonic() - started < seconds:
        samples.append(_sample(process.pid, run))
        time.sleep(min(1.0, seconds / 100))
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=60)[1]
    if process.returncode != 128 + signal.SIGTERM:
        raise RuntimeError(f"the training must end by SIGTERM, got {process.returncode}: {said}")
    quarter = len(samples) // 4
    steps = int((run / "metrics.csv").read_text().splitlines()[-1].partition(",")[0])
    parts = (_most(samples[2 * quarter : 3 * quarter]), _most(samples[3 * quarter :]))
    return Soaked(time.monotonic() - started, steps, *parts, (run / "metrics.csv").stat().st_size)


def _sample(pid: int, run: Path) -> Sample:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return Sample(pages * os.sysconf("SC_PAGE_SIZE"), len(os.listdir(f"/proc/{pid}/fd")), _bytes_in(run))


def _bytes_in(run: Path) -> int:
    total = 0
    for folder, _, names in os.walk(run):
        for name in names:
            # a file that is being written beside another goes, or takes its place
            if name != "metrics.csv" and not name.endswith(".partial"):
                try:
                    total += os.stat(os.path.join(folder, name)).st_size
                except FileNotFoundError:
                    continue
    return total


def _most(samples: list[Sample]) -> Sample:
    return Sample(
        max(each.memory for each in samples), max(each.files for each in samples), max(each.disk for each in samples)
    )
