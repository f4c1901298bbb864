"""Command: make an encoder folder from a training checkpoint, or from the mean of several.

python -m sentcse.export checkpoint=runs/NAME output=my-encoder
python -m sentcse.export 'checkpoint=[runs/A,runs/B,runs/C]' output=my-encoder
python -m sentcse.export checkpoint=runs/NAME output=my-encoder onnx=[float32,int8]
python -m sentcse.export from=result/my-diffcse output=my-encoder      # a checkpoint of the published code
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sentcse.command.composed import announce_loading
from sentcse.command.plain import run_plain_command
from sentcse.config.exporting import ExportConfig
from sentcse.errors import ConfigError, SentcseError

if TYPE_CHECKING:
    from pathlib import Path

    from sentcse.storage.parts import EncoderParts


def main() -> None:
    """Run the command and exit with its code."""
    sys.exit(run_plain_command(export_job, "export", ExportConfig))


def export_job(config: ExportConfig) -> None:
    """Rebuild the encoder from the checkpoint alone, or the mean of several, then save it, and push it if asked for."""
    _check(config)
    announce_loading()
    from pathlib import Path

    from sentcse.storage.hub_upload import push_to_hub, without_local_paths
    from sentcse.storage.record import RECORD_FILE
    from sentcse.storage.saving import save_encoder

    if (Path(config.output) / RECORD_FILE).is_file() and not config.overwrite:
        raise SentcseError(
            f"{config.output} holds an exported encoder already: name a new folder, or replace it with overwrite=true."
        )
    made_of, parts = _of_checkpoints(config.checkpoints) if config.source is None else _published(config)
    if config.push_to_hub is not None:
        parts = without_local_paths(parts)
    folder = save_encoder(parts, Path(config.output), name=config.push_to_hub)
    print(f"{made_of} -> {folder} (pooler {parts.pooler}, at most {parts.max_length} tokens)")
    if len(config.onnx) > 0:
        _write_onnx(folder, config)
    if config.push_to_hub is not None:
        print(f"{folder} -> {push_to_hub(folder, config.push_to_hub, private=config.private)}")


def _check(config: ExportConfig) -> None:
    if (config.checkpoint is None) == (config.source is None):
        raise ConfigError(
            "one of checkpoint= and from= must be given: checkpoint=runs/NAME of a run here, from=FOLDER of a training "
            "checkpoint of the published code."
        )
    weights = [name for name in config.checkpoints if name.endswith((".bin", ".safetensors"))]
    if weights:
        raise ConfigError(f"checkpoint={weights[0]} is a file of weights alone: name it by from=.")
    given = [key for key in ("base_model", "pooler") if getattr(config, key) is not None]
    if config.source is None and given:
        raise ConfigError(f"{given[0]} goes with from=: a checkpoint of sentcse holds all that its encoder is made of.")
    if len(config.onnx) > 0:
        from sentcse.storage.onnx_files import require_onnx

        require_onnx()
    if config.push_to_hub is not None:
        _check_hub_name(config.push_to_hub)
    elif config.private:
        raise ConfigError("private goes with push_to_hub=OWNER/NAME.")


def _check_hub_name(name: str) -> None:
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]  # exported when it is asked for

    try:
        validate_repo_id(name)
        owner_is_there = "/" in name
    except ValueError:
        owner_is_there = False
    if not owner_is_there:  # a name alone would be whoever's is logged in, and the model card could not say it
        raise ConfigError(f"push_to_hub={name} is no name of the model hub: give OWNER/NAME, as it will stand there.")


def _of_checkpoints(names: Sequence[str]) -> tuple[str, EncoderParts]:
    """What the encoder of one checkpoint, or the mean of several, is made of; and where it is from, in words."""
    from pathlib import Path

    from sentcse.storage.averaging import average_encoders
    from sentcse.storage.opening import open_to_export

    opened = [open_to_export(Path(name)) for name in names]
    found = [path for path, _ in opened]
    if len(set(found)) < len(found):
        raise SentcseError("checkpoint names an encoder more than once: name each that is averaged once.")
    if len(opened) == 1:
        return str(found[0]), opened[0][1]
    # of an absolute path what a reader elsewhere can use
    members = {"/".join(path.parts[-3:]): parts for path, parts in opened}
    if len(members) < len(found):
        members = {str(path): parts for path, parts in opened}
    return f"The mean of {len(found)} encoders", average_encoders(members)


def _write_onnx(folder: Path, config: ExportConfig) -> None:
    """Of what was written, so that heads and adapters are as they lie there."""
    from sentcse.encoder import SentenceEncoder
    from sentcse.storage.onnx_files import write_onnx

    encoder = SentenceEncoder.from_pretrained(folder)
    rows = encoder.tokenizer(["A sentence that is longer.", "Another."], padding=True, return_tensors="pt")
    metadata = {
        "max_length": str(encoder.max_length),
        "prompt": encoder.prompt,
        "pad_id": str(encoder.tokenizer.pad_token_id),
    }
    example = rows["input_ids"], rows["attention_mask"]
    for path in write_onnx(encoder, folder, config.onnx, example=example, metadata=metadata):
        print(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")


def _published(config: ExportConfig) -> tuple[str, EncoderParts]:
    """The same of a training checkpoint of the published code; what was told by its keys is printed."""
    from sentcse.storage.published_training import open_published_training

    assert config.source is not None
    weights, parts = open_published_training(config.source, base_model=config.base_model, pooler=config.pooler)
    method = {"diffcse": "DiffCSE", "micse": "miCSE"}.get(weights.method or "", "SimCSE or miCSE")
    unused = [*weights.left_out, *(["the head"] if weights.head is not None and parts.head is None else [])]
    print(f"A training checkpoint of {method}. Left out: {', '.join(unused) if unused else 'nothing'}.")
    return config.source, parts


if __name__ == "__main__":
    main()
