"""One evaluation from names to `results.json`."""

from __future__ import annotations

import json
import math
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from sentcse.encoder import SentenceEncoder
from sentcse.errors import ConfigError, SentcseError
from sentcse.evaluation.evaluator import evaluate_encoder
from sentcse.evaluation.results import Evaluation, StsResult
from sentcse.evaluation.significance import bootstrap_spearman, percentile_interval
from sentcse.evaluation.table import COLUMNS, sts_average
from sentcse.evaluation.tasks import LABELS, STS_TASKS, StsTask, load_pairs, load_task, required_files, splits_of

MODES = {"test": "test", "dev": "dev", "fasttest": "test"}
"""The split that each mode scores; the modes differ otherwise in the transfer tasks only."""
PROTOCOLS = ("simcse", "mteb")
"""simcse: SICK-R's test split, 4927 pairs. mteb: all of SICK-R, 9927 pairs. The text is SentEval's in both."""
GROUPS = ("sts", "full")
PACKAGES = ("sentcse", "torch", "transformers", "numpy", "scipy")


def run_evaluation(
    encoder_source: str | Path,
    *,
    pooler: str | None = None,
    tasks: Sequence[str] = ("sts",),
    mode: str = "test",
    protocol: str = "simcse",
    data_root: str | Path,
    batch_size: int = 128,
    max_length: int | None = None,
    bootstrap: int = 10_000,
    seed: int = 0,
    output: str | Path | None = None,
    progress: bool = False,
) -> dict[str, Any]:
    """Load an encoder, score it, and write `results.json`.

    Args:
        encoder_source: folder, checkpoint or hub name.
        pooler: None for the one that the encoder's record holds.
        tasks: names of `sentcse.evaluation.tasks.LABELS`, the group "sts", or paths of own .tsv and .csv pairs.
        mode: "test", "dev" or "fasttest".
        protocol: "simcse" or "mteb".
        data_root: the folder that holds `senteval/`.
        batch_size: sentences encoded together.
        max_length: tokens at which a sentence is cut; None for the most that the encoder takes, at most 512.
        bootstrap: resamples of the 95 % intervals; 0 for no intervals.
        seed: of the resampling.
        output: folder for `results.json`, or None.
        progress: show a bar.

    Returns:
        The content of `results.json`.

    Raises:
        ConfigError: if a task, mode or protocol does not exist.
        DataError: if a file is missing or damaged; before the encoder is loaded.
        SentcseError: if the encoder cannot be loaded or its vectors are not finite.
    """
    started = time.perf_counter()
    loaded = [_load(name, split, data_root) for name, split in resolve_tasks(tasks, mode=mode, protocol=protocol)]
    encoder = SentenceEncoder.from_pretrained(encoder_source, pooler=pooler, max_length=max_length)
    geometry_task = next((task for task in loaded if task.name == "stsb"), None)
    evaluation = evaluate_encoder(
        encoder, loaded, geometry_task=geometry_task, batch_size=batch_size, max_length=max_length, progress=progress
    )
    results = {
        "protocol": protocol,
        "mode": mode,
        "encoder": str(encoder_source),
        "pooler": encoder.pooler,
        **collect_results(evaluation, resamples=bootstrap, seed=seed),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "seconds": round(time.perf_counter() - started, 2),
    }
    if output is not None:
        write_results(results, Path(output) / "results.json")
    return results


def senteval_files(tasks: Sequence[str], *, mode: str, protocol: str) -> tuple[str, ...]:
    """List the files below `senteval/` that tasks need, for `sentcse.data.download`.

    Raises:
        ConfigError: as `resolve_tasks`.
    """
    resolved = resolve_tasks(tasks, mode=mode, protocol=protocol)
    files = [file for name, split in resolved if name in LABELS for file in required_files(name, split)]
    return tuple(dict.fromkeys(files))


def resolve_tasks(tasks: Sequence[str], *, mode: str, protocol: str) -> tuple[tuple[str, str], ...]:
    """List the (task, split) pairs that names and groups stand for, each once, in the order named.

    A group leaves out the tasks that have no such split: STS12-16 in mode dev. A path stands for itself.

    Raises:
        ConfigError: if a task, mode or protocol does not exist, or a named task has no such split.
    """
    if mode not in MODES:
        raise ConfigError(f"mode must be one of {', '.join(MODES)}, got {mode!r}.")
    if protocol not in PROTOCOLS:
        raise ConfigError(f"protocol must be one of {', '.join(PROTOCOLS)}, got {protocol!r}.")
    if len(tasks) == 0:
        raise ConfigError(f"tasks is empty; name {', '.join(GROUPS)} or some of {', '.join(LABELS)}.")
    split = MODES[mode]
    named: list[str] = []
    for name in tasks:
        if name in GROUPS:
            named += [task for task in STS_TASKS if split in splits_of(task)]
        elif name in LABELS or Path(name).suffix in (".tsv", ".csv"):
            named.append(name)
        else:
            known = ", ".join((*GROUPS, *LABELS))
            raise ConfigError(f"tasks: there is no task {name!r}; there are {known}, and .tsv or .csv files.")
    if protocol == "mteb" and split == "test":
        named = ["sickr_full" if name == "sickr" else name for name in named]
    for name in named:
        if name in LABELS and split not in splits_of(name):
            raise ConfigError(f"tasks: {name} has no split {split!r}, which mode={mode} scores.")
    headings = [LABELS.get(name, name) for name in dict.fromkeys(named)]
    if len(set(headings)) != len(headings):
        raise ConfigError("tasks: sickr and sickr_full share a column; score one of them at a time.")
    return tuple((name, split) for name in dict.fromkeys(named))


def collect_results(evaluation: Evaluation, *, resamples: int, seed: int = 0) -> dict[str, Any]:
    """Make the part of `results.json` that an evaluation determines; nan, which JSON has not, becomes None.

    Args:
        evaluation: what to write.
        resamples: of the 95 % intervals; 0 for none.
        seed: of the resampling.
    """
    draws: dict[str, np.ndarray] = {}
    if resamples > 0:
        # each task has its own stream, by its name: its interval does not depend on what else is scored
        draws = {
            result.label: bootstrap_spearman(
                result.cosines, result.gold, resamples=resamples, seed=(seed, *result.label.encode())
            )
            for result in evaluation.sts.values()
            if not result.collapsed
        }
    tasks = {result.label: _task_record(result, draws) for result in evaluation.sts.values()}
    average: dict[str, Any] = {"sts": sts_average({result.label: result.all for result in evaluation.sts.values()})}
    if all(column in draws for column in COLUMNS):
        average["sts_ci95"] = percentile_interval(np.mean([draws[column] for column in COLUMNS], axis=0))
    geometry = None
    if evaluation.geometry is not None:
        geometry = {"task": f"{LABELS['stsb']} {evaluation.sts['stsb'].split}", **asdict(evaluation.geometry)}
    record = {
        "max_length": evaluation.max_length,
        "sentences": evaluation.sentences,
        "truncated": evaluation.truncated,
        "tasks": tasks,
        "average": average,
        "geometry": geometry,
    }
    cleaned: dict[str, Any] = _without_nan(record)
    return cleaned


def write_results(results: dict[str, Any], path: Path) -> None:
    """Write results as JSON, whole or not at all; the folder is made.

    Raises:
        SentcseError: if it cannot be written.
    """
    text = json.dumps(results, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, path)
    except OSError as error:
        raise SentcseError(f"{path} cannot be written ({error.strerror}): name a folder that can.") from error


def _load(name: str, split: str, data_root: str | Path) -> StsTask:
    return load_task(name, split, data_root) if name in LABELS else load_pairs(name, name=Path(name).stem, split=split)


def _task_record(result: StsResult, draws: dict[str, np.ndarray]) -> dict[str, Any]:
    record: dict[str, Any] = {
        "split": result.split,
        "spearman": {"all": result.all, "mean": result.mean, "wmean": result.wmean},
        "pairs": result.pairs,
        "collapsed": result.collapsed,
        "truncated": result.truncated,
        "sources": {name: asdict(source) for name, source in result.sources.items()},
    }
    if result.label in draws:
        record["ci95"] = percentile_interval(draws[result.label])
    return record


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value
