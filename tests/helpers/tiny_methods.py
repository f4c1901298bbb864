"""Tiny methods for tests: a batch of sentences of many lengths, a generator, DiffCSE around one."""

from __future__ import annotations

from typing import Any

import torch
from tiny import tiny_bert, tiny_config, tiny_tokenizer
from torch import Tensor
from transformers import BertForMaskedLM

from sentcse.encoder import SentenceEncoder
from sentcse.methods import DiffCSE
from sentcse.methods.generator import Generator
from sentcse.modules.masked_language_model_head import MaskedLanguageModelHead

SENTENCES, TOKENS = 5, 9
NO_DROPOUT = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}


def tiny_batch(views: int = 2) -> dict[str, Tensor]:
    """Random ids of sentences of 3 to 9 tokens, every view alike."""
    drawn = torch.Generator().manual_seed(0)
    ids = torch.randint(5, 60, (SENTENCES, 1, TOKENS), generator=drawn).expand(-1, views, -1).clone()
    lengths = torch.tensor([9, 3, 6, 7, 4])
    mask = (torch.arange(TOKENS) < lengths[:, None]).long().unsqueeze(1).expand(-1, views, -1).clone()
    return {"input_ids": ids * mask, "attention_mask": mask}


def tiny_encoder(pooler: str = "cls_before_pooler", **overrides: Any) -> SentenceEncoder:
    """Random, without dropout unless it is named."""
    return SentenceEncoder(tiny_bert(**{**NO_DROPOUT, **overrides}), tiny_tokenizer(), pooler=pooler)


def tiny_generator(language_model: Any = None, **options: Any) -> Generator:
    """Around a masked language model, which it takes apart; around a random BERT if none is given."""
    model = BertForMaskedLM(tiny_config()) if language_model is None else language_model
    backbone = getattr(model, model.base_model_prefix)
    return Generator(backbone, MaskedLanguageModelHead(model), tiny_tokenizer(), **options)


def tiny_diffcse(rows: int | str | None = 32, *, dropout: float = 0.0, **options: Any) -> DiffCSE:
    """With a lambda of 1, so that both losses are seen in the sum."""
    torch.manual_seed(0)
    noise = {"hidden_dropout_prob": dropout, "attention_probs_dropout_prob": dropout}
    generator = tiny_generator()
    discriminator = tiny_bert(seed=1, **noise)
    options = {"rtd_weight": 1.0, **options}
    return DiffCSE(tiny_encoder(**noise), generator, discriminator, discriminator_rows=rows, **options)
