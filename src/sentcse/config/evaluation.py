"""The settings of what selects a checkpoint and of what is scored at the end."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sentcse.config.section import Level, LocalPath, Number, Section

DevTaskName = Literal[
    "stsb", "sickr", "stsb_de", "stsb_en", "stsb_es", "stsb_fr", "stsb_it", "stsb_ja", "stsb_nl", "stsb_pl", "stsb_pt",
    "stsb_ru", "stsb_zh", "pairs",
]  # fmt: skip
TaskName = Literal[DevTaskName, "sts12", "sts13", "sts14", "sts15", "sts16"]
RTD_ACCURACY = "rtd_accuracy"
Select = Literal[TaskName, "info_nce", "alignment_uniformity", "rtd_accuracy", "last"]
LOWER_IS_BETTER = ("info_nce", "alignment_uniformity")
LABEL_FREE = (*LOWER_IS_BETTER, RTD_ACCURACY)
"""Values of `evaluation.select` that are measured on held-out sentences without labels."""
EncodingPrecision = Literal["float32", "bfloat16", "float16"]
LAST = "last"
"""The value of `evaluation.select` that compares nothing and keeps the last step."""


class HeldOutSentences(Section):
    """Sentences that are never trained on where a score without labels selects, or is measured beside; else none."""

    share: Number = Field(0.05, gt=0, le=0.5, description="share of the corpus, or of its low-shot split")
    at_most: int = Field(1000, ge=2, le=10_000, description="sentences, however large the corpus")
    seed: int = Field(0, ge=0, description="which sentences, and which values dropout drops; independent of seed")


class Evaluation(Section):
    """The scores that select a checkpoint, and those at the end."""

    every_n_steps: int = Field(125, ge=1, description="optimiser steps between two evaluations")
    dev: list[TaskName] = Field(["stsb", "sickr"], description="tasks scored on their dev part; may be empty")
    select: Select = Field(
        "stsb",
        description="what selects the checkpoint: a dev task's Spearman; info_nce or alignment_uniformity of two "
        "dropout views of held-out sentences, or rtd_accuracy of DiffCSE's discriminator on them, without labels; "
        "last: nothing, the last step is kept",
    )
    label_free: bool = Field(
        False, description="score held-out sentences without labels also where something else selects"
    )
    held_out: HeldOutSentences = Field(HeldOutSentences(), description="sentences that are scored without labels")
    merge: bool = Field(
        False,
        description="score weights between the start and the selected step, and somewhat beyond, by what selects, and "
        "export the best",
    )
    test: list[TaskName] = Field(["stsb"], description="tasks scored on their test part with the selected encoder")
    test_curve: bool = Field(
        False,
        description="score the test tasks at every evaluation as well, for studies: in metrics.csv; they never select",
    )
    pairs_dev: LocalPath | None = Field(
        None, description="your own pairs (score, sentence1, sentence2) for the task `pairs`"
    )
    pairs_test: LocalPath | None = Field(None, description="the same for the test part")
    batch_size: int | None = Field(
        None, ge=1, description="sentences encoded together; null: 64 on a CPU, 512 on a GPU"
    )
    precision: EncodingPrecision = Field(
        "float32",
        description="in which sentences are encoded to be scored; what is computed of vectors is float32",
    )
    verify: Level = Field("exact", description="what of the evaluation files must be as published")

    @property
    def holds_out(self) -> bool:
        """Whether a part of the corpus is not trained on, to be scored without labels."""
        return self.label_free or self.select in LABEL_FREE
