"""A whole run: train or continue, select, score, export."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import seed_everything

from sentcse.config import TrainConfig
from sentcse.config.advice import advice
from sentcse.data.datamodule import SentenceDataModule
from sentcse.evaluation.scores.evaluator import evaluate_encoder
from sentcse.machine.device import choose_accelerator, hardware
from sentcse.methods import Method
from sentcse.modules.input_length import check_length
from sentcse.records.layout import UNTRAINED_FOLDER, Results
from sentcse.records.run_folder import RunFolder
from sentcse.training.build import build_data, build_encoder, build_method, build_trainer
from sentcse.training.curves import plot_curves
from sentcse.training.evaluation import EvaluationCallback, finite_or_none, score_text
from sentcse.training.fitting import CPU, load_selected, start_or_continue
from sentcse.training.meters import Throughput
from sentcse.training.provenance import provenance
from sentcse.training.tasks import load_tasks
from sentcse.training.untrained_scores import UntrainedScores
from sentcse.training.whole_run import carry_out

logger = logging.getLogger(__name__)


@dataclass
class Run:
    """The parts of a run."""

    config: TrainConfig
    folder: RunFolder
    method: Method
    data: SentenceDataModule
    evaluation: EvaluationCallback
    throughput: Throughput
    device: torch.device = CPU
    """Where it was trained, and is scored at the end: Lightning moves a model back to the CPU after training."""


def train(config: TrainConfig) -> Results:
    """Train, or continue, or report a finished run; returns the content of results.json.

    Raises:
        SentcseError: for anything that the user can mend; what was written stays, and the same command continues.
    """
    return carry_out(
        config,
        prepare=lambda folder: prepare(config, folder),
        fit=fit,
        conclude=conclude,
        report=report,
        notes=advice(config),
    )


def prepare(config: TrainConfig, folder: RunFolder) -> Run:
    """Load everything that a run needs; writes nothing but caches."""
    seed_everything(config.seed, verbose=False)
    dev, test = load_tasks(config, "dev"), load_tasks(config, "test")
    encoder = build_encoder(config)
    check_length(config.data.max_length, encoder.backbone, encoder.tokenizer, key="data.max_length")
    data = build_data(config, encoder.tokenizer)
    data.prepare_data()
    data.setup()
    method = build_method(config, encoder)
    evaluation = EvaluationCallback(
        dev,
        test,
        select=config.evaluation.select,
        every_n_steps=config.evaluation.every_n_steps,
        batch_size=config.evaluation.batch_size,
        untrained=UntrainedScores(Path(config.runs.root) / UNTRAINED_FOLDER),
    )
    method.record = provenance(config, data)
    return Run(config, folder, method, data, evaluation, Throughput())


def fit(run: Run) -> None:
    """Train from the start or from the last checkpoint.

    Raises:
        SentcseError: if the corpus is not the one that the run began with, or the loss is not finite.
    """
    trainer = build_trainer(run.config, run.folder, run.evaluation, run.throughput)
    start_or_continue(trainer, run.method, run.data, run.folder, fresh=run.config.overwrite)
    run.device = trainer.strategy.root_device


def conclude(run: Run) -> Results:
    """Score the selected encoder on the test tasks, export it, write results.json last: it marks a complete run."""
    folder, best = run.folder, run.evaluation.best
    run.method.load_state_dict(load_selected(folder, step=int(best["step"]))["state_dict"])
    encoder = run.method.evaluation_encoder().to(run.device)
    tested = evaluate_encoder(encoder, run.evaluation.test_tasks, batch_size=run.config.evaluation.batch_size)
    encoder.to(CPU)
    dev = {f"{run.evaluation.select}_dev": finite_or_none(best["score"])}
    results: Results = {
        "best": {"step": int(best["step"]), **dev},
        "initial": {
            _result_key(name): value for name, value in run.evaluation.initial.items() if name.endswith("_spearman")
        },
        "test": {
            name: {"spearman": finite_or_none(task.all), "pairs": task.pairs} for name, task in tested.sts.items()
        },
        "data": run.method.record["data"],
        "config": run.config.model_dump(mode="json", by_alias=True),
        "versions": run.method.record["versions"],
        "hardware": hardware(choose_accelerator(run.config.trainer.accelerator)),
        # what auto has become: runs of one curve should agree on it
        "precision": run.method.record["recipe"]["trainer.precision"],
        "seconds": round(run.throughput.total_seconds(), 1),
    }
    encoder.save_pretrained(folder.encoder, record={**run.method.record, **selection_and_scores(run, results)})
    plot_curves(folder.metrics, folder.curves, title=folder.path.name, best_step=results["best"]["step"])
    folder.complete(results)
    return results


def selection_and_scores(run: Run, results: Results) -> dict[str, Any]:
    """What the model card says of the choice of the step and of the scores."""
    select, initial, best = run.evaluation.select, results["initial"], results["best"]
    chosen = next(task for task in run.evaluation.dev_tasks if task.name == select)
    scores = {
        f"{chosen.label} dev": {
            "pairs": chosen.pairs,
            "before": initial.get(f"{select}_dev"),
            "after": best[f"{select}_dev"],
        }
    }
    for task in run.evaluation.test_tasks:
        tested = results["test"][task.name]
        before = initial.get(f"{task.name}_test")
        scores[f"{task.label} test"] = {"pairs": tested["pairs"], "before": before, "after": tested["spearman"]}
    metric = f"{chosen.label} dev Spearman, every {run.config.evaluation.every_n_steps} steps"
    return {
        "selection": {"metric": metric, "step": best["step"], "labels": f"{chosen.label} dev"},
        "scores": scores,
    }


def _result_key(metric: str) -> str:
    part, _, task = metric.rpartition("/")
    return f"{task.removesuffix('_spearman')}_{'test' if part == 'test' else 'dev'}"


def report(results: Results, folder: RunFolder) -> None:
    """Print what a run gave, before and after."""
    initial, best = results["initial"], results["best"]
    for key, value in best.items():
        if key != "step":
            logger.info("%-12s %s -> %s (step %d)", key, _score(initial.get(key)), _score(value), best["step"])
    for name, test in results["test"].items():
        before = _score(initial.get(f"{name}_test"))
        logger.info("%-12s %s -> %s (%d pairs)", f"{name}_test", before, _score(test["spearman"]), test["pairs"])
    logger.info("encoder      %s", folder.encoder)


def _score(value: float | None) -> str:
    return score_text(float("nan") if value is None else value)
