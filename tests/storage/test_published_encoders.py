"""Checkpoints as their authors published them, tiny, in the layout of the hub's cache; the hub itself is off."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny import tiny_bert, tiny_checkpoint, tiny_config, tiny_tokenizer
from transformers import BertModel

from sentcse.encoder import SentenceEncoder
from sentcse.errors import ConfigError, SentcseError
from sentcse.modules.heads import LinearTanhHead
from sentcse.storage.published_encoders import PUBLISHED_ENCODERS, published_name

SENTENCES = ["A man plays music.", "the dog sits", "The city is in a dog and the woman runs to it"]
UNSUPERVISED = "princeton-nlp/unsup-simcse-bert-base-uncased"
SUPERVISED = "princeton-nlp/sup-simcse-bert-base-uncased"
DIFFCSE = "voidism/diffcse-bert-base-uncased-sts"
MICSE = "sap-ai-research/miCSE"


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "hub"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(folder))
    return folder


def snapshot(hub_cache: Path, name: str) -> Path:
    """The folder that the hub's cache keeps a model in."""
    repository = hub_cache / f"models--{name.replace('/', '--')}"
    folder = repository / "snapshots" / ("0" * 40)
    folder.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0" * 40)
    return folder


def with_pooling_layer() -> BertModel:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        return BertModel(tiny_config()).eval()


def save_simcse(folder: Path) -> Path:
    """As SimCSE's conversion leaves it: the backbone, and the head as its pooling layer."""
    with_pooling_layer().save_pretrained(folder)
    tiny_tokenizer(folder)
    return folder


def save_training_modules(folder: Path, **modules: torch.nn.Module) -> Path:
    """As DiffCSE and miCSE publish it: every module under its own name, in a pytorch_model.bin."""
    config = {**tiny_config().to_dict(), "architectures": ["BertForCL"]}
    (folder / "config.json").write_text(json.dumps(config))
    tiny_tokenizer(folder)
    state = {f"{name}.{key}": value for name, module in modules.items() for key, value in module.state_dict().items()}
    torch.save(state, folder / "pytorch_model.bin")
    return folder


def first_tokens(backbone: torch.nn.Module) -> np.ndarray:
    return SentenceEncoder(backbone, tiny_tokenizer(), pooler="cls_before_pooler").encode(SENTENCES)


def pooling_layer_outputs(model: BertModel) -> np.ndarray:
    batch = tiny_tokenizer()(SENTENCES, return_tensors="pt", padding=True)
    with torch.no_grad():
        return model(**batch).pooler_output.numpy()


def test_supervised_simcse_is_scored_through_its_trained_head(hub_cache: Path) -> None:
    save_simcse(snapshot(hub_cache, SUPERVISED))
    encoder = SentenceEncoder.from_pretrained(SUPERVISED)
    assert (encoder.pooler, encoder.recorded_pooler) == ("cls", "cls")
    np.testing.assert_allclose(encoder.encode(SENTENCES), pooling_layer_outputs(with_pooling_layer()), atol=1e-5)


def test_unsupervised_simcse_is_scored_before_its_head(hub_cache: Path) -> None:
    save_simcse(snapshot(hub_cache, UNSUPERVISED))
    encoder = SentenceEncoder.from_pretrained(UNSUPERVISED)
    assert (encoder.pooler, encoder.head) == ("cls_before_pooler", None)
    before = SentenceEncoder.from_pretrained(UNSUPERVISED, pooler="cls_before_pooler").encode(SENTENCES)
    np.testing.assert_array_equal(encoder.encode(SENTENCES), before)
    through = SentenceEncoder.from_pretrained(UNSUPERVISED, pooler="cls")
    assert (through.pooler, through.recorded_pooler) == ("cls", "cls_before_pooler")
    np.testing.assert_allclose(through.encode(SENTENCES), pooling_layer_outputs(with_pooling_layer()), atol=1e-5)


@pytest.mark.parametrize("name", [DIFFCSE, MICSE])
def test_modules_beside_the_encoder_are_left_alone(hub_cache: Path, name: str) -> None:
    modules = {"bert": tiny_bert(), "mlp": LinearTanhHead(16)}
    if name == DIFFCSE:
        modules |= {"generator": tiny_bert(seed=1), "discriminator": tiny_bert(seed=2)}
    save_training_modules(snapshot(hub_cache, name), **modules)
    encoder = SentenceEncoder.from_pretrained(name)
    assert (encoder.pooler, encoder.head) == ("cls_before_pooler", None)
    np.testing.assert_allclose(encoder.encode(SENTENCES), first_tokens(tiny_bert()), atol=1e-5)
    with pytest.raises(SentcseError, match="holds no trained head, which pooler=cls needs"):
        SentenceEncoder.from_pretrained(name, pooler="cls")


def test_a_supervised_checkpoint_without_its_head_is_refused(hub_cache: Path) -> None:
    tiny_checkpoint(snapshot(hub_cache, SUPERVISED))
    with pytest.raises(SentcseError, match=r"holds no pooling layer \(pooler.dense\)"):
        SentenceEncoder.from_pretrained(SUPERVISED)
    assert SentenceEncoder.from_pretrained(SUPERVISED, pooler="avg").pooler == "avg"


def test_the_folder_of_the_hubs_cache_is_known_and_other_folders_are_not(hub_cache: Path, tmp_path: Path) -> None:
    folder = save_simcse(snapshot(hub_cache, SUPERVISED))
    assert SentenceEncoder.from_pretrained(folder).pooler == "cls"
    copy = tmp_path / "unsup-simcse-bert-base-uncased"
    copy.mkdir()
    save_simcse(copy)
    with pytest.raises(SentcseError, match=r"holds no record of its pooler.*known_as=OWNER/NAME"):
        SentenceEncoder.from_pretrained(copy)
    known = SentenceEncoder.from_pretrained(copy, known_as=SUPERVISED)
    np.testing.assert_array_equal(known.encode(SENTENCES), SentenceEncoder.from_pretrained(folder).encode(SENTENCES))
    with pytest.raises(ConfigError, match="known_as=somebody/else: there is no such published encoder"):
        SentenceEncoder.from_pretrained(copy, known_as="somebody/else")


def test_an_encoders_own_record_comes_first(tmp_path: Path) -> None:
    folder = SentenceEncoder(tiny_bert(), tiny_tokenizer(), pooler="avg").save_pretrained(tmp_path / "encoder")
    assert SentenceEncoder.from_pretrained(folder, known_as=SUPERVISED).pooler == "avg"


@pytest.mark.parametrize(
    "source",
    [
        "princeton-nlp/unsup-simcse",
        "me/unsup-simcse-bert-base-uncased",
        "runs/unsup-simcse-bert-base-uncased",
        "/models--princeton-nlp--unsup-simcse-bert-base-uncased",
        "/models--princeton-nlp--unsup-simcse-bert-base-uncased/other/0000",
        "/princeton-nlp--unsup-simcse-bert-base-uncased/snapshots/0000",
    ],
)
def test_a_part_of_a_name_says_nothing(source: str) -> None:
    assert published_name(source) is None


@pytest.mark.parametrize("name", PUBLISHED_ENCODERS)
def test_every_name_is_found_by_itself_and_in_the_cache(name: str) -> None:
    assert published_name(name) == name
    assert published_name(f"/cache/models--{name.replace('/', '--')}/snapshots/abc") == name
