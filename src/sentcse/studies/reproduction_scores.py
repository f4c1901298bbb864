"""Scores of the runs of a reproduction, a file for each run and suite, so that what is scored is not scored again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sentcse.config import TrainConfig
from sentcse.config.commands import EvaluationSettings
from sentcse.errors import SentcseError
from sentcse.evaluation.reports.record import write_results
from sentcse.evaluation.run import run_evaluation
from sentcse.evaluation.statistics.seed_summary import summarise_seeds
from sentcse.machine.device import choose_accelerator, choose_batch_size
from sentcse.machine.files import read_json
from sentcse.records.run_folder import RunFolder

SCORED, RESULTS = "scored", "results"
"""Keys of a file of scores: what they are of, and what `run_evaluation` gave."""


def score_run(config: TrainConfig, suite: str, folder: Path) -> dict[str, Any]:
    """The scores of a complete run on the test part of a suite; read, where they are there already.

    Args:
        config: of the run, whose evaluation files, device and batch size are taken over.
        suite: "sts" or "transfer".
        folder: of the files of scores; made where it is not there.

    Returns:
        What `run_evaluation` gives.

    Raises:
        SentcseError: if the run has no encoder, an evaluation file is missing, or the folder cannot be written.
    """
    run = RunFolder(config)
    cpu = config.trainer.accelerator == "cpu"
    settings = EvaluationSettings(
        encoder=str(run.path),
        tasks=[suite],
        data_root=config.data_root,
        batch_size=choose_batch_size(config.evaluation.batch_size, "cpu" if cpu else choose_accelerator("auto")),
        device="cpu" if cpu else "auto",
        verify=config.evaluation.verify,
        progress=config.trainer.progress,
    )
    scored = scored_by(run, settings)
    file = folder / f"{run.path.name}.{suite}.json"
    known = _read(file)
    if known is not None and known[SCORED] == scored:
        found: dict[str, Any] = known[RESULTS]
        return found
    results = run_evaluation(settings)
    write_results({SCORED: scored, RESULTS: results}, file)
    return results


def scored_by(run: RunFolder, settings: EvaluationSettings) -> dict[str, Any]:
    """What scores depend on: the run as it was completed, and how it is scored; not the place of either."""
    how = settings.model_dump(mode="json", exclude={"encoder", "data_root", "output", "progress"})
    return {"run": run.path.name, "results": hashlib.sha256(run.results.read_bytes()).hexdigest(), **how}


def merged(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One encoder's scores on several suites as if they had been scored by one call.

    Args:
        results: of `run_evaluation`, of the same encoder on other tasks each, the STS tasks first.
    """
    tasks = {label: task for each in results for label, task in each["tasks"].items()}
    averages = {key: value for each in results for key, value in each["average"].items() if value is not None}
    differ = {file: state for each in results for file, state in each["data"]["differ"].items()}
    data = {**results[0]["data"], "differ": differ}
    seconds = round(sum(each["seconds"] for each in results), 2)
    return {**results[0], "tasks": tasks, "average": averages, "seconds": seconds, "data": data}


def over_seeds(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The runs of one recipe in one, as `run_evaluation` has several encoders.

    Args:
        records: of `merged`, one a seed; a single one is returned as it is.
    """
    if len(records) == 1:
        return dict(records[0])
    shared = ("protocol", "mode", "data", "versions", "device")
    return {
        **{key: records[0][key] for key in shared},
        "encoders": list(records),
        "seeds": summarise_seeds(records),
    }


def _read(file: Path) -> dict[str, Any] | None:
    """A file of scores; None where there is none, or it is damaged and has to be made again."""
    try:
        return read_json(file, keys=(SCORED, RESULTS)) if file.is_file() else None
    except SentcseError:
        return None
