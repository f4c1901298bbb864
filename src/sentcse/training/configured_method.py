"""From a configuration to the encoder that is trained, and the method around it."""

from __future__ import annotations

import traceback
from importlib import import_module
from inspect import isabstract
from typing import Any

from sentcse.config import TrainConfig
from sentcse.config.method_options import CustomMethodOptions
from sentcse.config.method_signature import accepted_options
from sentcse.config.schema import SHARED_OUT
from sentcse.encoder import SentenceEncoder
from sentcse.errors import ConfigError
from sentcse.methods import DiffCSE, Method
from sentcse.methods.building import Origin
from sentcse.methods.optimization import AdamWSettings
from sentcse.modules.lora import LoRA
from sentcse.storage.backbones import encoder_folder, masked_language_model_folder
from sentcse.storage.opening import open_backbone


def build_encoder(config: TrainConfig) -> SentenceEncoder:
    """The pretrained backbone with its pooler, without a head.

    Raises:
        SentcseError: if the checkpoint cannot be had.
    """
    chosen = config.encoder
    backbone, tokenizer = open_backbone(chosen.name_or_path, dropout=chosen.dropout, revision=chosen.revision)
    return SentenceEncoder(
        backbone,
        tokenizer,
        pooler="cls_before_pooler" if chosen.pooler == "cls" else chosen.pooler,
        prompt=chosen.prompt,
    )


def build_method(config: TrainConfig, encoder: SentenceEncoder) -> Method:
    """The configured LightningModule around an encoder.

    Raises:
        SentcseError: if the method lacks what it needs beside the encoder.
    """
    chosen, generator, options = config.encoder, config.generator, config.method
    found = method_class(options.target)
    given = (
        accepted_options(found, options)
        if isinstance(options, CustomMethodOptions)
        else options.model_dump(exclude={"target"})
    )
    if config.data.chunk is not None:
        given["chunk"] = config.data.chunk
    if config.data.duplicates == "mask":
        given["mask_duplicates"] = True
    method: Method = found.assemble(
        encoder,
        origin=Origin(encoder_folder(chosen.name_or_path), chosen.revision, chosen.dropout),
        generator=None
        if generator.name_or_path is None
        else Origin(masked_language_model_folder(generator.name_or_path), generator.revision),
        optimizer=AdamWSettings(**config.optimizer.model_dump()),
        lora=None if chosen.lora.rank is None else LoRA(**chosen.lora.model_dump()),
        **given,
    )
    if config.trainer.strategy == SHARED_OUT and isinstance(method, DiffCSE):
        _compute_rows_together(method)
    return method


def _compute_rows_together(method: DiffCSE) -> None:
    """Have no pieces of rows, which differentiate themselves and would meet weights of which each process has a part.

    Raises:
        ConfigError: if pieces are asked for.
    """
    if isinstance(method.discriminator_rows, int):
        raise ConfigError(
            f"method.discriminator_rows={method.discriminator_rows} cannot be computed apart where each device has a "
            f"part of every weight (trainer.strategy={SHARED_OUT}): set null or auto, or trainer.strategy=ddp."
        )
    method.discriminator_rows = None


def method_class(target: str) -> type[Method]:
    """The class that `method._target_` names.

    Raises:
        ConfigError: if it cannot be imported or is no method.
    """
    module, _, name = target.rpartition(".")
    try:
        found: Any = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(
            f"method._target_={target} cannot be imported ({error}): name a class, e.g. sentcse.methods.SimCSE."
        ) from error
    except Exception as error:  # what a module of the user's does while it is imported can be anything
        where = traceback.extract_tb(error.__traceback__)[-1]
        place = "" if isinstance(error, SyntaxError) else f", {where.filename}, line {where.lineno}"
        raise ConfigError(
            f"method._target_={target} cannot be imported ({type(error).__name__}: {error}{place}): mend its module."
        ) from error
    if not isinstance(found, type) or not issubclass(found, Method) or isabstract(found):
        raise ConfigError(
            f"method._target_={target} is not a method: name a subclass of sentcse.methods.Method with compute_losses."
        )
    return found
