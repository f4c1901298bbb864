"""What `python -m sentcse.generator` reads: a masked language model, the corpus, a held-out part that scores it."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from sentcse.config.data import Data
from sentcse.config.rules import data_contradictions, has_mask_token, trainer_contradictions
from sentcse.config.schema import (
    NAME_LENGTH,
    NAME_PATTERN,
    SHARED_OUT,
    Encoder,
    Logger,
    Lora,
    Optimizer,
    Runs,
    TrainConfig,
    Trainer,
    short_name,
)
from sentcse.config.section import LocalPath, Number, Section


class HeldOut(Section):
    """The part of the corpus that is never trained on and scores the model."""

    share: Number = Field(0.05, gt=0, le=0.5, description="share of the corpus")
    at_most: int = Field(2000, ge=1, description="sentences, however large the corpus")
    seed: int = Field(0, ge=0, description="which sentences, and which of their tokens are masked")


class GeneratorEvaluation(Section):
    """When the held-out part is scored."""

    every_n_steps: int = Field(50, ge=1, description="optimiser steps between two evaluations")
    batch_size: int = Field(128, ge=1, description="sentences scored together")


class GeneratorConfig(Section):
    """Everything that `python -m sentcse.generator` reads."""

    name: str | None = Field(
        None, pattern=NAME_PATTERN, max_length=NAME_LENGTH, description="part of the run folder's name"
    )
    seed: int = Field(42, ge=0, lt=2**32, description="of a new head, batch order, dropout and masking")
    overwrite: bool = Field(False, description="delete the run's folder and start again")
    data_root: LocalPath = Field(description="corpora and caches; SENTCSE_DATA unless set")
    masking_ratio: Number = Field(0.15, gt=0, lt=1, description="share of tokens that are predicted")
    runs: Runs = Field(description="where runs lie")
    encoder: Encoder = Field(description="the checkpoint that training starts from; its pooler has no effect")
    held_out: HeldOut = Field(description="the part that scores the model")
    evaluation: GeneratorEvaluation = Field(description="when it is scored")
    data: Data = Field(description="the corpus")
    optimizer: Optimizer = Field(description="AdamW and schedule")
    trainer: Trainer = Field(description="where and how long")
    logger: Logger = Field(description="dashboards")

    @property
    def method_name(self) -> str:
        """What is trained, where an encoder's run names its method."""
        return "generator"

    @property
    def display_name(self) -> str:
        """The run's name: `generator_`, and the name as given, else the checkpoint's."""
        return f"generator_{short_name(self.encoder.name_or_path) if self.name is None else self.name}"


RunConfig = TrainConfig | GeneratorConfig
"""The configuration of a run that has a folder."""


def generator_contradictions(config: GeneratorConfig) -> list[str]:
    """Every contradiction of a configuration that meets the schema; an empty list where there is none."""
    return [*_model(config), *_of_vectors(config), *data_contradictions(config), *trainer_contradictions(config)]


def _of_vectors(config: GeneratorConfig) -> Iterator[str]:
    if config.data.chunk is not None:
        yield (
            f"data.chunk={config.data.chunk} is for sentences that are compared with each other, and a generator's are "
            "not: set a smaller data.batch_size, and trainer.accumulate_grad_batches."
        )
    if config.data.duplicates == "mask":
        yield (
            "data.duplicates=mask is for sentences that are negatives of each other, and a generator's are not: set "
            "keep or drop."
        )
    if config.encoder.prompt != "":
        yield (
            f"encoder.prompt={config.encoder.prompt!r} is for sentences that become vectors, and a generator's do not: "
            "leave it out."
        )
    if config.trainer.strategy == SHARED_OUT:
        yield (
            f"trainer.strategy={SHARED_OUT} is for encoders that outgrow one device, and a generator should be "
            "smaller: set trainer.strategy=ddp."
        )
    if config.encoder.lora != Lora():
        yield "encoder.lora is for sentence encoders, and a generator is trained as a whole: leave it out."


def _model(config: GeneratorConfig) -> Iterator[str]:
    if not has_mask_token(config.encoder.name_or_path):
        yield (
            f"encoder.name_or_path={config.encoder.name_or_path}: its tokenizer has no mask token, which masked "
            "language modelling needs: choose a checkpoint of the BERT or RoBERTa family."
        )
