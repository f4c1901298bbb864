"""Open training checkpoints of the published repositories: a folder, or a file of weights alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from sentcse.errors import SentcseError
from sentcse.machine.files import first_line
from sentcse.machine.locate import locate
from sentcse.modules.input_length import longest_input
from sentcse.storage.backbones import check_source, load_config, require_model, without_pooling_layer
from sentcse.storage.checkpoint import CHECKPOINT_KEY, has_damaged_member
from sentcse.storage.loaded_weights import check_loaded
from sentcse.storage.model_files import ModelFiles
from sentcse.storage.parts import EncoderParts
from sentcse.storage.published_encoders import PUBLISHED_ENCODERS, published_name
from sentcse.storage.published_weights import ARCHITECTURES, PublishedWeights, tell_apart
from sentcse.storage.record import RECORD_FILE
from sentcse.storage.saving import export_head
from sentcse.storage.tokenizers import check_vocabulary, load_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedModel

WEIGHT_FILES = ("pytorch_model.bin", "model.safetensors")
POINTER = b"version https://git-lfs"
"""How a file begins that git has fetched without its content."""


def open_published_training(
    source: str, *, base_model: str | None = None, pooler: str | None = None
) -> tuple[PublishedWeights, EncoderParts]:
    """The encoder of a training checkpoint that SimCSE's, DiffCSE's or miCSE's code has written.

    Args:
        source: a folder (pytorch_model.bin or model.safetensors, config.json, tokenizer files), a file of weights, or a
            hub name.
        base_model: folder or hub name of the model that training began with, whose config.json and tokenizer are
            taken; None: those beside the weights.
        pooler: a name of `sentcse.modules.pooling.POOLERS`; None where the keys tell, or the exact published name.

    Returns:
        what the checkpoint holds, and the encoder: its head is there for the pooler cls alone.

    Raises:
        SentcseError: if the checkpoint is damaged or of something else, its pooler is not known, or a config.json or
            tokenizer is missing or of another model.
    """
    path = Path(locate(source)).expanduser()
    _refuse_finished(path, source)
    folder = str(path.parent) if path.is_file() else str(path) if path.is_dir() else check_source(source)
    name = _weights_file(folder) if not path.is_file() else path.name
    weights = tell_apart(_read_weights(ModelFiles(folder), name), source)
    chosen = _pooler(weights, published_name(folder), source) if pooler is None else pooler
    if chosen == "cls" and weights.head is None:
        raise SentcseError(
            f"{source} holds no trained head, which pooler=cls needs; use pooler=cls_before_pooler, or the one that it "
            "was trained with."
        )
    described = folder if base_model is None else base_model
    if base_model is None and ModelFiles(folder).find("config.json") is None:
        raise SentcseError(
            f"{source} is without a config.json: name the model that its training began with, whose config.json and "
            "tokenizer are taken, for example base_model=bert-base-uncased."
        )
    backbone = _backbone(weights, check_source(locate(described)), source)
    tokenizer = load_tokenizer(locate(described))
    check_vocabulary(tokenizer, backbone, described)
    head = weights.head if chosen == "cls" else None
    if head is not None and (reads := export_head(head)[0].weight.shape[1]) != backbone.config.hidden_size:
        raise SentcseError(
            f"{source}: its head reads {reads} values, and its encoder gives {backbone.config.hidden_size}: they are "
            "of two models."
        )
    provenance = {"base_model": base_model, "method": weights.method}
    return weights, EncoderParts(
        backbone,
        tokenizer,
        chosen,
        head,
        longest_input(backbone, tokenizer),
        recorded_pooler=chosen,
        provenance={key: value for key, value in provenance.items() if value is not None},
    )


def _refuse_finished(path: Path, source: str) -> None:
    """A folder of an encoder has told its pooler and where its head is, which its weights alone would not."""
    for name in (RECORD_FILE, "modules.json"):
        if (path / name).is_file():
            raise SentcseError(
                f"{source} is an encoder already ({name}) and no training checkpoint of the published code: every "
                "command opens it as it is, by encoder=."
            )


def _weights_file(folder: str) -> str:
    found = [name for name in WEIGHT_FILES if ModelFiles(folder).find(name) is not None]
    if len(found) == 0:
        require_model(folder, key="from")  # what is not there holds nothing either
        raise SentcseError(f"{folder} holds neither {' nor '.join(WEIGHT_FILES)}: name a training checkpoint's folder.")
    return found[0]


def _read_weights(files: ModelFiles, name: str) -> dict[str, Tensor]:
    path = files.need(name)
    with path.open("rb") as file:
        if file.read(len(POINTER)) == POINTER:
            raise SentcseError(f"{path} is a pointer of git-lfs, not the weights: fetch them by git lfs pull.")
    content = files.tensors(name) if path.suffix == ".safetensors" else _read_pickled(path)
    if isinstance(content, Mapping) and CHECKPOINT_KEY in content:
        raise SentcseError(f"{path} is a training checkpoint of sentcse: name it by checkpoint=, not by from=.")
    if not isinstance(content, Mapping) or not all(isinstance(each, Tensor) for each in content.values()):
        raise SentcseError(
            f"{path} is no training checkpoint of SimCSE, DiffCSE or miCSE: it holds other things than tensors by name."
        )
    broken = next((key for key, each in content.items() if not bool(torch.isfinite(each).all())), None)
    if broken is not None:
        raise SentcseError(
            f"{path} holds NaN or infinity in {broken}: its training overflowed or the file is damaged; take an "
            "earlier checkpoint."
        )
    return {str(key): tensor for key, tensor in content.items()}


def _read_pickled(path: Path) -> Any:
    unreadable = (
        f"{path} cannot be read as weights: it is damaged, was fetched in part, or holds more than tensors; "
        "fetch or copy it again."
    )
    if has_damaged_member(path):
        raise SentcseError(unreadable)
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # what an unpickler makes of some other file can be anything
        raise SentcseError(unreadable) from error


def _pooler(weights: PublishedWeights, name: str | None, source: str) -> str:
    """The pooler that the keys or the exact published name tell; raises SentcseError where they do not."""
    if name is not None:
        return PUBLISHED_ENCODERS[name].pooler
    if weights.pooler is not None:
        return weights.pooler
    if weights.head is not None:
        raise SentcseError(
            f"{source} holds a head, and its keys do not say whether a vector is taken before or behind it: give "
            "pooler=cls_before_pooler where --mlp_only_train was set (unsupervised SimCSE, miCSE), pooler=cls where "
            "it was not (supervised SimCSE)."
        )
    raise SentcseError(
        f"{source} holds no head, and its keys do not say how it was pooled: give pooler=cls_before_pooler, avg, "
        "avg_top2, avg_first_last (of SimCSE's code since 2024) or avg_embeddings_last (what the others call so)."
    )


def _backbone(weights: PublishedWeights, described: str, source: str) -> PreTrainedModel:
    """The encoder that a config.json describes, with the weights in float32."""
    from transformers import AutoModel

    config = load_config(described)
    possible = ARCHITECTURES if weights.architecture is None else (weights.architecture,)
    if config.model_type not in possible:
        raise SentcseError(
            f"{source} holds the weights of a {' or '.join(possible)} encoder, and {described} describes "
            f"{config.model_type}: base_model must be the model that training began with."
        )
    build: Callable[..., PreTrainedModel] = AutoModel.from_config
    try:
        with torch.random.fork_rng(devices=[]):
            backbone = build(config, dtype=torch.float32, **without_pooling_layer(config))
    except Exception as error:  # what the libraries make of impossible sizes can be anything
        raise SentcseError(
            f"The config.json of {described} describes no encoder that can be built: {first_line(error)}; give the one "
            "of the model that training began with."
        ) from error
    own = backbone.state_dict()
    fitting = {
        name: tensor for name, tensor in weights.backbone.items() if name in own and own[name].shape == tensor.shape
    }
    check_loaded(
        source,
        backbone,
        missing=own.keys() - weights.backbone.keys(),
        unexpected=weights.backbone.keys() - own.keys(),
        mismatched=[
            (name, tuple(tensor.shape), tuple(own[name].shape))
            for name, tensor in weights.backbone.items()
            if name in own and name not in fitting
        ],
    )
    backbone.load_state_dict(fitting)
    return backbone
