"""A whole run of a masked language model: train or continue, select, export."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import torch
from pytorch_lightning import seed_everything

from sentcse.config.generator_schema import GeneratorConfig
from sentcse.data.held_out import HeldOutDataModule
from sentcse.errors import SentcseError
from sentcse.methods.masked_language_modelling import MaskedLanguageModelling
from sentcse.methods.optimization import AdamWSettings
from sentcse.modules.input_length import check_length
from sentcse.records.layout import Results
from sentcse.records.run_folder import RunFolder
from sentcse.storage.backbones import masked_language_model_folder
from sentcse.storage.generator_export import save_masked_language_model, show_perplexity
from sentcse.storage.masked_language_models import load_to_train
from sentcse.storage.tokenizers import load_tokenizer
from sentcse.training.build import build_trainer, data_arguments
from sentcse.training.curves import plot_curves
from sentcse.training.fitting import CPU, load_selected, start_or_continue
from sentcse.training.held_out_evaluation import HeldOutEvaluation, held_out_scores, mask_once
from sentcse.training.meters import Throughput
from sentcse.training.periodic_evaluation import finite_or_none
from sentcse.training.provenance import provenance
from sentcse.training.whole_run import carry_out

logger = logging.getLogger(__name__)

SCORES = ("masked_accuracy", "perplexity")
PANELS = (
    ("Loss", ("train/loss", "val/loss")),
    ("Held-out perplexity", ("val/perplexity",)),
    ("Held-out masked accuracy", ("val/masked_accuracy", "train/masked_accuracy")),
)


@dataclass
class GeneratorRun:
    """The parts of a run."""

    config: GeneratorConfig
    folder: RunFolder
    model: MaskedLanguageModelling
    data: HeldOutDataModule
    evaluation: HeldOutEvaluation
    throughput: Throughput
    device: torch.device = CPU
    """Where it was trained, and is scored at the end: Lightning moves a model back to the CPU after training."""


def train_generator(config: GeneratorConfig) -> Results:
    """Train, or continue, or report a finished run; returns the content of results.json.

    Raises:
        SentcseError: for anything that the user can mend; what was written stays, and the same command continues.
    """
    return carry_out(config, prepare=lambda folder: prepare(config, folder), fit=fit, conclude=conclude, report=report)


def prepare(config: GeneratorConfig, folder: RunFolder) -> GeneratorRun:
    """Load everything that a run needs; writes nothing but caches.

    Raises:
        SentcseError: if the checkpoint cannot be had, has no mask token, or the corpus cannot be read or cut.
    """
    seed_everything(config.seed, verbose=False)
    chosen = config.encoder
    source = masked_language_model_folder(chosen.name_or_path)
    tokenizer = load_tokenizer(source, revision=chosen.revision)
    if tokenizer.mask_token_id is None:
        raise SentcseError(
            f"The tokenizer of {chosen.name_or_path} has no mask token, which masked language modelling needs: "
            "choose a checkpoint of the BERT or RoBERTa family."
        )
    model, has_head = load_to_train(source, revision=chosen.revision, dropout=chosen.dropout)
    check_length(config.data.max_length, model.base_model, tokenizer, key="data.max_length")
    data = HeldOutDataModule(
        tokenizer=tokenizer,
        share=config.held_out.share,
        at_most=config.held_out.at_most,
        held_out_seed=config.held_out.seed,
        **data_arguments(config),
    )
    data.prepare_data()
    data.setup()
    texts = mask_once(data.held_out_texts(), tokenizer, masking_ratio=config.masking_ratio, seed=config.held_out.seed)
    evaluation = HeldOutEvaluation(
        texts, every_n_steps=config.evaluation.every_n_steps, batch_size=config.evaluation.batch_size
    )
    module = MaskedLanguageModelling(
        model,
        tokenizer,
        masking_ratio=config.masking_ratio,
        optimizer=AdamWSettings(**config.optimizer.model_dump()),
    )
    module.record = provenance(config, data)
    logger.info("%s: %s", chosen.name_or_path, "its own head" if has_head else "a new head, as it has none")
    return GeneratorRun(config, folder, module, data, evaluation, Throughput())


def fit(run: GeneratorRun) -> None:
    """Train from the start or from the last checkpoint.

    Raises:
        SentcseError: if the corpus is not the one that the run began with, or the loss is not finite.
    """
    trainer = build_trainer(run.config, run.folder, run.evaluation, run.throughput)
    start_or_continue(trainer, run.model, run.data, run.folder, fresh=run.config.overwrite)
    run.device = trainer.strategy.root_device


def conclude(run: GeneratorRun) -> Results:
    """Score the selected model again, export it, write results.json last: it marks a complete run."""
    folder, evaluation = run.folder, run.evaluation
    run.model.load_state_dict(load_selected(folder, step=int(evaluation.best["step"]))["state_dict"])
    best = held_out_scores(run.model.to(run.device), evaluation.texts, batch_size=evaluation.batch_size)
    run.model.to(CPU)
    results: Results = {
        "best": {"step": int(evaluation.best["step"]), **{name: finite_or_none(best[name]) for name in SCORES}},
        "initial": {name: evaluation.initial[name] for name in SCORES},
        "held_out": len(evaluation.texts),
        "data": run.model.record["data"],
        "config": run.config.model_dump(mode="json", by_alias=True),
        "versions": run.model.record["versions"],
        "seconds": round(run.throughput.total_seconds(), 1),
    }
    with run.model.whole_model() as model:
        save_masked_language_model(model, run.model.tokenizer, folder.model, record=run.model.record, results=results)
    plot_curves(folder.metrics, folder.curves, title=folder.path.name, best_step=results["best"]["step"], panels=PANELS)
    folder.complete(results)
    return results


def report(results: Results, folder: RunFolder) -> None:
    """Print what a run gave, before and after."""
    initial, best = results["initial"], results["best"]
    logger.info(
        "held-out masked accuracy %.2f %% -> %.2f %% (step %d, %s sentences)",
        100 * initial["masked_accuracy"],
        100 * best["masked_accuracy"],
        best["step"],
        f"{results['held_out']:,}",
    )
    before, after = (show_perplexity(each["perplexity"]) for each in (initial, best))
    logger.info("held-out perplexity      %s -> %s", before, after)
    logger.info("model                    %s", folder.model)
    logger.info("Next: python -m sentcse.train method=diffcse generator.name_or_path=%s", folder.model)
