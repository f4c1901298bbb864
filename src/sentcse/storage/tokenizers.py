"""Tokenizers, in from a folder or the hub and out to a folder."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sentcse.errors import SentcseError
from sentcse.storage.backbones import check_source, from_hub_or_folder

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def load_tokenizer(name_or_path: str | Path, *, revision: str | None = None) -> PreTrainedTokenizerBase:
    """The checkpoint's fast tokenizer; raises SentcseError where it cannot be had, is empty, or cannot pad."""
    from transformers import AutoTokenizer

    source = check_source(name_or_path)
    tokenizer = from_hub_or_folder(AutoTokenizer.from_pretrained, source, revision=revision)
    if len(tokenizer) <= len(tokenizer.all_special_ids):
        # transformers makes an empty tokenizer, for which every word is unknown, where it finds no file of one
        raise SentcseError(
            f"{name_or_path} has no tokenizer: its files (tokenizer.json, or vocab.txt, ...) are missing; "
            "save the tokenizer into the same folder."
        )
    if tokenizer.pad_token_id is None:
        raise SentcseError(
            f"The tokenizer of {name_or_path} has no padding token; sentcse pads sentences to a batch: "
            "set `pad_token` in its tokenizer_config.json."
        )
    return cast("PreTrainedTokenizerBase", tokenizer)


def check_vocabulary(tokenizer: PreTrainedTokenizerBase, backbone: PreTrainedModel, name_or_path: str | Path) -> None:
    """Refuse a tokenizer with ids that the backbone has no embedding for, before a sentence meets one.

    Raises:
        SentcseError: naming the first such token.
    """
    table: Any = backbone.get_input_embeddings()
    rows = len(table.weight)
    strange = [(index, token) for token, index in tokenizer.get_vocab().items() if index >= rows]
    if strange:
        index, token = min(strange)
        raise SentcseError(
            f"The tokenizer of {name_or_path} gives {token!r} the id {index}, and its model has embeddings of {rows} "
            "tokens: they are of two models, or the embeddings were not resized; give both as they were saved."
        )


def save_tokenizer(tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Write a tokenizer without the truncation and padding of its last call, which tokenizer.json would keep."""
    clean = copy.deepcopy(tokenizer)
    if clean.is_fast:
        clean.backend_tokenizer.no_truncation()
        clean.backend_tokenizer.no_padding()
    clean.save_pretrained(folder)
