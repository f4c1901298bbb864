"""Tiny models for tests: a WordPiece tokenizer of letters, BERT from a configuration, a checkpoint folder."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any

import torch
from transformers import (
    CONFIG_MAPPING,
    AutoModel,
    BertConfig,
    BertModel,
    BertTokenizer,
    GPT2Config,
    GPT2Model,
    GPT2Tokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from sentcse.storage.backbones import without_pooling_layer

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = ["a", "the", "is", "of", "and", "in", "to", "man", "woman", "dog", "plays", "sits", "runs", "music", "city"]
CHARACTERS = string.ascii_lowercase + string.digits
VOCABULARY = list(
    dict.fromkeys([*SPECIAL, *WORDS, *string.punctuation, *CHARACTERS, *(f"##{character}" for character in CHARACTERS)])
)
"""Whatever is written in ASCII becomes tokens without [UNK]; common words are one token each."""


def tiny_tokenizer(folder: Path | None = None) -> PreTrainedTokenizerBase:
    """A lower-casing BERT tokenizer; written to `folder` if one is given."""
    tokenizer = BertTokenizer(vocab={token: index for index, token in enumerate(VOCABULARY)}, model_max_length=64)
    if folder is not None:
        tokenizer.save_pretrained(folder)
    return tokenizer


def tiny_config(**overrides: Any) -> BertConfig:
    """Three layers of width 16, two attention heads, 64 positions."""
    settings: dict[str, Any] = {
        "vocab_size": len(VOCABULARY),
        "hidden_size": 16,
        "num_hidden_layers": 3,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "max_position_embeddings": 64,
        # ten times the usual: otherwise so small a model gives all sentences nearly one vector
        "initializer_range": 0.2,
    }
    return BertConfig(**{**settings, **overrides})


def tiny_bert(*, seed: int = 0, **overrides: Any) -> PreTrainedModel:
    """A random BERT without its pooling layer; the same for the same seed, the caller's random state is left alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return BertModel(tiny_config(**overrides), add_pooling_layer=False).eval()


def tiny_checkpoint(folder: Path, *, seed: int = 0, **overrides: Any) -> Path:
    """A Hugging Face folder with `tiny_bert` and `tiny_tokenizer`."""
    folder.mkdir(parents=True, exist_ok=True)
    tiny_bert(seed=seed, **overrides).save_pretrained(folder)
    tiny_tokenizer(folder)
    return folder


def tiny_decoder(folder: Path) -> Path:
    """A Hugging Face folder with a random GPT-2, whose tokenizer can pad and knows no mask token."""
    folder.mkdir(parents=True, exist_ok=True)
    end = "<|endoftext|>"
    vocabulary = {token: index for index, token in enumerate([end, *CHARACTERS])}
    GPT2Tokenizer(vocab=vocabulary, merges=[], pad_token=end, model_max_length=64).save_pretrained(folder)
    sizes: dict[str, Any] = {"n_positions": 64, "n_embd": 16, "n_layer": 1, "n_head": 2}
    config = GPT2Config(vocab_size=len(vocabulary), bos_token_id=0, eos_token_id=0, **sizes)
    GPT2Model(config).save_pretrained(folder)
    return folder


FAMILIES: dict[str, dict[str, Any]] = {
    "bert": {},
    "roberta": {},
    "xlm-roberta": {},
    "mpnet": {},
    "distilbert": {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32},
    "albert": {"embedding_size": 8},
    "electra": {"embedding_size": 8},
    "deberta": {},
    "deberta-v2": {},
    "modernbert": {"cls_token_id": 2, "sep_token_id": 3, "bos_token_id": 2, "eos_token_id": 3},
}
"""Model types that AutoModel builds, and what their configurations name differently."""


def tiny_family(model_type: str, *, seed: int = 0) -> PreTrainedModel:
    """A random two-layer backbone of one of `FAMILIES`, for `tiny_tokenizer`."""
    settings: dict[str, Any] = {"num_hidden_layers": 2, "pad_token_id": 0, **FAMILIES[model_type]}
    if model_type == "distilbert":
        common = tiny_config().to_dict()
        shared = {name: common[name] for name in ("vocab_size", "max_position_embeddings", "initializer_range")}
        config = CONFIG_MAPPING[model_type](**shared, pad_token_id=0, **FAMILIES[model_type])
    else:
        sizes = ("vocab_size", "hidden_size", "num_attention_heads", "intermediate_size", "max_position_embeddings")
        shared = {name: value for name, value in tiny_config().to_dict().items() if name in sizes}
        config = CONFIG_MAPPING[model_type](**shared, initializer_range=0.2, **settings)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return AutoModel.from_config(config, **without_pooling_layer(config)).eval()
