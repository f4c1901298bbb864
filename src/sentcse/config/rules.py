"""Settings that are each in range and still cannot go together: one sentence a contradiction."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from sentcse.config.data import Data
from sentcse.config.evaluation import LABEL_FREE, LAST, RTD_ACCURACY
from sentcse.config.method_options import CustomMethodOptions, DiffCSEOptions, MiCSEOptions, SimCSEOptions
from sentcse.config.method_signature import strange_options
from sentcse.config.schema import SHARED_OUT, Lora, Optimizer, TrainConfig, Trainer
from sentcse.config.tasks import TASKS
from sentcse.errors import SentcseError
from sentcse.machine.locate import locate


class _WithData(Protocol):
    @property
    def data(self) -> Data: ...


class _WithTrainer(Protocol):
    @property
    def trainer(self) -> Trainer: ...

    @property
    def optimizer(self) -> Optimizer: ...


def contradictions(config: TrainConfig) -> list[str]:
    """Every contradiction of a configuration that meets the schema; an empty list where there is none."""
    common = [*data_contradictions(config), *trainer_contradictions(config)]
    return [*_method(config), *common, *_sharing(config), *_evaluation(config), *_budget(config)]


def _method(config: TrainConfig) -> Iterator[str]:
    method, pooler = config.method, config.encoder.pooler
    if method.head == "none" and pooler == "cls":
        yield (
            "encoder.pooler=cls reads the first token through a head and method.head=none leaves none: "
            "use encoder.pooler=cls_before_pooler."
        )
    if method.head == "none" and method.projection_at_eval:
        yield (
            "method.projection_at_eval=true keeps the head at test time and method.head=none leaves none: "
            "set a head, or false."
        )
    if pooler == "cls_before_pooler" and method.projection_at_eval:
        yield (
            "encoder.pooler=cls_before_pooler is the vector before the head and "
            "method.projection_at_eval=true the one after it: use encoder.pooler=cls."
        )
    if method.head == "batchnorm" and config.data.batch_size == 1:
        yield (
            "method.head=batchnorm cannot normalise a batch of one: set data.batch_size to at least 2, "
            "better 32 or more."
        )
    elif config.data.batch_size == 1:
        yield "data.batch_size=1 leaves InfoNCE without negatives, so that its loss is always 0: set at least 2."
    if isinstance(method, CustomMethodOptions):
        yield from strange_options(method)
    if isinstance(method, DiffCSEOptions) and config.generator.name_or_path is None:
        yield (
            "method=diffcse needs a masked language model: choose generator=distilbert, or set generator.name_or_path, "
            "for example to a run of python -m sentcse.generator."
        )
    if isinstance(method, MiCSEOptions) and method.ami_layers is not None and len(set(method.ami_layers)) < 2:
        yield f"method.ami_layers={method.ami_layers} must name at least two layers: their maps are compared in pairs."
    if isinstance(method, MiCSEOptions) and method.ami_minimum_support is None and config.data.chunk is not None:
        yield (
            f"method.ami_minimum_support=null looks at all rows of a batch at once and data.chunk={config.data.chunk} "
            "never has them: set a number, such as the default of 32, or data.chunk=null."
        )
    lora = config.encoder.lora
    if lora.rank is None and lora != Lora():
        yield "encoder.lora.rank=null leaves encoder.lora without effect: set a rank, such as 16."
    if isinstance(method, SimCSEOptions) and method.mlm_weight > 0 and not has_mask_token(config.encoder.name_or_path):
        yield (
            f"method.mlm_weight={method.mlm_weight:g} needs a mask token and the tokenizer of "
            f"{config.encoder.name_or_path} has none: set method.mlm_weight=0 or use a masked language model."
        )


def data_contradictions(config: _WithData) -> Iterator[str]:
    """Of a corpus's settings."""
    data, low_shot = config.data, config.data.low_shot
    if data.path is None and data.dataset is None:
        yield "data.path is required: name a .txt, .csv, .tsv or .jsonl file of sentences (or data.dataset)."
    if data.path is not None and data.dataset is not None:
        yield "data.path and data.dataset both name a corpus: set one of them to null."
    if low_shot.size is not None and low_shot.percent is not None:
        yield "data.low_shot.size and data.low_shot.percent both say how large the split is: set one of them."
    if low_shot.official and low_shot.percent is None:
        yield "data.low_shot.official=true needs data.low_shot.percent: the published files are named by it."
    if low_shot.size is not None and data.drop_last and low_shot.size < data.batch_size:
        yield (
            f"data.drop_last=true leaves no batch of a split of {low_shot.size} sentences at data.batch_size="
            f"{data.batch_size}: set data.drop_last=false or a smaller batch."
        )


def trainer_contradictions(config: _WithTrainer) -> Iterator[str]:
    """Of device, precision and number of steps."""
    trainer, warmup = config.trainer, config.optimizer.warmup_steps
    if trainer.accelerator in ("cpu", "mps") and trainer.precision == "fp16":
        yield (
            f"trainer.precision=fp16 needs a CUDA GPU and trainer.accelerator={trainer.accelerator}: use "
            "bf16, 32 or auto."
        )
    if trainer.accelerator == "cpu" and isinstance(trainer.devices, list):
        yield f"trainer.devices={trainer.devices} names devices, and a CPU has none to name: give how many processes."
    if trainer.max_steps is not None and warmup >= trainer.max_steps:
        yield (
            f"optimizer.warmup_steps={warmup} does not end before trainer.max_steps={trainer.max_steps}: set it lower."
        )


def _sharing(config: TrainConfig) -> Iterator[str]:
    """Of weights that are shared out over the devices."""
    if config.trainer.strategy != SHARED_OUT:
        return
    for key, value, needs_whole in (
        ("callbacks.ema", config.callbacks.ema, config.callbacks.ema is not None),
        ("encoder.lora.rank", config.encoder.lora.rank, config.encoder.lora.rank is not None),
        ("method.stay_near", config.method.stay_near, config.method.stay_near is not None),
        ("trainer.compile", "true", config.trainer.compile),
    ):
        if needs_whole:
            yield (
                f"trainer.strategy={SHARED_OUT} leaves each device a part of every weight, and {key}={value} needs "
                f"whole ones: leave {key} out, or set trainer.strategy=ddp."
            )
    if config.trainer.precision == "fp16":
        yield f"trainer.strategy={SHARED_OUT} scales no loss, which trainer.precision=fp16 needs: set bf16, or 32."


def _evaluation(config: TrainConfig) -> Iterator[str]:
    evaluation, select = config.evaluation, config.evaluation.select
    if select not in (*evaluation.dev, *LABEL_FREE, LAST):
        scored = ", ".join(evaluation.dev) if len(evaluation.dev) > 0 else "empty; evaluation=none needs no task"
        yield f"evaluation.select={select} is not scored: add it to evaluation.dev ({scored})."
    if select == RTD_ACCURACY and not isinstance(config.method, (DiffCSEOptions, CustomMethodOptions)):
        yield (
            f"evaluation.select={select} is that of DiffCSE's discriminator and method={config.method_name} has none: "
            "select by a task, info_nce or alignment_uniformity, or use method=diffcse."
        )
    if evaluation.merge and select == RTD_ACCURACY:
        yield (
            f"evaluation.merge=true compares encoders and evaluation.select={select} the discriminator that learned to "
            "read one of them: select by a task, info_nce or alignment_uniformity, or set evaluation.merge=false."
        )
    if select == LAST and config.callbacks.early_stopping is not None:
        yield (
            f"callbacks.early_stopping={config.callbacks.early_stopping} waits for a better score and "
            "evaluation.select=last compares none: select by a task, info_nce or alignment_uniformity, or leave one of "
            "them out."
        )
    if evaluation.merge and select == LAST:
        yield (
            "evaluation.merge=true looks for the best weights and evaluation.select=last compares none: select by a "
            "task, info_nce or alignment_uniformity, or set evaluation.merge=false."
        )
    if evaluation.merge and config.method.projection_at_eval:
        yield (
            "evaluation.merge=true takes weights between those before and after training, and the head that "
            "method.projection_at_eval=true keeps was random before: set one of them to false."
        )
    if evaluation.test_curve and len(evaluation.test) == 0:
        yield (
            "evaluation.test_curve=true scores the tasks of evaluation.test while training, and it names none: name "
            "some, such as [stsb], or set evaluation.test_curve=false."
        )
    for part, tasks, pairs in (
        ("dev", evaluation.dev, evaluation.pairs_dev),
        ("test", evaluation.test, evaluation.pairs_test),
    ):
        repeated = [task for task in dict.fromkeys(tasks) if tasks.count(task) > 1]
        if repeated:
            yield f"evaluation.{part} names {', '.join(repeated)} more than once: name each task once."
        if "pairs" in tasks and pairs is None:
            yield f"evaluation.{part} holds the task `pairs`, whose file is missing: set evaluation.pairs_{part}."
    without_dev = [task for task in evaluation.dev if task in TASKS and "dev" not in TASKS[task].parts]
    if without_dev:
        yield (
            f"evaluation.dev: {', '.join(without_dev)} have a test part only; use stsb, sickr, stsb_de or another "
            "language's, or pairs."
        )


def _budget(config: TrainConfig) -> Iterator[str]:
    steps = config.trainer.max_steps
    if config.budget is not None and config.callbacks.early_stopping is not None:
        yield (
            f"budget={config.budget} trains all sizes as long as they are meant to and "
            f"callbacks.early_stopping={config.callbacks.early_stopping} stops some sooner: leave one of them out."
        )
    if config.budget == "steps" and steps is None:
        yield "budget=steps gives every size the same number of optimiser steps: set trainer.max_steps."
    if config.budget == "epochs" and steps is not None:
        yield (
            f"budget=epochs counts passes over the split and trainer.max_steps={steps} ends the run at a step: leave "
            "one of them out."
        )


def has_mask_token(encoder: str) -> bool:
    """Whether a local checkpoint's tokenizer has a mask token; True where only loading it can tell.

    That is where its files do not name one, as bert-base-uncased's on the hub: the tokenizer's class gives it then.
    """
    try:
        folder = Path(locate(encoder))
    except SentcseError:
        return True  # a package that is not installed gets its own sentence when the encoder is loaded
    files = [folder / name for name in ("special_tokens_map.json", "tokenizer_config.json")]
    try:
        contents = [json.loads(path.read_text(encoding="utf-8")) for path in files if path.is_file()]
    except ValueError:
        return True  # a damaged file gets its own sentence when the tokenizer is loaded
    named = [content["mask_token"] for content in contents if isinstance(content, dict) and "mask_token" in content]
    return not named or any(token is not None for token in named)
