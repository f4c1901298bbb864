from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
import torch
from pytorch_lightning import Trainer
from tiny import tiny_bert, tiny_checkpoint, tiny_config, tiny_tokenizer
from torch.utils.data import DataLoader
from transformers import BertForMaskedLM

import sentcse
from sentcse.encoder import SentenceEncoder
from sentcse.errors import SentcseError
from sentcse.methods.base import Method
from sentcse.methods.optimization import AdamWSettings
from sentcse.modules.lora import LoRA, lora_of

METHODS = ("SimCSE", "DiffCSE", "MiCSE")
SENTENCES = ["A man plays music.", "The dog", "The woman sits in the city", "a"]


@pytest.fixture
def names(tmp_path: Path) -> dict[str, Path]:
    """Folders of an encoder and of a masked language model with its vocabulary."""
    torch.manual_seed(1)
    generator = tmp_path / "generator"
    BertForMaskedLM(tiny_config(num_hidden_layers=1)).save_pretrained(generator)
    tiny_tokenizer(generator)
    return {"encoder": tiny_checkpoint(tmp_path / "encoder"), "generator": generator}


def made(method: str, names: dict[str, Path], **options: Any) -> Method:
    torch.manual_seed(0)
    generator = {"generator": names["generator"]} if method == "DiffCSE" else {}
    chosen: type[Method] = getattr(sentcse, method)
    return chosen.from_pretrained(names["encoder"], **generator, **options)


def trained(module: Method, folder: Path) -> Path:
    """The checkpoint after two steps by a trainer that knows nothing of sentcse."""
    ids = module.encoder.tokenizer(SENTENCES, padding=True, return_tensors="pt")
    batch = {name: ids[name].unsqueeze(1).repeat(1, 2, 1) for name in ("input_ids", "attention_mask")}
    trainer = Trainer(
        max_steps=2,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(module, DataLoader([batch] * 2, batch_size=None))
    trainer.save_checkpoint(folder / "mine.ckpt")
    return folder / "mine.ckpt"


@pytest.mark.parametrize("method", METHODS)
def test_a_checkpoint_alone_gives_the_method_back(method: str, names: dict[str, Path], tmp_path: Path) -> None:
    options: dict[str, Any] = {"temperature": 0.1, "head": "linear_tanh"} | (
        {"masking_ratio": 0.5, "rtd_weight": 0.1} if method == "DiffCSE" else {}
    )
    module = made(method, names, optimizer=AdamWSettings(learning_rate=1e-3, betas=(0.8, 0.9)), **options)
    path = trained(module, tmp_path)
    (names["encoder"] / "model.safetensors").unlink()
    again = type(module).load_from_checkpoint(path)
    for (name, expected), (other, found) in zip(module.state_dict().items(), again.state_dict().items(), strict=True):
        assert name == other
        assert torch.equal(expected, found), name
    assert again.optimizer_settings == module.optimizer_settings
    assert vars(again)["temperature"] == 0.1
    assert again.made_of() == module.made_of()
    assert again.training
    if method == "DiffCSE":
        assert vars(again)["_generator"][0].masking_ratio == 0.5
    encoded = [each.evaluation_encoder().encode(SENTENCES) for each in (module, again)]
    assert (encoded[0] == encoded[1]).all()


@pytest.mark.parametrize("method", METHODS)
def test_with_lora_adapters_and_heads_alone_are_trained(method: str, names: dict[str, Path], tmp_path: Path) -> None:
    pytest.importorskip("peft")
    lora = LoRA(rank=2, targets=["query", "dense"])
    module = made(method, names, lora=lora, optimizer=AdamWSettings(learning_rate=1e-2))
    before = {name: each.clone() for name, each in module.state_dict().items()}
    path = trained(module, tmp_path)
    moved = {name for name, each in module.state_dict().items() if not torch.equal(each, before[name])}
    learned = {name for name, each in module.named_parameters() if each.requires_grad}
    assert all(".lora_" in name or name.startswith(("head.", "rtd_head.")) for name in learned)
    # all that moved was to be learned (BatchNorm counts), and in every backbone something was
    assert {name for name in moved if "running" not in name and "num_batches" not in name} <= learned
    backbones = {name.partition(".")[0] for name in moved if ".lora_B." in name}
    assert backbones == ({"encoder", "discriminator"} if method == "DiffCSE" else {"encoder"})
    groups = torch.load(path, weights_only=True)["optimizer_states"][0]["param_groups"]
    assert sum(len(group["params"]) for group in groups) == len(learned)
    (names["encoder"] / "model.safetensors").unlink()
    again = type(module).load_from_checkpoint(path)
    for (name, expected), (other, found) in zip(module.state_dict().items(), again.state_dict().items(), strict=True):
        assert name == other
        assert torch.equal(expected, found), name
    assert {name for name, each in again.named_parameters() if each.requires_grad} == learned
    assert lora_of(again.encoder.backbone) == lora


def test_the_masked_language_model_term_comes_back(names: dict[str, Path], tmp_path: Path) -> None:
    torch.manual_seed(0)
    module = sentcse.SimCSE.from_pretrained(names["generator"], mlm_weight=0.1)
    again = sentcse.SimCSE.load_from_checkpoint(trained(module, tmp_path))
    assert module.mlm_head is not None
    assert again.mlm_head is not None
    states = torch.randn(3, 16)
    assert torch.equal(module.mlm_head.eval()(states), again.mlm_head.eval()(states))


def test_a_module_of_a_constructor_comes_back(tmp_path: Path) -> None:
    encoder = SentenceEncoder(tiny_bert(), tiny_tokenizer(), pooler="avg")
    path = trained(sentcse.SimCSE(encoder, head="none", temperature=1.0), tmp_path)
    again = sentcse.SimCSE.load_from_checkpoint(path)
    assert (again.temperature, again.encoder.pooler) == (1.0, "avg")
    other = sentcse.SimCSE.load_from_checkpoint(path, temperature=2.0)
    assert other.temperature == 2.0


def test_a_checkpoint_of_an_earlier_version_has_its_recipe(names: dict[str, Path], tmp_path: Path) -> None:
    module = made("SimCSE", names, temperature=0.07)
    path = trained(module, tmp_path)
    stored = torch.load(path, weights_only=True)
    del stored["sentcse"]["method"]
    stored["sentcse"]["record"] = {
        "recipe": {
            "method._target_": "sentcse.methods.SimCSE",
            "method.temperature": 0.07,
            "optimizer.learning_rate": 0.5,
        }
    }
    torch.save(stored, path)
    again = sentcse.SimCSE.load_from_checkpoint(path)
    assert (again.temperature, again.optimizer_settings.learning_rate) == (0.07, 0.5)


def test_a_checkpoint_of_another_method(names: dict[str, Path], tmp_path: Path) -> None:
    path = trained(made("SimCSE", names), tmp_path)
    with pytest.raises(SentcseError, match=r"mine\.ckpt was written while training SimCSE, which is not MiCSE"):
        sentcse.MiCSE.load_from_checkpoint(path)


def test_a_generator_that_has_moved(names: dict[str, Path], tmp_path: Path) -> None:
    path = trained(made("DiffCSE", names), tmp_path)
    moved = names["generator"].rename(tmp_path / "moved")
    with pytest.raises(SentcseError, match="generator"):
        sentcse.DiffCSE.load_from_checkpoint(path)
    again = sentcse.DiffCSE.load_from_checkpoint(path, generator=moved)
    assert again.made_of()["generator"]["name_or_path"] == str(moved)


@pytest.mark.parametrize("said", [None, "SimCSE", {"class": "SimCSE"}, {"class": "SimCSE", "generator": 3}])
def test_a_checkpoint_that_does_not_say_how(said: Any, names: dict[str, Path], tmp_path: Path) -> None:
    path = trained(made("SimCSE", names), tmp_path)
    stored = torch.load(path, weights_only=True)
    if said is None:  # of an earlier version, by a trainer of one's own
        del stored["sentcse"]["method"]
    else:
        stored["sentcse"]["method"] = said
    torch.save(stored, path)
    with pytest.raises(
        SentcseError, match=r"mine\.ckpt does not say how its method was made \(.*\): make it as it was"
    ):
        sentcse.SimCSE.load_from_checkpoint(path)


@pytest.mark.parametrize("method", METHODS)
def test_a_name_is_no_encoder(method: str) -> None:
    """The published classes take one, and have the same names."""
    for arguments, options in ((("some/name",), {}), ((), {"encoder": "some/name"})):
        with pytest.raises(ValueError, match=rf"must be a SentenceEncoder, got 'some/name': {method} .*compat"):
            getattr(sentcse, method)(*arguments, **options)


def test_the_signature_is_the_constructor_s() -> None:
    assert "temperature" in inspect.signature(sentcse.SimCSE).parameters
