"""The training of an encoder: built from its configuration, trained or continued, scored, exported."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pytorch_lightning import seed_everything

from sentcse.config import TrainConfig
from sentcse.config.advice import advice
from sentcse.config.evaluation import LABEL_FREE
from sentcse.data.datamodule import SentenceDataModule
from sentcse.errors import ConfigError
from sentcse.machine.device import choose_accelerator, choose_batch_size, hardware
from sentcse.methods import Method
from sentcse.modules.input_length import check_length
from sentcse.modules.lora import merged
from sentcse.records.contents import Results
from sentcse.records.layout import RESULTS_FORMAT, SPEARMAN, UNTRAINED_FOLDER, score_key
from sentcse.records.selecting import selecting_key
from sentcse.training.build import build_data, build_trainer, held_out_views
from sentcse.training.callbacks import why_stopped
from sentcse.training.configured_method import build_encoder, build_method
from sentcse.training.curves import plot_curves, selecting_panels
from sentcse.training.dev_evaluation import EvaluationCallback
from sentcse.training.fitting import CPU, load_selected, start_or_continue
from sentcse.training.frame import Run
from sentcse.training.merging import Merged, merge_back
from sentcse.training.outcome import print_outcome, selection_and_scores
from sentcse.training.periodic_evaluation import finite_or_none
from sentcse.training.provenance import provenance
from sentcse.training.sharding import whole_module
from sentcse.training.tasks import configured_tasks
from sentcse.training.untrained_scores import UntrainedScores


def train(config: TrainConfig) -> Results:
    """Train, or continue, or report a finished run; returns the content of results.json.

    Raises:
        SentcseError: for anything that the user can mend; what was written stays, and the same command continues.
    """
    return EncoderRun(config).carry_out()


class EncoderRun(Run[TrainConfig]):
    """The run of an encoder. The frame calls `prepare`, `fit`, `conclude` and `report`, in this order."""

    method: Method
    data: SentenceDataModule
    evaluation: EvaluationCallback
    stopped: str | None = None
    """Why it ended before its last step, one sentence; None where it did not."""

    def notes(self) -> Iterable[str]:
        """What the user should know of the configuration."""
        return advice(self.config)

    def prepare(self) -> None:
        """Load tasks, encoder, corpus and method.

        Raises:
            SentcseError: if one of them cannot be had.
        """
        config = self.config
        seed_everything(config.seed, verbose=False)
        dev, test = configured_tasks(config, "dev"), configured_tasks(config, "test")
        encoder = build_encoder(config)
        check_length(config.data.max_length, encoder.backbone, encoder.tokenizer, key="data.max_length")
        self.data = build_data(config, encoder.tokenizer)
        self.data.prepare_data()
        self.data.setup()
        self.method = build_method(config, encoder)
        self.method.check_views(self.data.report.columns)
        self.evaluation = EvaluationCallback(
            dev,
            test,
            select=config.evaluation.select,
            every_n_steps=config.evaluation.every_n_steps,
            batch_size=choose_batch_size(config.evaluation.batch_size, choose_accelerator(config.trainer.accelerator)),
            precision=config.evaluation.precision,
            untrained=UntrainedScores(Path(config.runs.root) / UNTRAINED_FOLDER),
            held_out=held_out_views(config, self.data),
            test_curve=config.evaluation.test_curve,
        )
        if config.evaluation.merge and self.method.evaluation_encoder().head is not None:
            raise ConfigError(
                f"evaluation.merge=true takes weights between those before and after training, and the head of "
                f"{type(self.method).__name__} at test time has no weights before: set evaluation.merge=false."
            )
        self.method.record = provenance(config, self.data)

    def fit(self) -> None:
        """Train from the start or from the last checkpoint.

        Raises:
            SentcseError: if the corpus is not the one that the run began with, or the loss is not finite.
        """
        trainer = build_trainer(self.config, self.folder, self.evaluation, self.throughput)
        start_or_continue(
            trainer,
            self.method,
            self.data,
            self.folder,
            fresh=self.config.overwrite,
            compiled=self.config.trainer.compile,
        )
        self.method = whole_module(trainer, self.method)
        self.device = trainer.strategy.root_device
        self.stopped = why_stopped(trainer)

    def conclude(self) -> Results:
        """Score the selected encoder on the test tasks, export it, write results.json last."""
        folder, best, record = self.folder, self.evaluation.best, self.method.record
        self.method.load_state_dict(load_selected(folder, step=int(best["step"]))["state_dict"])
        place = self._merge() if self.config.evaluation.merge else None
        encoder = self.method.evaluation_encoder().to(self.device)
        tested = self.evaluation.test_scores(encoder)
        encoder.to(CPU)
        key = selecting_key(self.evaluation.select)
        selecting = {} if key is None else {key: finite_or_none(best["score"] if place is None else place.score)}
        initial = self.evaluation.initial.items()
        results: Results = {
            "format": RESULTS_FORMAT,
            "best": {"step": int(best["step"]), **selecting},
            "initial": {
                _result_key(name): value for name, value in initial if name.endswith(SPEARMAN) or name in LABEL_FREE
            },
            "test": {
                name: {"spearman": finite_or_none(task.all), "pairs": task.pairs} for name, task in tested.items()
            },
            "data": record["data"],
            "config": self.config.model_dump(mode="json", by_alias=True),
            "versions": record["versions"],
            "hardware": hardware(choose_accelerator(self.config.trainer.accelerator)),
            # what auto has become: runs of one curve should agree on it
            "precision": record["recipe"]["trainer.precision"],
            "seconds": round(self.throughput.total_seconds(), 1),
        }
        if self.evaluation.held_out is not None:
            results["held_out"] = len(self.evaluation.held_out.texts)
        if place is not None:
            results["merge"] = place.as_record()
        if self.stopped is not None:
            results["stopped"] = self.stopped
        encoder.save_pretrained(folder.encoder, record={**record, **selection_and_scores(self.evaluation, results)})
        plot_curves(
            folder.metrics,
            folder.curves,
            title=folder.path.name,
            best_step=results["best"]["step"],
            panels=selecting_panels(self.evaluation.select),
        )
        folder.complete(results)
        return results

    def _merge(self) -> Merged:
        """Move the encoder to the best place between its start and the selected step, or beyond."""
        self.method.encoder.to(self.device)
        held_out = self.evaluation.held_out
        # of a place nothing is read but what selects
        self.evaluation.test_curve = False
        self.evaluation.held_out = held_out if self.evaluation.select in LABEL_FREE else None
        self.method.encoder.backbone = merged(self.method.encoder.backbone)
        place = merge_back(self.method, build_encoder(self.config).backbone.state_dict(), self.evaluation)
        self.evaluation.held_out = held_out
        return place

    def report(self, results: Results) -> None:
        """Print the scores before and after, and where the encoder is."""
        print_outcome(results, self.folder.encoder)


def _result_key(metric: str) -> str:
    if metric in LABEL_FREE:
        return metric
    part, _, task = metric.rpartition("/")
    return score_key(task.removesuffix(SPEARMAN), "test" if part == "test" else "dev")
