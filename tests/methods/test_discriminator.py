"""DiffCSE as it is built from checkpoints: which encoders it takes, and which generators."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from tiny import FAMILIES, tiny_checkpoint, tiny_config, tiny_family, tiny_tokenizer
from transformers import BertForMaskedLM, ElectraConfig, ElectraForMaskedLM, ElectraModel, XLNetConfig, XLNetModel

from sentcse.data.collator import ViewCollator
from sentcse.encoder import SentenceEncoder
from sentcse.errors import SentcseError
from sentcse.methods import DiffCSE
from sentcse.methods.building import Origin
from sentcse.methods.optimization import AdamWSettings
from sentcse.storage.backbones import load_backbone
from sentcse.storage.tokenizers import load_tokenizer

SENTENCES = ["a man plays music", "the dog runs", "the woman sits in the city", "music of the city"]
NARROW = {"albert", "electra"}
"""Families whose tiny embeddings have 8 values and whose states have 16."""


def build(encoder: Path, generator: Path | None) -> DiffCSE:
    return DiffCSE.build(
        SentenceEncoder(load_backbone(encoder), load_tokenizer(encoder), pooler="cls_before_pooler"),
        origin=Origin(str(encoder)),
        generator=None if generator is None else Origin(str(generator)),
        optimizer=AdamWSettings(),
    )


def loss_of_a_step(method: DiffCSE) -> float:
    tokenizer = method.encoder.tokenizer
    rows = [[tokenizer(sentence)["input_ids"]] for sentence in SENTENCES]
    loss = method.compute_losses(ViewCollator(tokenizer.pad_token_id, 2)(rows)).total()
    loss.backward()
    return loss.item()


def electra(embedding_size: int) -> ElectraConfig:
    sizes = {name: value for name, value in tiny_config().to_dict().items() if name in ElectraConfig().to_dict()}
    return ElectraConfig(**{**sizes, "model_type": "electra", "embedding_size": embedding_size})


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generator")
    BertForMaskedLM(tiny_config()).save_pretrained(folder)
    tiny_tokenizer(folder)
    return folder


@pytest.mark.parametrize("model_type", sorted(FAMILIES))
def test_an_encoder_is_trained_or_refused_before_anything_is_scored(
    tmp_path: Path, generator: Path, model_type: str
) -> None:
    tiny_family(model_type).save_pretrained(tmp_path)
    tiny_tokenizer(tmp_path)
    if model_type not in NARROW:
        assert math.isfinite(loss_of_a_step(build(tmp_path, generator)))
        return
    # also before a generator is asked for, which the user would train for nothing
    for each in (generator, None):
        with pytest.raises(SentcseError, match=r"its embeddings have 8 values and its states 16") as fault:
            build(tmp_path, each)
    assert str(tmp_path) in str(fault.value)


def test_an_architecture_without_a_module_of_embeddings_is_refused(tmp_path: Path, generator: Path) -> None:
    tokenizer = tiny_tokenizer(tmp_path)
    sizes = {"d_model": 16, "n_layer": 2, "n_head": 2, "d_inner": 16}
    XLNetModel(XLNetConfig(vocab_size=len(tokenizer), **sizes)).save_pretrained(tmp_path)
    with pytest.raises(SentcseError, match=r"cannot train .*: it is a xlnet model.* choose an encoder such as BERT"):
        build(tmp_path, generator)


def test_the_architecture_does_not_decide_but_the_width(tmp_path: Path, generator: Path) -> None:
    ElectraModel(electra(embedding_size=16)).save_pretrained(tmp_path)
    tiny_tokenizer(tmp_path)
    assert math.isfinite(loss_of_a_step(build(tmp_path, generator)))


def test_a_generator_may_have_embeddings_of_any_width(tmp_path: Path) -> None:
    ElectraForMaskedLM(electra(embedding_size=8)).save_pretrained(tmp_path / "generator")
    tiny_tokenizer(tmp_path / "generator")
    method = build(tiny_checkpoint(tmp_path / "encoder"), tmp_path / "generator")
    assert math.isfinite(loss_of_a_step(method))


def test_looking_at_the_width_draws_nothing(tmp_path: Path) -> None:
    """The classifier's weights come after it, from the run's seed."""
    folder = tiny_checkpoint(tmp_path)
    encoder = SentenceEncoder(load_backbone(folder, dropout=0.5), load_tokenizer(folder), pooler="cls_before_pooler")
    before = torch.random.get_rng_state()
    with pytest.raises(SentcseError, match="needs a generator"):
        DiffCSE.build(encoder.train(), origin=Origin(str(folder)), generator=None, optimizer=AdamWSettings())
    assert torch.equal(torch.random.get_rng_state(), before)
