"""Train from the start or from the last checkpoint: what a run of any model does."""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.utilities.exceptions import SIGTERMException
from tqdm.contrib.logging import logging_redirect_tqdm

from sentcse.data.datamodule import SentenceDataModule
from sentcse.errors import SentcseError, how_to_continue
from sentcse.records.metrics_file import read_series
from sentcse.records.run_folder import RunFolder
from sentcse.storage.checkpoint import has_damaged_member
from sentcse.training.loggers import MetricsLogger
from sentcse.training.periodic_evaluation import PeriodicEvaluation
from sentcse.training.stop_signals import Stopped
from sentcse.training.wandb.run import WandbRun

logger = logging.getLogger(__name__)

CPU = torch.device("cpu")
WEIGHTS = frozenset({"state_dict", "global_step"})
WHOLE = WEIGHTS | {"optimizer_states", "lr_schedulers", "loops", "callbacks", "epoch", "sentcse"}
"""What a training continues from: without one of them Lightning would fail, or go on with another outcome."""
TERMINATED = 128 + 15
"""Exit code after SIGTERM, as a shell has it."""


def start_or_continue(
    trainer: Trainer,
    module: LightningModule,
    data: SentenceDataModule,
    folder: RunFolder,
    *,
    fresh: bool = False,
    compiled: bool = False,
) -> None:
    """Train from the start or from the last checkpoint.

    Args:
        trainer: of the run.
        module: what is trained.
        data: the corpus.
        folder: of the run.
        fresh: begin anew, whatever another process still sees in the folder.
        compiled: compile the module.

    Raises:
        SentcseError: if the corpus is not the one that the run began with or too small for the number of processes,
            the loss is not finite, or another process of the run has ended.
        KeyboardInterrupt: after Ctrl-C.
        SystemExit: after SIGTERM.
    """
    # how many processes share the corpus is known from here on
    data.trainer = trainer
    data.setup()
    _announce(trainer, data, folder)
    continue_from = str(folder.last) if folder.last.is_file() and not fresh else None
    step = -1
    if continue_from is not None:
        step = check_continuation(folder, data)
        evaluation = _evaluation(trainer)
        evaluation.later_best = later_best(folder, evaluation, step)
    for each in trainer.loggers:
        if isinstance(each, MetricsLogger | WandbRun):
            each.forget_after(step)
    trained: Any = torch.compile(module) if compiled else module
    # log lines go above the progress bar, not into it
    with _ended_in_words(trainer, folder, fresh=fresh), logging_redirect_tqdm():
        trainer.fit(trained, datamodule=data, ckpt_path=continue_from, weights_only=True)


@contextmanager
def _ended_in_words(trainer: Trainer, folder: RunFolder, *, fresh: bool) -> Iterator[None]:
    """Have a training that ends early end as a command does: by what is raised, which says what is kept."""
    try:
        yield
    except (Stopped, SIGTERMException) as stopped:
        kept = what_is_kept(trainer, folder, fresh=fresh)
        if _started_by_the_first(trainer):
            raise SystemExit(0) from None  # with another code Lightning kills the first process
        # Lightning raises its own after a SIGTERM just before the training starts
        if isinstance(stopped, Stopped) and stopped.name == "SIGINT":
            raise KeyboardInterrupt(kept) from None
        logger.warning("Stopped by SIGTERM. %s", kept)
        raise SystemExit(TERMINATED) from None
    except RuntimeError as error:
        if trainer.world_size == 1 or not _of_a_lost_process(error):
            raise
        raise SentcseError(
            "Another process of this run has ended or cannot be reached, so that this one ends too; if it was not "
            f"killed, its own message says why. {what_is_kept(trainer, folder, fresh=fresh)}"
        ) from error
    except SystemExit as stopped:
        if isinstance(stopped.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt(what_is_kept(trainer, folder, fresh=fresh)) from None
        raise


def _started_by_the_first(trainer: Trainer) -> bool:
    """Whether this process was started by the run's first one, and not by torchrun or a scheduler."""
    environment = getattr(trainer.strategy, "cluster_environment", None)
    return not trainer.is_global_zero and isinstance(environment, LightningEnvironment)


def _of_a_lost_process(error: RuntimeError) -> bool:
    """Whether a process group says that it cannot reach another process; gloo has no class of its own for that."""
    return isinstance(error, torch.distributed.DistError) or "gloo/transport" in str(error)


def _announce(trainer: Trainer, data: SentenceDataModule, folder: RunFolder) -> None:
    """Log what is trained on, where, and what is odd of it."""
    logger.info(
        "%s: %s sentences, %d steps an epoch, %s %s",
        folder.path,
        f"{data.sentences:,}",
        data.steps_per_epoch,
        trainer.accelerator.__class__.__name__.removesuffix("Accelerator"),
        trainer.precision,
    )
    for note in data.report.notes():
        logger.info("%s", note)
    if data.drop_duplicates:
        logger.info("%s rows whose tokens equal an earlier row's were dropped.", f"{data.dropped_duplicates:,}")
    if (rare := _rare_evaluation(trainer, data)) is not None:
        logger.warning("note: %s", rare)


def _rare_evaluation(trainer: Trainer, data: SentenceDataModule) -> str | None:
    """What to know of a run by epochs that ends before its first evaluation: of one by steps its settings tell."""
    if trainer.max_steps != -1 or trainer.max_epochs is None:
        return None
    steps = trainer.max_epochs * math.ceil(data.steps_per_epoch / trainer.accumulate_grad_batches)
    every = _evaluation(trainer).every_n_steps
    if steps >= every:
        return None
    return (
        f"The run ends at step {steps}, before the first evaluation at step {every}: only its last step can be "
        f"selected; evaluation.every_n_steps={max(1, steps // 5)} scores it five times."
    )


def _evaluation(trainer: Trainer) -> PeriodicEvaluation:
    return next(each for each in trainer.callbacks if isinstance(each, PeriodicEvaluation))  # type: ignore[attr-defined]


def later_best(folder: RunFolder, evaluation: PeriodicEvaluation, step: int) -> dict[str, float] | None:
    """What was selected and written behind `step`, where a run continues; None where nothing was.

    Its weights stand in best.ckpt and its score in metrics.csv, so it stays selected until a step is better.

    Raises:
        SentcseError: if one of them is damaged.
    """
    if evaluation.monitor is None or not folder.best.is_file():
        return None
    found = int(load_checkpoint(folder.best)["global_step"])
    score = read_series(folder.metrics).get(evaluation.monitor, {}).get(found)
    if found <= step or score is None:
        return None
    return {"step": found, "score": evaluation.comparable({evaluation.monitor: score})}


def what_is_kept(trainer: Trainer, folder: RunFolder, *, fresh: bool) -> str:
    """What goes on after a signal, and from where, a sentence."""
    command = how_to_continue(fresh)
    if folder.last.is_file():
        return f"{command} continues where the last checkpoint was written."
    return (
        f"Nothing is kept of {trainer.global_step} steps, as no checkpoint was written yet: "
        f"{command[0].lower()}{command[1:]} begins anew."
    )


def load_selected(folder: RunFolder, *, step: int) -> dict[str, Any]:
    """The best checkpoint.

    Raises:
        SentcseError: if it is damaged, or of another step than the one that was selected.
    """
    selected = load_checkpoint(folder.best)
    found = int(selected["global_step"])
    if found != step:
        raise SentcseError(
            f"{folder.best} holds step {found}, but step {step} was selected: the run was killed between two files and "
            "trained otherwise when it was continued; start it again with overwrite=true."
        )
    return selected


def check_continuation(folder: RunFolder, data: SentenceDataModule) -> int:
    """The step at which the run continues.

    Raises:
        SentcseError: if the checkpoint was made from another corpus.
    """
    checkpoint = load_checkpoint(folder.last, keys=WHOLE)
    then = _corpus_of(checkpoint, folder.last)
    if then != data.data_sha256:
        raise SentcseError(
            f"The corpus has changed since {folder.path} was begun (SHA-256 {then[:12]}, now "
            f"{data.data_sha256[:12]}): restore it, or start again with overwrite=true."
        )
    step = int(checkpoint["global_step"])
    logger.info("Continuing at step %d", step)
    return step


def _corpus_of(checkpoint: dict[str, Any], path: Path) -> str:
    try:
        return str(checkpoint["sentcse"]["record"]["data"]["sha256"])
    except (KeyError, TypeError) as error:
        raise _damaged(path) from error


def load_checkpoint(path: Path, *, keys: frozenset[str] = WEIGHTS) -> dict[str, Any]:
    """A training checkpoint on the CPU, tensors and plain containers only.

    Args:
        path: the file.
        keys: that it must have.

    Raises:
        SentcseError: if it is damaged, which no kill of ours does: it is written whole or not at all.
    """
    try:
        if has_damaged_member(path):
            raise ValueError("a member differs from its checksum")
        checkpoint: Any = torch.load(path, map_location="cpu", weights_only=True)
        if not isinstance(checkpoint, dict) or not checkpoint.keys() >= keys:
            raise ValueError("it is another program's, or a part of one")
    except Exception as error:  # what an unpickler makes of some other file can be anything
        raise _damaged(path) from error
    return checkpoint


def _damaged(path: Path) -> SentcseError:
    return SentcseError(
        f"{path} cannot be read as a checkpoint; it is damaged: start the run again with overwrite=true."
    )


def quiet_lightning() -> None:
    """Leave out Lightning's notices on settings that are meant."""
    for name in ("pytorch_lightning", "lightning.pytorch", "lightning_fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    for message in (
        ".*does not have many workers.*",
        ".*no `val_dataloader`.*",
        ".*The number of training batches.*",
        ".*Checkpoint directory .* exists and is not empty.*",
        ".*The dirpath has changed from.*",
        ".*LeafSpec.*",
        ".*lr_scheduler.step.*",
        ".*is_finished.*",
    ):
        warnings.filterwarnings("ignore", message=message)
