"""What a training configuration may hold: every key typed and ranged. Light: imports neither torch nor transformers.

The descriptions are the reference; `docs/configuration.md` is generated from them.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from sentcse.config.data import Data
from sentcse.config.evaluation import Evaluation
from sentcse.config.method_options import Method
from sentcse.config.section import LocalPath, Number, Section, Source, Text

Keep = Literal["all", "best", "export"]
Pooler = Literal["cls", "cls_before_pooler", "avg", "avg_top2", "avg_first_last", "avg_embeddings_last"]
NAME_PATTERN = r"^\.*[A-Za-z0-9_+-][A-Za-z0-9_.+-]*$"
NAME_LENGTH = 180
"""A file name may have 255 bytes, and a run's folder adds method, size, seed and hash to the name."""


class Recipe(Section):
    """Where an experiment comes from; printed and put on the model card, without effect on the run."""

    source: str | None = Field(None, description="paper, script or thread that gives these values")
    published: dict[str, Number] = Field({}, description="published scores of the recipe, Spearman x 100")
    note: str | None = Field(None, description="what to know before comparing with the published score")


class Lora(Section):
    """Adapters that are trained in place of the encoder's weights; merged into them where it is exported."""

    rank: int | None = Field(None, ge=1, le=4096, description="peft's r; null: no adapters, the weights are trained")
    alpha: Number | None = Field(None, gt=0, description="peft's lora_alpha; null: twice the rank")
    dropout: Number = Field(0.05, ge=0, lt=1, description="peft's lora_dropout")
    targets: Annotated[list[Text], Field(min_length=1)] | Literal["all-linear"] | None = Field(
        None, description="peft's target_modules; null: peft's own for the architecture (BERT: query and value)"
    )


class Encoder(Section):
    """The backbone that is trained."""

    name_or_path: Source = Field(description="folder, hub name, or package:NAME/FOLDER for one inside a Python package")
    revision: str | None = Field(None, description="branch, tag or commit on the hub")
    pooler: Pooler = Field("cls", description="how token states become a vector; cls: first token, then the head")
    dropout: Number | None = Field(
        None, ge=0, lt=1, description="sets every dropout of the backbone; null leaves the checkpoint's own"
    )
    prompt: str = Field(
        "", description="put before every sentence, in training, evaluation and what is exported; empty: nothing"
    )
    lora: Lora = Field(Lora(), description="adapters in place of the weights (extra peft)")


class GeneratorSource(Section):
    """The frozen masked language model that edits sentences for DiffCSE."""

    name_or_path: Source | None = Field(None, description="folder or hub name, of the encoder's vocabulary; null: none")
    revision: str | None = Field(None, description="branch, tag or commit on the hub")


class Optimizer(Section):
    """AdamW and its learning-rate schedule."""

    learning_rate: Number = Field(3e-5, gt=0, le=1, description="peak learning rate")
    schedule: Literal["linear", "constant"] = Field("linear", description="linear: decays to 0 at the last step")
    warmup_steps: int = Field(0, ge=0, description="optimiser steps of linear warm-up")
    weight_decay: Number = Field(0.0, ge=0, description="not applied to biases and normalisation weights")
    betas: tuple[Annotated[Number, Field(ge=0, lt=1)], Annotated[Number, Field(ge=0, lt=1)]] = Field(
        (0.9, 0.999), description="decay rates of the moments"
    )
    eps: Number = Field(1e-8, gt=0, description="added to the denominator")


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


SHARED_OUT = "fsdp2"
"""The strategy that leaves each device a part of every weight."""


class Trainer(Section):
    """Where and how long."""

    accelerator: Literal["auto", "cpu", "gpu", "mps"] = Field("auto", description="auto: a GPU if there is one")
    devices: Annotated[int, Field(gt=0)] | list[Annotated[int, Field(ge=0)]] | Literal["auto"] = Field(
        1, description="how many, or which"
    )
    num_nodes: int = Field(1, ge=1, description="machines")
    strategy: Literal["auto", "ddp", "ddp_find_unused_parameters_true", "fsdp2"] = Field(
        "auto",
        description="how several devices share a run; auto: ddp where there are several; fsdp2 shares out weights, too",
    )
    precision: Annotated[Literal["auto", "32", "bf16", "fp16"], BeforeValidator(_as_text)] = Field(
        "auto", description="auto: fp16 on CUDA (as published); on a CPU bf16 where it has bf16 instructions, else 32"
    )
    max_epochs: int = Field(1, ge=1, description="passes over the corpus; without effect when max_steps is set")
    max_steps: int | None = Field(None, ge=1, description="optimiser steps; null: max_epochs decides")
    accumulate_grad_batches: int = Field(1, ge=1, description="batches an optimiser step; no more negatives")
    sync_batchnorm: bool = Field(True, description="with method.gather=false: BatchNorm statistics over all GPUs")
    gradient_clip_val: Number | None = Field(1.0, gt=0, description="largest norm of the gradient; null: no clipping")
    deterministic: bool = Field(
        False,
        description="deterministic kernels alone, meant to have a GPU continue bit for bit (not measured); slower",
    )
    save_last_minutes: Number = Field(
        2.0, ge=0, description="minutes between two writes of last.ckpt, the most that SIGKILL loses; 0: every step"
    )
    log_every_n_steps: int = Field(10, ge=1, description="optimiser steps between two logged training rows")
    threads: int | None = Field(None, ge=1, le=4096, description="CPU threads; null: torch decides")
    progress: bool = Field(True, description="show a progress bar")
    fast_dev_run: bool = Field(
        False, description="two steps with evaluations, test and export, in a folder that is deleted: does it run?"
    )
    profiler: Literal["simple", "advanced", "pytorch"] | None = Field(
        None, description="Lightning's, which writes where the time went into the run's folder"
    )
    compile: bool = Field(
        False, description="torch.compile of the method; on a CPU, with torch's own dropout, it loses"
    )


class Callbacks(Section):
    """What else watches a training; files of `configs/callbacks/` may be combined: callbacks=[early_stopping,ema]."""

    early_stopping: int | None = Field(
        None, ge=1, description="evaluations without a better selecting score after which training stops; null: never"
    )
    ema: Number | None = Field(
        None, gt=0, lt=1, description="decay of a moving average of the weights, which is what is scored and exported"
    )
    running_means: bool = Field(
        False, description="log losses, cosines and accuracies also as their means over all steps since the last row"
    )
    model_summary: int | None = Field(None, ge=1, description="depth of a table of modules that is printed; null: none")


class Logger(Section):
    """Where metrics go beside metrics.csv, which every run writes."""

    kind: Literal["csv", "tensorboard", "wandb"] = Field("csv", description="csv alone, or a dashboard beside it")
    project: str | None = Field(None, description="W&B project; null: WANDB_PROJECT, else sentcse")
    mode: Literal["offline", "online", "disabled"] | None = Field(
        None, description="W&B; null: WANDB_MODE, else offline, which needs no account and no network"
    )
    group: str | None = Field(None, description="W&B group; null: WANDB_RUN_GROUP, else the sweep's name with its hash")
    tags: list[str] = Field([], description="W&B tags beside method, encoder, size and seed")


class Runs(Section):
    """Where runs lie."""

    root: LocalPath = Field("runs", description="every run's folder lies in it, named after its configuration")
    jobs_per_gpu: int = Field(1, ge=1, description="jobs of a sweep that may share a GPU")
    keep: Keep = Field(
        "all", description="of a complete run's weights: all; best, without last.ckpt; export, without checkpoints"
    )


class TrainConfig(Section):
    """Everything that `python -m sentcse.train` reads."""

    name: str | None = Field(
        None, pattern=NAME_PATTERN, max_length=NAME_LENGTH, description="start of the run folder's name"
    )
    seed: int = Field(42, ge=0, lt=2**32, description="of initial weights, batch order, dropout and masking")
    overwrite: bool = Field(False, description="delete the run's folder and start again")
    budget: Literal["steps", "epochs"] | None = Field(
        None, description="of a study: steps, as many for every size; epochs, as published by size; null: unchecked"
    )
    data_root: LocalPath = Field(description="evaluation sets, corpora and caches; SENTCSE_DATA unless set")
    recipe: Recipe = Field(description="where the values come from")
    runs: Runs = Field(description="where runs lie")
    method: Method = Field(description="the training objective")
    encoder: Encoder = Field(description="the backbone")
    generator: GeneratorSource = Field(description="masked language model of DiffCSE")
    data: Data = Field(description="the corpus")
    optimizer: Optimizer = Field(description="AdamW and schedule")
    trainer: Trainer = Field(description="where and how long")
    callbacks: Callbacks = Field(Callbacks(), description="what else watches the training")
    evaluation: Evaluation = Field(description="selection and final scores")
    logger: Logger = Field(description="dashboards")

    @property
    def method_name(self) -> str:
        """The method's short name: simcse, diffcse, micse."""
        return self.method.target.rsplit(".", 1)[-1].lower()

    @property
    def display_name(self) -> str:
        """The run's name: as given, else of method and encoder."""
        if self.name is not None:
            return self.name
        return f"{self.method_name}_{short_name(self.encoder.name_or_path)}"


def short_name(name_or_path: str) -> str:
    """A checkpoint's name as part of a folder's name."""
    last = name_or_path.removesuffix("/model").rstrip("/").rsplit("/", 1)[-1]
    return re.sub(r"[^A-Za-z0-9_.+-]", "-", last.rsplit(":", 1)[-1])
