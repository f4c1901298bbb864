"""Reproductions, made up: what is written of them is tested without training or scoring anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from composing import checked
from score_records import record

from sentcse.config.recipes import published_recipes
from sentcse.records.run_folder import RunFolder
from sentcse.studies.reproduction import Reproduction, suites_of
from sentcse.studies.reproduction_scores import over_seeds

AROUND = {"data": {"verify": "exact", "differ": {}}, "versions": {}, "device": "cpu", "seconds": 1.0}


def made(
    root: Path,
    name: str = "simcse_bert",
    scores: tuple[float, ...] = (72.7, 73.3),
    *,
    transfer: bool = False,
    changes: tuple[str, ...] = (),
) -> Reproduction:
    """A recipe whose runs, with the seeds from 42 on, have `scores` on STS12 and a point more on each further task."""
    configs = tuple(checked(f"experiment={name}", f"seed={42 + n}", f"runs.root={root}") for n in range(len(scores)))
    suites = suites_of(name, transfer=transfer)
    records = [
        {**record(str(RunFolder(config).path), score, transfer="transfer" in suites), **AROUND}
        for config, score in zip(configs, scores, strict=True)
    ]
    return Reproduction(
        name=name,
        recipe=published_recipes()[name],
        changes=changes,
        configs=configs,
        trained=tuple(trained() for _ in configs),
        scores=over_seeds(records),
        suites=suites,
    )


def trained(**more: Any) -> Any:
    """The content of results.json, as far as a reproduction reads it."""
    data = {"source": "wiki1m_for_simcse.txt", "sha256": "a" * 64, "sentences": 1_000_000}
    return {"best": {"step": 250, "stsb_dev": 81.5}, "data": data, "precision": "fp16", "seconds": 3600.0, **more}
