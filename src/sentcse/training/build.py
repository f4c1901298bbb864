"""From a configuration to what a run of any model has: its corpus and its trainer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytorch_lightning import Callback, Trainer
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.profilers import AdvancedProfiler, Profiler, PyTorchProfiler, SimpleProfiler

from sentcse.config import TrainConfig
from sentcse.config.generator_schema import RunConfig
from sentcse.config.schema import SHARED_OUT
from sentcse.data.configured import configured_source, configured_split
from sentcse.data.datamodule import SentenceDataModule
from sentcse.data.held_out import HeldOutDataModule
from sentcse.data.source import Prompted
from sentcse.errors import ConfigError, DataError
from sentcse.machine.device import LIGHTNING_PRECISION, check_devices, choose_accelerator, choose_precision
from sentcse.modules.input_length import check_prompt
from sentcse.records.run_folder import RunFolder
from sentcse.training.callbacks import chosen_callbacks
from sentcse.training.contrast import ContrastDoctor
from sentcse.training.dev_evaluation import HeldOutViews
from sentcse.training.guards import LossGuard, ViewDoctor
from sentcse.training.last_checkpoint import LastCheckpoint
from sentcse.training.loggers import build_loggers
from sentcse.training.meters import ProgressBar, Throughput
from sentcse.training.periodic_evaluation import BestCheckpoint, PeriodicEvaluation
from sentcse.training.resuming import EpochProgress, StepSeed, WholeFileCheckpointIO
from sentcse.training.sharding import FullyShardedStrategy
from sentcse.training.stop_signals import StopSignals

PROFILERS: dict[str, type[Profiler]] = {
    "simple": SimpleProfiler,
    "advanced": AdvancedProfiler,
    "pytorch": PyTorchProfiler,
}

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def data_arguments(config: RunConfig) -> dict[str, Any]:
    """The arguments of `SentenceDataModule`, without its tokenizer."""
    data = config.data
    return {
        "source": configured_source(data, Path(config.data_root)),
        "max_length": data.max_length,
        "batch_size": data.batch_size,
        "drop_last": data.drop_last,
        "num_workers": data.num_workers,
        "low_shot": configured_split(data),
        "cache_dir": data.cache_dir,
        "seed": config.seed,
        "drop_duplicates": data.duplicates == "drop",
        "length_window": data.length_window,
    }


def build_data(config: TrainConfig, tokenizer: PreTrainedTokenizerBase) -> SentenceDataModule:
    """The corpus, without the held-out sentences where these are scored."""
    held_out, arguments = config.evaluation.held_out, data_arguments(config)
    if config.encoder.prompt != "":
        check_prompt(config.encoder.prompt, tokenizer, config.data.max_length)
        arguments["source"] = Prompted(arguments["source"], config.encoder.prompt)
    if not config.evaluation.holds_out:
        return SentenceDataModule(tokenizer=tokenizer, **arguments)
    return HeldOutDataModule(
        tokenizer=tokenizer,
        share=held_out.share,
        at_most=held_out.at_most,
        held_out_seed=held_out.seed,
        as_views=True,
        key="evaluation.held_out",
        **arguments,
    )


def held_out_views(config: TrainConfig, data: SentenceDataModule) -> HeldOutViews | None:
    """The held-out sentences of a corpus that has some, and how they are scored.

    Raises:
        DataError: if there are fewer than two.
    """
    if not isinstance(data, HeldOutDataModule):
        return None
    texts, evaluation = data.held_out_texts(), config.evaluation
    if len(texts) < 2:
        key = "label_free=true" if evaluation.label_free else f"select={evaluation.select}"
        raise DataError(
            f"evaluation.{key} compares held-out sentences with each other and {data.source.name} gives "
            f"{len(texts)} of {data.sentences + len(texts)}: set a larger evaluation.held_out.share, or "
            "evaluation.select=last and evaluation.label_free=false."
        )
    return HeldOutViews(texts, config.method.temperature, evaluation.held_out.seed)


def build_trainer(
    config: RunConfig, folder: RunFolder, evaluation: PeriodicEvaluation, throughput: Throughput
) -> Trainer:
    """Lightning's Trainer with our callbacks.

    Raises:
        ConfigError: if the device or precision is not to be had.
    """
    settings = config.trainer
    accelerator = choose_accelerator(settings.accelerator)
    check_devices(settings.devices, accelerator)
    precision = choose_precision(settings.precision, accelerator)
    shared_out = settings.strategy == SHARED_OUT
    if shared_out and precision == "fp16":
        raise ConfigError(
            f"trainer.strategy={SHARED_OUT} scales no loss, which trainer.precision={settings.precision} needs, as it "
            "is fp16 here: set bf16, or 32."
        )
    show_bar = settings.progress and sys.stderr.isatty()
    gathered = isinstance(config, TrainConfig) and config.method.gather
    return Trainer(
        accelerator=accelerator,
        devices=settings.devices,
        num_nodes=settings.num_nodes,
        strategy=FullyShardedStrategy() if shared_out else settings.strategy,
        precision=LIGHTNING_PRECISION[precision],  # type: ignore[arg-type]
        max_epochs=settings.max_epochs if settings.max_steps is None else -1,
        max_steps=-1 if settings.max_steps is None else settings.max_steps,
        accumulate_grad_batches=settings.accumulate_grad_batches,
        gradient_clip_val=settings.gradient_clip_val,
        # torch synchronises BatchNorm on GPUs only; gathered vectors give it the whole batch anyway
        sync_batchnorm=settings.sync_batchnorm and accelerator == "gpu" and not gathered,
        deterministic=settings.deterministic,
        log_every_n_steps=settings.log_every_n_steps,
        logger=build_loggers(config, folder),
        callbacks=_callbacks(config, folder, evaluation, throughput, show_bar=show_bar),
        profiler=None if settings.profiler is None else PROFILERS[settings.profiler](folder.path, "profile"),
        plugins=[WholeFileCheckpointIO()],
        default_root_dir=folder.path,
        enable_progress_bar=show_bar,
        enable_model_summary=False,
        # the DataModule deals out the batches itself, and there is no validation loop: PeriodicEvaluation scores
        use_distributed_sampler=False,
        limit_val_batches=0,
        num_sanity_val_steps=0,
    )


def _callbacks(
    config: RunConfig, folder: RunFolder, evaluation: PeriodicEvaluation, throughput: Throughput, *, show_bar: bool
) -> list[Callback]:
    """In the order that they rely on."""
    signals = StopSignals()
    return [
        signals,  # SIGTERM is to wait from before the first evaluation
        *([ViewDoctor()] if isinstance(config, TrainConfig) else []),
        StepSeed(config.seed),
        EpochProgress(),
        throughput,
        *(chosen_callbacks(config.callbacks, evaluation) if isinstance(config, TrainConfig) else []),
        # before the evaluation: what it logs is part of the row that is written ahead of a checkpoint
        LossGuard(),
        *([ContrastDoctor()] if isinstance(config, TrainConfig) else []),
        evaluation,
        *([ProgressBar(evaluation)] if show_bar else []),
        *checkpoints(folder, minutes=config.trainer.save_last_minutes, signals=signals),
    ]


def checkpoints(folder: RunFolder, *, minutes: float, signals: StopSignals) -> list[ModelCheckpoint]:
    """The best by the selecting score (weights alone), and the last, from which a run continues.

    `PeriodicEvaluation` has the best saved after evaluations that select it; the last has times of its own.
    """
    best = BestCheckpoint(
        dirpath=folder.checkpoints,
        filename=folder.best.stem,
        save_weights_only=True,
        save_on_train_epoch_end=False,
        enable_version_counter=False,
    )
    return [best, LastCheckpoint(folder.last, minutes=minutes, signals=signals)]
