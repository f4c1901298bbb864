"""Faults that are done to a run of a tiny encoder: each ends in a sentence, and the run goes on to the same outcome."""

from __future__ import annotations

import random
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bench import WORDS, Bench, outcome, require, says_so
from damage import damage
from forking import FULL, KILLED, READ_ONLY
from reliability import UNFINISHED, inside

DAMAGES = ("cut {} 20", "text {}", "flip {}", "delete {}", 'text {} "[]"')
FILES = (
    *(f"runs/x_*/{name}" for name in ("config.yaml", "inputs.json", "metrics.csv")),
    *(f"runs/x_*/checkpoints/{name}" for name in ("last.ckpt", "best.ckpt")),
    *(f"cache/*/{name}" for name in ("tokens.bin", "offsets.bin", "meta.json")),
    "runs/untrained/*.json",
)
FILES_OF_A_COMPLETE_RUN = ("runs/x_*/results.json", "runs/x_*/encoder/model.safetensors", "runs/x_*/curves.png")
FOLDERS = ("runs", "runs/x_*", "runs/x_*/checkpoints", "runs/untrained", "cache", "cache/*")


@dataclass(frozen=True)
class Fault:
    """What was done, how often, and what came of it."""

    name: str
    times: int
    outcome: str

    def row(self) -> tuple[str, str, str]:
        """For the table."""
        return self.name, str(self.times), self.outcome


def killed_at_random_moments(bench: Bench, times: int, seed: int = 0) -> Fault:
    """SIGKILL at moments drawn over the time of a run; the same command each time, until the run is complete."""
    return _signalled(bench, "SIGKILL", signal.SIGKILL, times, seed, (-9,))


def asked_to_stop(bench: Bench, times: int, seed: int = 0) -> Fault:
    """SIGTERM; before training has begun nobody listens to it, and the system ends the process."""
    return _signalled(bench, "SIGTERM", signal.SIGTERM, times, seed, (143, -15))


def interrupted(bench: Bench, times: int, seed: int = 0) -> Fault:
    """Ctrl-C."""
    return _signalled(bench, "Ctrl-C", signal.SIGINT, times, seed, (130,))


def _signalled(bench: Bench, name: str, number: signal.Signals, times: int, seed: int, codes: tuple[int, ...]) -> Fault:
    draw, done, complete, folder = random.Random(seed), 0, 0, bench.fresh()
    while done < times:
        started = bench.server.start("train", WORDS, folder)
        time.sleep(draw.uniform(0, bench.seconds))
        with suppress(ProcessLookupError):
            started.send(number)
        ended = started.wait()
        if ended.code == 0:  # it was over before
            bench.goes_on(folder)
            complete, folder = complete + 1, bench.fresh()
            continue
        says_so(ended, codes)
        done += 1
    bench.goes_on(folder)
    return Fault(
        f"{name} at a random moment",
        times,
        f"Exit code {' or '.join(map(str, codes))}, no traceback. The same command goes on: {complete + 1} runs were "
        "completed so, with weights, results and rows of an undisturbed one.",
    )


def killed_before_a_change(bench: Bench, every: int) -> Fault:
    """SIGKILL before a write, a new file or folder, a rename, a deletion."""
    numbers = range(1, bench.calls(KILLED) + 1, every)
    for number in numbers:
        folder = bench.fresh()
        ended = bench.server.run("train", WORDS, folder, fault=KILLED, call=number)
        require(ended.code in (-9, 0), (number, ended))
        bench.goes_on(folder)
    return Fault(
        "SIGKILL just before a file is written, renamed or deleted",
        len(numbers),
        "The same command completes the run: weights, results and rows of an undisturbed one, nothing half written.",
    )


def full_disk(bench: Bench, every: int) -> Fault:
    """No room from a write on."""
    return _refused(bench, FULL, range(1, bench.calls(FULL) + 1, every), "the disk is full from this write on")


def read_only(bench: Bench, every: int) -> Fault:
    """A file system that is read-only from a call on, as after an error of the disk."""
    return _refused(bench, READ_ONLY, range(1, bench.calls(READ_ONLY) + 1, every), "read-only from this change on")


def _refused(bench: Bench, fault: int, numbers: range, name: str) -> Fault:
    codes = []
    for number in numbers:
        folder = bench.fresh()
        ended = bench.server.run("train", WORDS, folder, fault=fault, call=number)
        says_so(ended)
        left = [path for path in folder.rglob(".*") if path.name.endswith(UNFINISHED)]
        require(fault == READ_ONLY or left == [], (number, left))
        bench.goes_on(folder)
        codes.append(ended.code)
    return Fault(
        name,
        len(codes),
        f"{codes.count(1)} times exit code 1 and a sentence, {codes.count(0)} times 0. Once the disk takes files "
        "again, the same command completes the run: weights, results and rows of an undisturbed one, nothing half "
        "written.",
    )


def damaged_files(bench: Bench, every: int = 1) -> Fault:
    """Every kind of file of a run that is not complete: cut, empty, with a flipped bit, of another kind, deleted."""
    lines = [each.format(file) for file in FILES for each in DAMAGES]
    codes = [_damaged(bench, bench.half, line) for line in lines[::every]]
    return Fault(
        "a file of an unfinished run or its caches: cut, empty, with a flipped bit, of another kind, deleted",
        len(codes),
        f"{codes.count(1)} times exit code 1 and a sentence that names it; {codes.count(0)} times the run was "
        "completed with weights and results of an undisturbed one, and its rows but those that metrics.csv had lost.",
    )


def damaged_outcomes(bench: Bench, every: int = 1) -> Fault:
    """The results, the export and the picture of a complete run."""
    complete = bench.finish(bench.fresh())
    lines = [each.format(file) for file in FILES_OF_A_COMPLETE_RUN for each in DAMAGES]
    codes = [_damaged(bench, complete, line, complete=True) for line in lines[::every]]
    return Fault(
        "results.json, the export or the picture of a complete run, in the same five ways",
        len(codes),
        f"{codes.count(1)} times exit code 1 and a sentence that names it; {codes.count(0)} times exit code 0, without "
        "a traceback: the export is compared with its hash when it is opened.",
    )


def _damaged(bench: Bench, like: Path, line: str, *, complete: bool = False) -> int:
    folder = bench.fresh(like)
    with inside(folder):
        damage(line)
    ended = bench.server.run("train", WORDS, folder)
    says_so(ended)
    if ended.code == 0 and not complete:
        lost = "metrics.csv" in line  # rows that were lost are not made again
        found = outcome(folder)
        for name in ("weights", "results", *(() if lost else ("rows",))):
            require(found[name] == bench.undisturbed[name], (line, name, found[name]))
    if ended.code == 1:
        require(line.split()[1].rpartition("/")[2].replace("*", "") in ended.said, (line, ended))
    shutil.rmtree(folder)
    return ended.code


def two_processes(bench: Bench, times: int, seed: int = 0) -> Fault:
    """The same command twice at once."""
    draw, codes = random.Random(seed), []
    for _ in range(times):
        folder = bench.fresh()
        first = bench.server.start("train", WORDS, folder)
        time.sleep(draw.uniform(0, bench.seconds / 3))
        second = bench.server.start("train", WORDS, folder)
        both = [first.wait(), second.wait()]
        for ended in both:
            says_so(ended)
        require(both[0].code == 0 or both[1].code == 0, both)
        codes += [ended.code for ended in both]
        bench.goes_on(folder)
    return Fault(
        "two processes on one run",
        times,
        f"One trains; the other says that it is being trained ({codes.count(1)} times exit code 1), or finds it "
        "complete. Weights, results and rows of an undisturbed run.",
    )


def deleted_folders(bench: Bench, times: int = 2, seed: int = 0) -> Fault:
    """A folder is deleted under a run at a random moment."""
    draw, codes = random.Random(seed), []
    for name in FOLDERS * times:
        folder = bench.fresh()
        started = bench.server.start("train", WORDS, folder)
        time.sleep(draw.uniform(0.2, 0.9) * bench.seconds)
        for path in folder.glob(name):
            shutil.rmtree(path, ignore_errors=True)
        ended = started.wait()
        says_so(ended)
        codes.append(ended.code)
        for path in folder.glob("runs/x_*"):  # of which something is gone for good
            if not (path / "config.yaml").is_file() or ended.code == 0:
                shutil.rmtree(path)
        bench.goes_on(folder)
    return Fault(
        "a folder deleted under a run: all runs, this one, its checkpoints, caches",
        len(codes),
        f"{codes.count(1)} times exit code 1 and a sentence, {codes.count(0)} times 0, no traceback. The same command "
        "then ends with weights, results and rows of an undisturbed run.",
    )


FAULTS: dict[str, Callable[[Bench], Fault]] = {
    "sigkill": lambda bench: killed_at_random_moments(bench, 50),
    "sigterm": lambda bench: asked_to_stop(bench, 10),
    "ctrl-c": lambda bench: interrupted(bench, 10),
    "two processes": lambda bench: two_processes(bench, 10),
    "damaged files": damaged_files,
    "damaged outcomes": damaged_outcomes,
    "deleted folders": deleted_folders,
    "full disk": lambda bench: full_disk(bench, 5),
    "read-only": lambda bench: read_only(bench, 8),
    "sigkill before a change": lambda bench: killed_before_a_change(bench, 8),
}


def every_fault(bench: Bench) -> Iterator[Fault]:
    """Do them all."""
    for do in FAULTS.values():
        yield do(bench)
