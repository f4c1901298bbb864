"""A whole run: train or continue, select, score, export."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import seed_everything
from pytorch_lightning.utilities import rank_zero_only

from sentcse.config import TrainConfig
from sentcse.config.advice import advice
from sentcse.data.datamodule import SentenceDataModule
from sentcse.evaluation.evaluator import evaluate_encoder
from sentcse.evaluation.run import write_results
from sentcse.methods import Method
from sentcse.training.build import build_data, build_encoder, build_method, build_trainer, load_tasks
from sentcse.training.curves import plot_curves
from sentcse.training.evaluation import EvaluationCallback, describe, finite_or_none
from sentcse.training.fitting import load_checkpoint, quiet_lightning, start_or_continue, versions
from sentcse.training.loggers import finish_wandb
from sentcse.training.run_folder import RunFolder
from sentcse.training.throughput import Throughput

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


def train(config: TrainConfig) -> dict[str, Any]:
    """Train, or continue, or report a finished run; returns the content of results.json.

    Raises:
        SentcseError: for anything that the user can mend; what was written stays, and the same command continues.
    """
    folder = RunFolder(config)
    if rank_zero_only.rank > 0:  # type: ignore[attr-defined]
        # Lightning started this process for another device of a run: it trains along and leaves the folder alone
        quiet_lightning()
        fit(prepare(config, folder))
        return {}
    if config.overwrite:
        folder.clear()
    finished = folder.finished()
    if finished is not None:
        logger.info("This run is complete: %s (overwrite=true makes it again)", folder.path)
        report(finished, folder)
        return finished
    quiet_lightning()
    if config.trainer.threads is not None:
        torch.set_num_threads(config.trainer.threads)
    for sentence in advice(config):
        logger.warning("note: %s", sentence)
    run = prepare(config, folder)
    folder.create(config)
    with folder.locked():
        exit_code = 1
        try:
            fit(run)
            results = conclude(run)
            exit_code = 0
        finally:
            finish_wandb(exit_code)
    report(results, folder)
    return results


def prepare(config: TrainConfig, folder: RunFolder) -> Run:
    """Load everything that a run needs; writes nothing but caches."""
    seed_everything(config.seed, verbose=False)
    dev, test = load_tasks(config, "dev"), load_tasks(config, "test")
    encoder = build_encoder(config)
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
    )
    run = Run(config, folder, method, data, evaluation, Throughput())
    method.record = provenance(run)
    return run


def fit(run: Run) -> None:
    """Train from the start or from the last checkpoint.

    Raises:
        SentcseError: if the corpus is not the one that the run began with, or the loss is not finite.
    """
    trainer = build_trainer(run.config, run.folder, run.evaluation, run.throughput)
    start_or_continue(trainer, run.method, run.data, run.folder)


def conclude(run: Run) -> dict[str, Any]:
    """Score the selected encoder on the test tasks, export it, write results.json last: it marks a complete run."""
    folder, best = run.folder, run.evaluation.best
    selected = load_checkpoint(folder.best)
    run.method.load_state_dict(selected["state_dict"])
    encoder = run.method.evaluation_encoder()
    tested = evaluate_encoder(encoder, run.evaluation.test_tasks, batch_size=run.config.evaluation.batch_size)
    dev = {f"{run.evaluation.select}_dev": finite_or_none(best["score"])}
    results: dict[str, Any] = {
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
        "seconds": round(run.throughput.total_seconds(), 1),
    }
    encoder.save_pretrained(folder.encoder, record={**run.method.record, **selection_and_scores(run, results)})
    plot_curves(folder.metrics, folder.curves, title=folder.path.name, best_step=results["best"]["step"])
    write_results(results, folder.results)
    return results


def selection_and_scores(run: Run, results: dict[str, Any]) -> dict[str, Any]:
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


def report(results: dict[str, Any], folder: RunFolder) -> None:
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
    return describe(float("nan") if value is None else value)


def provenance(run: Run) -> dict[str, Any]:
    """How the encoder is made, in plain containers: kept in checkpoints and exported encoders."""
    config, data = run.config, run.data
    return {
        "recipe": recipe(config),
        "base_model": config.encoder.name_or_path,
        "method": config.method_name,
        "data": {"source": Path(data.corpus.name).name, "sha256": data.data_sha256, "sentences": data.sentences},
        "versions": versions(),
    }


def recipe(config: TrainConfig) -> dict[str, Any]:
    """The settings that made the encoder, by the keys that set them; no paths of this machine."""
    sections = {
        "method": config.method.model_dump(by_alias=True),
        "encoder": config.encoder.model_dump(include={"pooler", "dropout", "revision"}),
        "data": config.data.model_dump(include={"max_length", "batch_size", "drop_last"}),
        "optimizer": config.optimizer.model_dump(),
        "trainer": config.trainer.model_dump(
            include={"max_epochs", "max_steps", "precision", "accumulate_grad_batches", "gradient_clip_val", "devices"}
        ),
    }
    low_shot = config.data.low_shot
    if low_shot.size is not None or low_shot.percent is not None:
        sections["data.low_shot"] = low_shot.model_dump()
    flat = {f"{section}.{key}": value for section, values in sections.items() for key, value in values.items()}
    return {"seed": config.seed, **flat}
