"""A whole run of a masked language model: train or continue, select, export."""

from __future__ import annotations

import logging

from pytorch_lightning import seed_everything

from sentcse.config.generator_schema import GeneratorConfig
from sentcse.data.held_out import HeldOutDataModule
from sentcse.errors import SentcseError
from sentcse.methods.masked_language_modelling import MaskedLanguageModelling
from sentcse.methods.optimization import AdamWSettings
from sentcse.modules.input_length import check_length
from sentcse.records.contents import Results
from sentcse.records.layout import HELD_OUT_LOSS, MASKED_ACCURACY, PERPLEXITY, RESULTS_FORMAT
from sentcse.storage.backbones import masked_language_model_folder
from sentcse.storage.generator_export import save_masked_language_model, show_perplexity
from sentcse.storage.masked_language_models import load_to_train
from sentcse.storage.tokenizers import load_tokenizer
from sentcse.training.build import build_trainer, data_arguments
from sentcse.training.curves import plot_curves
from sentcse.training.fitting import CPU, load_selected, start_or_continue
from sentcse.training.frame import Run
from sentcse.training.held_out_evaluation import HeldOutEvaluation, held_out_scores, mask_once
from sentcse.training.next_command import diffcse_command
from sentcse.training.periodic_evaluation import finite_or_none
from sentcse.training.provenance import provenance

logger = logging.getLogger(__name__)

SCORES = ("masked_accuracy", "perplexity")
PANELS = (
    ("Loss", ("train/loss", HELD_OUT_LOSS)),
    ("Held-out perplexity", (PERPLEXITY,)),
    ("Held-out masked accuracy", (MASKED_ACCURACY, "train/masked_accuracy")),
)


def train_generator(config: GeneratorConfig) -> Results:
    """Train, or continue, or report a finished run; returns the content of results.json.

    Raises:
        SentcseError: for anything that the user can mend; what was written stays, and the same command continues.
    """
    return GeneratorRun(config).carry_out()


class GeneratorRun(Run[GeneratorConfig]):
    """The run of a masked language model."""

    model: MaskedLanguageModelling
    data: HeldOutDataModule
    evaluation: HeldOutEvaluation

    def prepare(self) -> None:
        """Load checkpoint and corpus, hold a part of it out.

        Raises:
            SentcseError: if the checkpoint cannot be had, has no mask token, or the corpus cannot be read or cut.
        """
        config = self.config
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
        self.data = HeldOutDataModule(
            tokenizer=tokenizer,
            share=config.held_out.share,
            at_most=config.held_out.at_most,
            held_out_seed=config.held_out.seed,
            **data_arguments(config),
        )
        self.data.prepare_data()
        self.data.setup()
        texts = mask_once(
            self.data.held_out_texts(), tokenizer, masking_ratio=config.masking_ratio, seed=config.held_out.seed
        )
        self.evaluation = HeldOutEvaluation(
            texts, every_n_steps=config.evaluation.every_n_steps, batch_size=config.evaluation.batch_size
        )
        self.model = MaskedLanguageModelling(
            model,
            tokenizer,
            masking_ratio=config.masking_ratio,
            optimizer=AdamWSettings(**config.optimizer.model_dump()),
        )
        self.model.record = provenance(config, self.data)
        logger.info("%s: %s", chosen.name_or_path, "its own head" if has_head else "a new head, as it has none")

    def fit(self) -> None:
        """Train from the start or from the last checkpoint.

        Raises:
            SentcseError: if the corpus is not the one that the run began with, or the loss is not finite.
        """
        trainer = build_trainer(self.config, self.folder, self.evaluation, self.throughput)
        start_or_continue(
            trainer,
            self.model,
            self.data,
            self.folder,
            fresh=self.config.overwrite,
            compiled=self.config.trainer.compile,
        )
        self.device = trainer.strategy.root_device

    def conclude(self) -> Results:
        """Score the selected model again, export it, write results.json last: it marks a complete run."""
        folder, evaluation = self.folder, self.evaluation
        self.model.load_state_dict(load_selected(folder, step=int(evaluation.best["step"]))["state_dict"])
        best = held_out_scores(self.model.to(self.device), evaluation.texts, batch_size=evaluation.batch_size)
        self.model.to(CPU)
        results: Results = {
            "format": RESULTS_FORMAT,
            "best": {"step": int(evaluation.best["step"]), **{name: finite_or_none(best[name]) for name in SCORES}},
            "initial": {name: evaluation.initial[name] for name in SCORES},
            "held_out": len(evaluation.texts),
            "data": self.model.record["data"],
            "config": self.config.model_dump(mode="json", by_alias=True),
            "versions": self.model.record["versions"],
            "seconds": round(self.throughput.total_seconds(), 1),
        }
        with self.model.whole_model() as model:
            save_masked_language_model(
                model, self.model.tokenizer, folder.model, record=self.model.record, results=results
            )
        plot_curves(
            folder.metrics, folder.curves, title=folder.path.name, best_step=results["best"]["step"], panels=PANELS
        )
        folder.complete(results)
        return results

    def report(self, results: Results) -> None:
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
        logger.info("model                    %s", self.folder.model)
        if initial["perplexity"] is not None and (
            best["perplexity"] is None or best["perplexity"] > initial["perplexity"]
        ):
            logger.warning(
                "note: Training has raised the held-out perplexity: keep the checkpoint as it was, or set a lower "
                "optimizer.learning_rate or fewer steps."
            )
        logger.info("Next: %s", diffcse_command(self.config, self.folder.model))
