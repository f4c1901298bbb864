"""Open sentence encoders: exported folders, runs, training checkpoints, published checkpoints, hub names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentcse.errors import SentcseError
from sentcse.machine.locate import locate
from sentcse.modules.heads import DenseHead
from sentcse.modules.input_length import check_length, longest_input, most_positions
from sentcse.records.layout import BEST_CHECKPOINT, CHECKPOINTS_FOLDER, ENCODER_FOLDER
from sentcse.storage.adapters import adapter_base, is_adapter, set_origin, with_adapter
from sentcse.storage.backbones import CHECKPOINT_SUFFIX, check_source, encoder_folder, load_backbone, require_model
from sentcse.storage.checkpoint import load_checkpoint_encoder
from sentcse.storage.parts import EncoderParts, EncoderRecord
from sentcse.storage.published_encoders import published_name, published_record
from sentcse.storage.record import RECORD_FILE, read_record
from sentcse.storage.tokenizers import check_vocabulary, load_tokenizer

if TYPE_CHECKING:
    from torch import nn
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def open_encoder(
    source: str | Path,
    *,
    pooler: str | None,
    max_length: int | None,
    revision: str | None = None,
    known_as: str | None = None,
    adapter: str | Path | None = None,
) -> EncoderParts:
    """What `SentenceEncoder.from_pretrained` opens; see there."""
    path = Path(locate(str(source))).expanduser()
    adapter = None if adapter is None else Path(adapter).expanduser()
    if path.suffix == CHECKPOINT_SUFFIX and adapter is None:
        return _open_checkpoint(path, pooler=pooler, max_length=max_length)
    checked = str(path) if path.suffix == CHECKPOINT_SUFFIX else check_source(encoder_folder(source))
    described = checked if adapter is None or not Path(adapter, RECORD_FILE).is_file() else str(adapter)
    record, head = _read_recorded(described, pooler=pooler, revision=revision, known_as=known_as)
    chosen = record.pooler if pooler is None else pooler
    if chosen is None:
        require_model(str(source), revision=revision, key="encoder")  # what is not there has no record either
        raise SentcseError(
            f"{source} holds no record of its pooler; give one: pooler=cls_before_pooler, avg, avg_top2, "
            "avg_first_last or avg_embeddings_last; of a copy of a published checkpoint give known_as=OWNER/NAME."
        )
    if chosen == "cls" and head is None:
        raise _headless(source)
    backbone, tokenizer = open_backbone(checked, revision=revision, adapter=adapter)
    _check_head(head, backbone, source)
    if max_length is not None:
        check_length(max_length, backbone, tokenizer)
    length = _length(max_length, record.max_length, backbone, tokenizer)
    return EncoderParts(
        backbone, tokenizer, chosen, head, length, record.pooler, record.provenance, record.prompt, record.dimensions
    )


def open_to_export(source: Path) -> tuple[Path, EncoderParts]:
    """The encoder of a checkpoint, of a run's folder or of an exported folder; and where it lies.

    A run's folder is its best checkpoint; where the run has merged its weights, or keeps no checkpoint, it is what the
    run has exported. The record of a best checkpoint says how its step was chosen, once the run is complete.

    Raises:
        SentcseError: if there is none, or it is damaged.
    """
    path = source.expanduser()
    best = path / CHECKPOINTS_FOLDER / BEST_CHECKPOINT
    if (path / ENCODER_FOLDER / RECORD_FILE).is_file():
        merged = "alpha" in _selection(path / ENCODER_FOLDER)
        path = path / ENCODER_FOLDER if merged or not best.is_file() else best
    elif best.parent.is_dir():
        path = best
    if (path / RECORD_FILE).is_file():
        return path, open_encoder(path, pooler=None, max_length=None)
    parts = load_checkpoint_encoder(path)
    exported = path.parents[1] / ENCODER_FOLDER if path.name == BEST_CHECKPOINT and len(path.parents) > 1 else None
    if exported is None or not (exported / RECORD_FILE).is_file():
        return path, parts
    # the checkpoint is the step itself, also where the run has merged its weights
    selection = {key: value for key, value in _selection(exported).items() if key not in ("alpha", "places")}
    return path, replace(parts, provenance={**parts.provenance, "selection": selection})


def _selection(exported: Path) -> dict[str, Any]:
    chosen: dict[str, Any] = read_record(str(exported)).provenance.get("selection", {})
    return chosen


def _length(
    asked: int | None, recorded: int | None, backbone: PreTrainedModel, tokenizer: PreTrainedTokenizerBase
) -> int:
    if asked is not None:
        return asked
    if recorded is None:
        return longest_input(backbone, tokenizer)
    # folders of RoBERTa that say 514 are about, of which two positions cannot be used
    return most_positions(backbone, at_most=recorded)


def open_backbone(
    name_or_path: str, *, dropout: float | None = None, revision: str | None = None, adapter: str | Path | None = None
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """A backbone and its tokenizer, to train: of whatever `open_encoder` opens, without its pooler and head.

    Args:
        name_or_path: as `encoder.name_or_path`.
        dropout: sets every dropout of the backbone; None leaves them as the checkpoint has them.
        revision: branch, tag or commit on the hub.
        adapter: a folder of peft's, whose adapter is added to the weights.

    Raises:
        SentcseError: if it cannot be had, or tokenizer and backbone do not belong together.
    """
    if adapter is not None:
        backbone, tokenizer = open_backbone(name_or_path, dropout=dropout, revision=revision)
        adapted = with_adapter(backbone, adapter)
        set_origin(adapted, None)
        return adapted, tokenizer
    path = Path(locate(name_or_path)).expanduser()
    if path.suffix == CHECKPOINT_SUFFIX:
        parts = load_checkpoint_encoder(path, dropout=dropout)
        backbone, tokenizer = parts.backbone, parts.tokenizer
        set_origin(backbone, path)
        return backbone, tokenizer
    source = encoder_folder(name_or_path)
    if is_adapter(source):
        base, pinned = adapter_base(source)
        chosen = pinned if revision is None else revision
        try:
            backbone, tokenizer = open_backbone(base, dropout=dropout, revision=chosen)
        except SentcseError as fault:
            raise SentcseError(f"{source} is an adapter of {base}, which cannot be opened: {fault}") from fault
        backbone = with_adapter(backbone, source)
    else:
        backbone = load_backbone(source, dropout=dropout, revision=revision)
        tokenizer = load_tokenizer(source, revision=revision)
        check_vocabulary(tokenizer, backbone, name_or_path)
    set_origin(backbone, source, revision=revision)
    return backbone, tokenizer


def _open_checkpoint(path: Path, *, pooler: str | None, max_length: int | None) -> EncoderParts:
    parts = load_checkpoint_encoder(path)
    set_origin(parts.backbone, path)
    if max_length is not None:
        check_length(max_length, parts.backbone, parts.tokenizer)
        parts = replace(parts, max_length=max_length)
    if pooler in (None, parts.pooler):
        return parts
    if pooler == "cls":
        raise _headless(path)
    # a head that was trained behind one pooler means nothing behind another
    return replace(parts, pooler=pooler, head=None)


def _check_head(head: nn.Module | None, backbone: PreTrainedModel, source: str | Path) -> None:
    width = int(backbone.config.hidden_size)
    if isinstance(head, DenseHead) and (reads := head.dense_layers()[0].weight.shape[1]) != width:
        raise SentcseError(
            f"The head of {source} reads {reads} values and its backbone gives {width}: they are of two encoders; "
            "fetch or export the encoder again."
        )


def _headless(source: str | Path) -> SentcseError:
    return SentcseError(f"{source} holds no trained head, which pooler=cls needs; use pooler=cls_before_pooler.")


def _read_recorded(
    source: str, *, pooler: str | None, revision: str | None, known_as: str | None
) -> tuple[EncoderRecord, nn.Module | None]:
    """What the source says of itself, else what is known of it by name; and the head that belongs to the pooler."""
    name = published_name(source, known_as)
    record = read_record(source, revision=revision)
    if record.pooler is None and name is not None:
        record = published_record(name, source, pooler=pooler, revision=revision)
        return record, record.head
    # a head that was trained behind one pooler means nothing behind another
    return record, record.head if pooler in (None, record.pooler) else None
