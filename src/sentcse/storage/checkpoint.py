"""Training checkpoints (Lightning .ckpt): what a method stores so that its encoder can be rebuilt from the file alone.

    checkpoint["sentcse"] = {
        "format": 1,
        "encoder": {"pooler": str, "head": str or None, "max_length": int, "backbone_config": dict,
                    "tokenizer_files": {name: text},
                    "prompt": str, "dimensions": int or None, "lora": {...}},  # these three where set
        "method": {...},  # of what the module is made again, see sentcse.methods.building; missing in older files
        "record": {...},  # how the encoder was made, see sentcse.storage.model_card
    }

The weights are those of the state dict under `encoder.backbone.` and, where `head` names one, `head.`. Tensors and
plain containers only, so that the file loads with `weights_only=True`.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from sentcse.errors import SentcseError
from sentcse.machine.files import first_line
from sentcse.modules.dropout import set_dropout
from sentcse.modules.heads import HEADS
from sentcse.modules.input_length import SHORTEST_INPUT, most_positions
from sentcse.modules.lora import MISSING, LoRA, adapt, lora_of, merged
from sentcse.modules.pooling import POOLERS
from sentcse.storage.backbones import without_pooling_layer
from sentcse.storage.parts import EncoderParts
from sentcse.storage.tokenizers import check_vocabulary, load_tokenizer, save_tokenizer

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

CHECKPOINT_KEY = "sentcse"
CHECKPOINT_FORMAT = 1
BACKBONE_PREFIX = "encoder.backbone."
HEAD_PREFIX = "head."


def encoder_entry(encoder: EncoderParts, head_name: str | None) -> dict[str, Any]:
    """All of an encoder but its weights, in plain containers: what a method stores as `["sentcse"]["encoder"]`.

    Args:
        encoder: what is trained.
        head_name: the name in `sentcse.modules.heads.HEADS` of the head that is used at evaluation; None where the head
            serves training only.
    """
    return {
        "pooler": encoder.pooler,
        "head": head_name,
        "max_length": encoder.max_length,
        "backbone_config": json.loads(encoder.backbone.config.to_json_string(use_diff=False)),
        "tokenizer_files": _tokenizer_files(encoder.tokenizer),
        **({} if encoder.prompt == "" else {"prompt": encoder.prompt}),
        **({} if encoder.dimensions is None else {"dimensions": encoder.dimensions}),
        **({} if (lora := lora_of(encoder.backbone)) is None else {"lora": asdict(lora)}),
    }


def load_checkpoint_encoder(path: Path, *, dropout: float | None = None) -> EncoderParts:
    """Rebuild the encoder of a training checkpoint, without the model that training started from and without a hub.

    Args:
        path: a .ckpt file.
        dropout: sets every dropout of the backbone; None leaves them as they were trained.

    Returns:
        the parts on the CPU, adapters of LoRA merged into the weights; their provenance is the record of how the
        encoder was made.

    Raises:
        SentcseError: if the file is missing, damaged, or no checkpoint of sentcse.
    """
    checkpoint = read_checkpoint(path)
    stored = checkpoint[CHECKPOINT_KEY]
    if "encoder" not in stored:
        raise SentcseError(
            f"{path} holds no sentence encoder: it is of a generator, whose model is in its run's model/."
        )
    state = checkpoint.get("state_dict")
    adapted = isinstance(state, Mapping) and any(map(_is_of_peft, state))
    if adapted and "lora" not in stored["encoder"]:
        raise SentcseError(
            f"{path} holds adapters of PEFT beside the backbone, which cannot be rebuilt from it: build the same "
            "adapted encoder, load the checkpoint into it, and export it by save_pretrained, which merges them."
        )
    try:
        return _rebuild(stored["encoder"], checkpoint["state_dict"], stored["record"], dropout)
    except SentcseError as fault:
        if str(fault) == MISSING:
            raise SentcseError(f"{path} holds adapters: {MISSING}") from None
        raise
    except Exception as error:  # what the libraries make of a damaged description can be anything
        raise SentcseError(
            f"{path} is damaged: its encoder cannot be rebuilt ({first_line(error)}); use another checkpoint of the "
            "run."
        ) from error


def read_checkpoint(path: Path) -> dict[str, Any]:
    """A training checkpoint of this format, its tensors on the CPU.

    Raises:
        SentcseError: if the file is missing, damaged, or no checkpoint of sentcse.
    """
    checkpoint = _load_file(path)
    stored = checkpoint.get(CHECKPOINT_KEY)
    if not isinstance(stored, dict):
        raise SentcseError(f"{path} is not a checkpoint of sentcse: it has no entry {CHECKPOINT_KEY!r}.")
    if stored.get("format") != CHECKPOINT_FORMAT:
        raise SentcseError(
            f"{path} has the checkpoint format {stored.get('format')!r}, this version of sentcse reads "
            f"{CHECKPOINT_FORMAT}: use the version that wrote it."
        )
    return checkpoint


def has_damaged_member(path: Path) -> bool:
    """Whether a zip archive, which a checkpoint is, holds a member that differs from its checksum.

    torch writes the checksums and does not read them: a flipped bit would be a weight. False for another kind of file.
    """
    if not zipfile.is_zipfile(path):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is not None
    except Exception:  # what zipfile makes of a damaged header can be anything
        return True


def _load_file(path: Path) -> dict[str, Any]:
    if path.is_dir():
        raise SentcseError(f"{path} is a folder: name a checkpoint (.ckpt) of a run, or the run's folder.")
    if not path.is_file():
        raise SentcseError(
            f"{path} does not exist: name a checkpoint (.ckpt) of a run. A run that was made with runs.keep=export has "
            "none; what it selected is in its folder encoder/."
        )
    if has_damaged_member(path):
        raise _unreadable(path)
    try:
        checkpoint: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # what an unpickler makes of some other file can be anything
        raise _unreadable(path) from error
    if not isinstance(checkpoint, dict):
        raise SentcseError(f"{path} is not a checkpoint of sentcse: it holds a {type(checkpoint).__name__}.")
    return checkpoint


def _unreadable(path: Path) -> SentcseError:
    return SentcseError(
        f"{path} cannot be read as a checkpoint; it is damaged or was not written by sentcse: use another "
        "checkpoint of the run."
    )


def _rebuild(
    description: Mapping[str, Any], state: Mapping[str, Tensor], record: dict[str, Any], dropout: float | None
) -> EncoderParts:
    length = description["max_length"]
    if not isinstance(record, dict):
        raise ValueError(f"record is a {type(record).__name__}, expected an object")
    if type(length) is not int or length < SHORTEST_INPUT:
        raise ValueError(f"max_length is {length!r}, expected {SHORTEST_INPUT} tokens or more")
    if description["pooler"] not in POOLERS:
        raise ValueError(f"pooler is {description['pooler']!r}, expected one of {', '.join(POOLERS)}")
    prompt, dimensions = description.get("prompt", ""), description.get("dimensions")
    if not isinstance(prompt, str) or not (dimensions is None or (type(dimensions) is int and dimensions >= 1)):
        raise ValueError(f"prompt is {prompt!r} and dimensions {dimensions!r}, expected a text and a number or none")
    # what is built draws random weights, which must not move the caller's random state
    with torch.random.fork_rng(devices=[]):
        backbone = _build_backbone(description["backbone_config"], dropout)
        if "lora" in description:
            adapt(backbone, LoRA(**description["lora"]))
        backbone.load_state_dict(_without_prefix(state, BACKBONE_PREFIX))
        backbone = merged(backbone)
        head: nn.Module | None = None
        if description["head"] is not None:
            head = HEADS[description["head"]](int(backbone.config.hidden_size))
            head.load_state_dict(_without_prefix(state, HEAD_PREFIX))
    tokenizer = _build_tokenizer(description["tokenizer_files"], backbone.config)
    check_vocabulary(tokenizer, backbone, "the checkpoint")
    if length > (most := most_positions(backbone, at_most=length)):
        raise ValueError(f"max_length is {length}, and the backbone has {most} positions")
    return EncoderParts(
        backbone,
        tokenizer,
        pooler=description["pooler"],
        head=head,
        max_length=length,
        recorded_pooler=description["pooler"],
        provenance=record,
        prompt=prompt,
        dimensions=dimensions,
    )


def _build_backbone(config: Mapping[str, Any], dropout: float | None) -> PreTrainedModel:
    from transformers import CONFIG_MAPPING, AutoModel

    built = CONFIG_MAPPING[config["model_type"]].from_dict(dict(config))
    if dropout is not None:
        set_dropout(built, dropout)
    build: Callable[..., PreTrainedModel] = AutoModel.from_config
    return build(built, dtype=torch.float32, **without_pooling_layer(built))


def _is_of_peft(name: object) -> bool:
    """Whether a weight is one of a backbone that PEFT has wrapped, or has put its layers into."""
    inside = str(name).removeprefix(BACKBONE_PREFIX)
    return inside != name and (inside.startswith("base_model.") or ".base_layer." in inside)


def _without_prefix(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in state.items() if name.startswith(prefix)}


def _tokenizer_files(tokenizer: PreTrainedTokenizerBase) -> dict[str, str]:
    with TemporaryDirectory() as folder:
        save_tokenizer(tokenizer, Path(folder))
        # a sentencepiece model is binary; tokenizer.json, which lies beside it, says the same
        files = sorted(path for path in Path(folder).iterdir() if path.suffix in {".json", ".txt"})
        return {path.name: path.read_text(encoding="utf-8") for path in files}


def _build_tokenizer(files: Mapping[str, str], config: PretrainedConfig) -> PreTrainedTokenizerBase:
    if not any(name.startswith(("tokenizer", "vocab", "spiece")) for name in files):
        raise ValueError("tokenizer_files names no tokenizer")  # else a folder would be named that is gone by then
    with TemporaryDirectory() as folder:
        config.save_pretrained(folder)
        for name, text in files.items():
            if Path(name).name != name or name in ("", ".", ".."):  # a crafted checkpoint would write elsewhere
                raise ValueError(f"tokenizer_files names {name!r}, which is no file name")
            Path(folder, name).write_text(text, encoding="utf-8")
        return load_tokenizer(folder)
