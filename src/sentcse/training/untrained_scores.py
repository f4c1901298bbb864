"""Scores of untrained encoders, kept beside the runs: the runs of a sweep begin with the same encoder."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from sentcse.data.hashing import sha256_of, tokenizer_as_text
from sentcse.encoder import SentenceEncoder
from sentcse.errors import SentcseError
from sentcse.evaluation.tasks.sts import StsTask
from sentcse.machine.device import hardware
from sentcse.machine.files import read_json, write_json
from sentcse.modules.input_length import longest_input
from sentcse.storage.content_hash import tensors_sha256
from sentcse.training.provenance import versions

logger = logging.getLogger(__name__)


class UntrainedScores:
    """Metrics by a key of all that they depend on, a file each; they can be deleted at any time.

    Args:
        folder: made when there is something to keep.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, key: str, names: Collection[str], measure: Callable[[], dict[str, float]]) -> dict[str, float]:
        """The metrics of these names that are kept under `key`; else those that `measure` returns, which are kept.

        What cannot be read is measured again, and what cannot be written is not kept.
        """
        path = self.folder / f"{key}.json"
        if path.is_file():
            try:
                kept = {name: math.nan if value is None else float(value) for name, value in read_json(path).items()}
            except (SentcseError, TypeError, ValueError, AttributeError):
                kept = {}
            if kept.keys() == set(names):
                return kept
            logger.warning("%s is damaged: the untrained encoder is scored again.", path)
        metrics = measure()
        values = {name: value if math.isfinite(value) else None for name, value in metrics.items()}
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_json(path, values)
        except OSError as error:
            logger.warning("%s cannot be written (%s): the next run scores the encoder again.", path, error.strerror)
        return metrics


def untrained_key(encoder: SentenceEncoder, tasks: Sequence[StsTask], *, batch_size: int, precision: str) -> str:
    """Hash of what an encoder's scores depend on, to the last digit: weights, modules, tokeniser, pairs, machine."""
    backbone = encoder.backbone
    return sha256_of(
        tensors_sha256(encoder.state_dict()),
        repr(encoder),
        json.dumps({**backbone.config.to_dict(), "_name_or_path": ""}, sort_keys=True, default=str),  # wherever it lies
        str(backbone.config._attn_implementation),
        encoder.pooler,
        tokenizer_as_text(encoder.tokenizer),
        f"at most {longest_input(backbone, encoder.tokenizer)} tokens, padding {encoder.tokenizer.padding_side}",
        *([] if encoder.prompt == "" else [f"prompt {encoder.prompt}"]),
        *map(_pairs, tasks),
        f"batch_size {batch_size}",
        *([] if precision == "float32" else [f"precision {precision}"]),
        json.dumps(hardware("gpu" if encoder.device.type == "cuda" else encoder.device.type)),
        json.dumps(versions()),
    )


def _pairs(task: StsTask) -> str:
    gold = [source.gold.tolist() for source in task.sources]
    names = [(source.source, len(source)) for source in task.sources]
    return json.dumps([task.name, task.split, names, gold, list(task.sentences())])
