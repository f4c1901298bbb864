"""Whatever AutoModel builds can be trained: two steps of SimCSE with each family, from a checkpoint folder."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from tiny import FAMILIES, tiny_family, tiny_tokenizer
from torch.utils.data import DataLoader

from sentcse.data.collator import ViewCollator
from sentcse.encoder import SentenceEncoder
from sentcse.methods import SimCSE
from sentcse.methods.optimization import AdamWSettings
from sentcse.modules.dropout import dropout_settings
from sentcse.storage.backbones import load_backbone
from sentcse.storage.tokenizers import load_tokenizer

SENTENCES = ["a man plays music", "the dog runs", "the woman sits in the city", "music of the city"]


class Losses(Callback):
    """Keeps the loss of every step."""

    def __init__(self) -> None:
        self.seen: list[float] = []

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self.seen.append(outputs["loss"].item())


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made = {}
    for model_type in FAMILIES:
        made[model_type] = tmp_path_factory.mktemp(model_type)
        tiny_family(model_type).save_pretrained(made[model_type])
        tiny_tokenizer(made[model_type])
    return made


def train_two_steps(method: SimCSE, batches: int = 2) -> list[float]:
    tokenizer = method.encoder.tokenizer
    rows = [[tokenizer(sentence)["input_ids"]] for sentence in SENTENCES]
    loader = DataLoader(rows * batches, batch_size=len(rows), collate_fn=ViewCollator(tokenizer.pad_token_id, 1))
    losses = Losses()
    trainer = Trainer(
        max_steps=batches,
        accelerator="cpu",
        logger=False,
        callbacks=[losses],
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer.fit(method, loader)
    return losses.seen


@pytest.mark.parametrize("pooler", ["cls_before_pooler", "avg"])
@pytest.mark.parametrize("model_type", sorted(FAMILIES))
def test_two_steps_of_training(folders: dict[str, Path], model_type: str, pooler: str) -> None:
    torch.manual_seed(0)
    folder = folders[model_type]
    # ModernBERT ships with dropout 0
    backbone = load_backbone(folder, dropout=0.1 if model_type == "modernbert" else None)
    assert backbone.config.model_type == model_type
    method = SimCSE(
        SentenceEncoder(backbone, load_tokenizer(folder), pooler=pooler), optimizer=AdamWSettings(learning_rate=1e-3)
    )
    before = {name: parameter.detach().clone() for name, parameter in method.named_parameters()}
    losses = train_two_steps(method)
    assert len(losses) == 2
    assert all(math.isfinite(loss) and loss > 0 for loss in losses)
    same = {name for name, parameter in method.named_parameters() if torch.equal(parameter, before[name])}
    # without a gradient: a key's bias moves all of a row's scores alike; rounding decides whether it stays at 0
    # and the token types of models that have them in name only
    assert {name for name in same if not name.endswith(".bias")} == set()
    vectors = method.evaluation_encoder().encode(SENTENCES)
    assert vectors.shape == (4, 16)
    assert math.isfinite(vectors.sum())


def test_dropout_makes_the_views_differ_in_every_family(folders: dict[str, Path]) -> None:
    for model_type, folder in folders.items():
        backbone = load_backbone(folder, dropout=0.1)
        assert set(dropout_settings(backbone.config).values()) == {0.1}, model_type
        backbone.train()
        ids = torch.tensor([[2, 5, 6, 7, 3]]).repeat(2, 1)
        first, second = backbone(ids, attention_mask=torch.ones_like(ids)).last_hidden_state
        assert not torch.equal(first, second), model_type


def test_modern_bert_needs_dropout_to_be_set(folders: dict[str, Path]) -> None:
    assert set(dropout_settings(load_backbone(folders["modernbert"]).config).values()) == {0.0}
