"""Runs for reports: folders as training leaves them, written through the project's own functions, scores drawn."""

from __future__ import annotations

import copy
import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from composing import compose

from sentcse.config import TrainConfig, check_config
from sentcse.config.tasks import STS_TASKS
from sentcse.evaluation.reports.record import write_results
from sentcse.records.metrics_file import MetricsFile
from sentcse.records.run_folder import RunFolder

GAIN = {"simcse": 0.0, "diffcse": -0.6, "micse": 0.05}
UNTRAINED = {"stsb_dev": 79.73, "sickr_dev": 75.00, **{f"{task}_test": 73.5 for task in STS_TASKS}}
VERSIONS = {"python": "3.11.7", "sentcse": "0.1.0", "torch": "2.13.0+cpu", "transformers": "5.23.0"}


@dataclass(frozen=True)
class Made:
    """What a made run is told.

    Attributes:
        every: steps between two evaluations.
        changes: settings by dotted key.
        scores: exact scores by "stsb_test" ..., in place of drawn ones.
        tests: tasks that are scored at the end.
        results: groups of results.json that are not the usual ones.
    """

    method: str = "simcse"
    size: int | None = 64
    seed: int = 48
    steps: int | None = 100
    every: int = 25
    changes: tuple[tuple[str, Any], ...] = ()
    scores: tuple[tuple[str, float | None], ...] = ()
    tests: tuple[str, ...] = STS_TASKS
    results: tuple[tuple[str, Any], ...] = ()


def make_runs(root: Path, runs: Iterable[Made]) -> list[Path]:
    """Folders of runs that are done."""
    return [make_run(root, made) for made in runs]


def grid(methods: Iterable[str], sizes: Iterable[int], seeds: Iterable[int], **others: Any) -> list[Made]:
    """A whole grid of runs."""
    return [Made(method, size, seed, **others) for method in methods for size in sizes for seed in seeds]


def make_run(root: Path, made: Made) -> Path:
    """The folder of a run that is done."""
    config = configuration(root, made)
    folder = RunFolder(config)
    folder.create(config)
    dev = _dev_curve(made)
    step, best = max(dev.items(), key=lambda item: item[1])
    _write_metrics(folder.metrics, made, dev)
    tests = {task: _test_score(made, task) for task in made.tests}
    exact = dict(made.scores)
    write_results(
        {
            "best": {"step": step, "stsb_dev": exact.get("stsb_dev", best)},
            "initial": {key: score for key, score in UNTRAINED.items() if _scored(key, made)},
            "test": {
                task: {"spearman": exact.get(f"{task}_test", score), "pairs": 1379} for task, score in tests.items()
            },
            "data": {"source": "wiki_sentences.txt", "sha256": _sha256(made), "sentences": _sentences(made)},
            "config": config.model_dump(mode="json", by_alias=True),
            "versions": VERSIONS,
            "seconds": 61.5,
            **dict(made.results),
        },
        folder.results,
    )
    return folder.path


def make_unfinished(root: Path, made: Made, *, reason: str | None = None) -> Path:
    """The folder of a run that was stopped half way or, with a reason, failed."""
    config = configuration(root, made)
    folder = RunFolder(config)
    folder.create(config)
    half = {step: score for step, score in _dev_curve(made).items() if step <= 50}
    _write_metrics(folder.metrics, made, half)
    if reason is not None:
        (folder.path / "failure.json").write_text(json.dumps({"reason": reason}), encoding="utf-8")
    return folder.path


def configuration(root: Path, made: Made) -> TrainConfig:
    """The checked configuration of a made run."""
    values = copy.deepcopy(_experiment(f"{made.method}_minilm"))
    changes = {
        "seed": made.seed,
        "runs.root": str(root),
        "data.low_shot.seed": made.seed,
        "data.low_shot.size": made.size,
        "trainer.max_steps": made.steps,
        "evaluation.every_n_steps": made.every,
        "evaluation.test": list(made.tests),
        **({"generator.name_or_path": "/made/generator_seed42/model"} if made.method == "diffcse" else {}),
        **dict(made.changes),
    }
    for key, value in changes.items():
        *groups, leaf = key.split(".")
        section = values
        for group in groups:
            section = section[group]
        section[leaf] = value
    return check_config(values)


@cache
def _experiment(name: str) -> dict[str, Any]:
    return compose(f"experiment={name}")


def _dev_curve(made: Made) -> dict[int, float]:
    draw = _draws(made, "dev")
    steps = range(0, (made.steps if made.steps is not None else 60) + 1, made.every)
    rise = {step: 1 - math.exp(-step / 20) for step in steps}
    top = 3.4 + GAIN.get(made.method, 0.0) + 0.25 * math.log10(_sentences(made) / 64) + 0.1 * draw.normal()
    overfit = 0.008 if _sentences(made) < 200 else 0.0
    curve = {step: 79.73 + top * rise[step] - overfit * step + 0.05 * draw.normal() for step in steps}
    return {**curve, 0: 79.73}


def _test_score(made: Made, task: str) -> float:
    place = STS_TASKS.index(task) if task in STS_TASKS else 0
    shared = 0.15 * np.random.default_rng([made.seed, place]).normal()
    size = 0.5 * math.log10(_sentences(made) / 64)
    return 74.0 + place + size + GAIN.get(made.method, 0.0) + shared + 0.08 * _draws(made, task).normal()


def _write_metrics(path: Path, made: Made, dev: dict[int, float]) -> None:
    file, draw = MetricsFile(path), _draws(made, "metrics")
    for step, score in dev.items():
        rise = (score - 79.73) / 4
        geometry = {"val/alignment": 0.10 + 0.05 * rise, "val/uniformity": -1.74 - 0.9 * rise + 0.01 * draw.normal()}
        file.append({"val/stsb_spearman": score, "val/sickr_spearman": 75 - rise, **geometry}, step=step)
        if step > 0:
            file.append({"train/loss": math.exp(-step / 30)}, step=step)


def _draws(made: Made, use: str) -> np.random.Generator:
    words = f"{made.method} {made.size} {made.seed} {made.steps} {made.changes} {use}"
    return np.random.default_rng(list(hashlib.sha256(words.encode()).digest()[:8]))


def _sentences(made: Made) -> int:
    return 16_979 if made.size is None else made.size


def _sha256(made: Made) -> str:
    split = "corpus" if made.size is None else f"{made.size} {configuration(Path('runs'), made).data.low_shot.seed}"
    return hashlib.sha256(split.encode()).hexdigest()


def _scored(key: str, made: Made) -> bool:
    task, _, part = key.rpartition("_")
    return part == "dev" or task in made.tests
