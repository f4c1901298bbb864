"""Encoders of every pooler and head, saved and written as checkpoints, for the tests of storage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny import VOCABULARY, tiny_bert, tiny_tokenizer
from torch import nn
from transformers import RobertaConfig, RobertaModel

from sentcse.encoder import SentenceEncoder
from sentcse.modules.heads import BatchNormHead, LinearTanhHead
from sentcse.modules.lora import LoRA, adapt
from sentcse.modules.pooling import POOLERS
from sentcse.storage.checkpoint import encoder_entry

SENTENCES = [
    "A man plays music in the city.",
    "Dogs!",
    "The woman sits, and the dog runs to the man of the city; the end is cut off here because it is long.",
    "",
    "Two words",
]


MAX_LENGTH = 24


HEADS = [None, "linear_tanh", "batchnorm"]


COMBINATIONS = [(pooler, head) for pooler in POOLERS for head in HEADS if (pooler, head) != ("cls", None)]


def make_head(name: str | None) -> nn.Module | None:
    if name is None:
        return None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        if name == "linear_tanh":
            head: nn.Module = LinearTanhHead(16)
            nn.init.normal_(head.dense.weight, std=0.3)
            nn.init.normal_(head.dense.bias)
            return head
        head = BatchNormHead(16)
        for linear in (head.net[0], head.net[3]):
            nn.init.normal_(linear.weight, std=0.3)
        # statistics and affine weights far from where they start, so that folding is seen
        for norm in (head.net[1], head.net[4]):
            norm.running_mean.normal_()
            norm.running_var.uniform_(2.0, 6.0)
        nn.init.uniform_(head.net[1].weight, 0.5, 2.0)
        nn.init.normal_(head.net[1].bias)
        return head


def make_encoder(pooler: str = "avg", head: str | None = None, **overrides: object) -> SentenceEncoder:
    return SentenceEncoder(
        tiny_bert(**overrides), tiny_tokenizer(), pooler=pooler, head=make_head(head), max_length=MAX_LENGTH
    )


def make_roberta(pooler: str, head: str | None) -> SentenceEncoder:
    config = RobertaConfig(
        vocab_size=len(VOCABULARY), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=40, initializer_range=0.2, pad_token_id=0, bos_token_id=2, eos_token_id=3,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        backbone = RobertaModel(config, add_pooling_layer=False)
    return SentenceEncoder(backbone, tiny_tokenizer(), pooler=pooler, head=make_head(head), max_length=MAX_LENGTH)


def assert_three_way(encoder: SentenceEncoder, folder: Path) -> None:
    expected = encoder.encode(SENTENCES)
    assert np.abs(expected[0] - expected[1]).max() > 2e-3  # what follows compares no constants
    encoder.save_pretrained(folder)
    again = SentenceEncoder.from_pretrained(folder)
    assert (again.pooler, again.max_length) == (encoder.pooler, MAX_LENGTH)
    np.testing.assert_allclose(again.encode(SENTENCES), expected, rtol=0, atol=1e-5)
    sentence_transformers = pytest.importorskip("sentence_transformers")
    other = sentence_transformers.SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    assert other.max_seq_length == MAX_LENGTH
    np.testing.assert_allclose(other.encode(SENTENCES), expected, rtol=0, atol=1e-5)
    np.testing.assert_allclose(other.encode(SENTENCES, batch_size=1), expected, rtol=0, atol=1e-5)


RECORD = {"method": "simcse", "data": {"sentences": 12}}


def write_checkpoint(path: Path, encoder: SentenceEncoder, head_name: str | None, **changes: Any) -> Path:
    """As a LightningModule does that trains `encoder` with a head beside it."""
    state = {f"encoder.backbone.{name}": tensor for name, tensor in encoder.backbone.state_dict().items()}
    head = encoder.head if encoder.head is not None else make_head("linear_tanh")
    assert head is not None
    state |= {f"head.{name}": tensor for name, tensor in head.state_dict().items()}
    state["generator.weight"] = torch.zeros(3)
    description = {"format": 1, "encoder": encoder_entry(encoder.parts(), head_name), "record": RECORD}
    torch.save({"state_dict": state, "global_step": 7, "sentcse": description} | changes, path)
    return path


def make_adapted(*, inside: bool = False) -> SentenceEncoder:
    """An encoder with LoRA of PEFT that changes its vectors: around the backbone, or put into it."""
    peft = pytest.importorskip("peft")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        settings = peft.LoraConfig(r=4, target_modules=["query", "value"], init_lora_weights=False)
        backbone: Any = tiny_bert()
        if inside:
            backbone.add_adapter(settings)
        else:
            backbone = peft.get_peft_model(backbone, settings)
    return SentenceEncoder(backbone, tiny_tokenizer(), pooler="avg", max_length=MAX_LENGTH)


def make_lora(lora: LoRA, *, pooler: str = "avg", head: str | None = None) -> SentenceEncoder:
    """An encoder with adapters that change its vectors, as training leaves them."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        backbone = tiny_bert()
        adapt(backbone, lora)
        for name, each in backbone.named_parameters():
            if ".lora_B." in name:
                nn.init.normal_(each, std=0.5)
    return SentenceEncoder(
        backbone, tiny_tokenizer(), pooler=pooler, head=make_head(head), max_length=MAX_LENGTH
    ).eval()


def flip_a_bit(path: Path, find: bytes) -> None:
    content = bytearray(path.read_bytes())
    content[content.index(find)] ^= 1
    path.write_bytes(bytes(content))
