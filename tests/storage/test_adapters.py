"""An adapter beside its encoder: written in peft's layout, opened on the model that it belongs to."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from encoders import SENTENCES, assert_three_way, make_lora, write_checkpoint
from safetensors.torch import load_file, save_file
from tiny import tiny_bert, tiny_checkpoint, tiny_tokenizer
from transformers import AutoModel

from sentcse.encoder import SentenceEncoder
from sentcse.errors import SentcseError
from sentcse.methods import SimCSE
from sentcse.modules.lora import LoRA, adapt
from sentcse.storage.adapters import ADAPTER_CONFIG, ADAPTER_FOLDER, ADAPTER_WEIGHTS, adapter_base, is_adapter
from sentcse.storage.opening import open_backbone

peft = pytest.importorskip("peft")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    folder = tmp_path / "base"
    tiny_bert().save_pretrained(folder)
    tiny_tokenizer(folder)
    return folder


@pytest.fixture
def exported(tmp_path: Path, base: Path) -> Path:
    encoder = make_lora(LoRA(rank=4))
    encoder.backbone.config._name_or_path = str(base)
    return encoder.save_pretrained(tmp_path / "encoder")


@pytest.mark.parametrize(("pooler", "head"), [("avg", None), ("cls", "linear_tanh"), ("avg", "batchnorm")])
def test_the_export_is_merged_and_the_adapter_opens_as_it(
    tmp_path: Path, base: Path, pooler: str, head: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    encoder = make_lora(LoRA(rank=4), pooler=pooler, head=head)
    encoder.backbone.config._name_or_path = str(base)
    expected = encoder.encode(SENTENCES)
    assert_three_way(encoder, tmp_path / "encoder")
    adapter = tmp_path / "encoder" / ADAPTER_FOLDER
    assert is_adapter(adapter)
    for opened in (
        SentenceEncoder.from_pretrained(adapter),
        SentenceEncoder.from_pretrained(base, adapter=adapter),
        SentenceEncoder.from_pretrained(base, adapter=f"~/encoder/{ADAPTER_FOLDER}"),
        SentenceEncoder.from_pretrained(tmp_path / "encoder"),
    ):
        np.testing.assert_allclose(opened.encode(SENTENCES), expected, atol=1e-6)
    without = SentenceEncoder.from_pretrained(base, pooler="avg").encode(SENTENCES)
    assert without.shape != expected.shape or np.abs(without - expected).max() > 0.1


def test_peft_opens_the_adapter(exported: Path, base: Path) -> None:
    opened = peft.PeftModel.from_pretrained(AutoModel.from_pretrained(base), str(exported / ADAPTER_FOLDER))
    plain = opened.merge_and_unload().state_dict()
    for name, weights in load_file(exported / "model.safetensors").items():
        torch.testing.assert_close(plain[name], weights)


def test_an_adapter_of_peft_opens_without_a_record_and_can_be_trained_on(tmp_path: Path, base: Path) -> None:
    torch.manual_seed(3)
    made = peft.get_peft_model(
        AutoModel.from_pretrained(base), peft.LoraConfig(r=2, target_modules=["query"], init_lora_weights=False)
    )
    made.save_pretrained(tmp_path / "mine")
    backbone, _ = open_backbone(str(tmp_path / "mine"))
    assert all(each.requires_grad for each in backbone.parameters())
    expected = made.merge_and_unload().state_dict()
    weight = "encoder.layer.0.attention.self.query.weight"
    torch.testing.assert_close(backbone.state_dict()[weight], expected[weight])
    with pytest.raises(SentcseError, match="holds no record of its pooler"):
        SentenceEncoder.from_pretrained(tmp_path / "mine")
    encoder = SentenceEncoder.from_pretrained(base, adapter=tmp_path / "mine", pooler="avg")
    torch.testing.assert_close(encoder.backbone.state_dict()[weight], expected[weight])


def test_an_adapter_of_another_architecture_is_refused(exported: Path, tmp_path: Path) -> None:
    other = tiny_checkpoint(tmp_path / "other", hidden_size=8)
    shallow = tiny_checkpoint(tmp_path / "shallow", num_hidden_layers=1)
    for model in (other, shallow):
        with pytest.raises(SentcseError, match="adapter cannot be read as an adapter of this model"):
            SentenceEncoder.from_pretrained(model, adapter=exported / ADAPTER_FOLDER)


def test_a_renamed_weight_is_not_passed_over(exported: Path) -> None:
    weights = exported / ADAPTER_FOLDER / ADAPTER_WEIGHTS
    (exported / ADAPTER_FOLDER / "sentcse.json").unlink()  # which would tell by its SHA-256
    save_file({f"x.{name}": tensor for name, tensor in load_file(weights).items()}, weights)
    with pytest.raises(SentcseError, match="is in one of the two alone"):
        SentenceEncoder.from_pretrained(exported / ADAPTER_FOLDER, pooler="avg")


@pytest.mark.parametrize("begins_with", ["adapter", "checkpoint", "relative"])
def test_an_adapter_names_the_weights_that_it_was_trained_on(
    tmp_path: Path, exported: Path, monkeypatch: pytest.MonkeyPatch, begins_with: str
) -> None:
    """Not the model that those came from: an adapter of an adapter or of a run's checkpoint; a folder by its path."""
    sources = {"adapter": exported / ADAPTER_FOLDER, "checkpoint": tmp_path / "run.ckpt", "relative": Path("encoder")}
    write_checkpoint(sources["checkpoint"], SentenceEncoder.from_pretrained(exported), None)
    monkeypatch.chdir(tmp_path)
    method = SimCSE.from_pretrained(sources[begins_with], pooler="avg", head="none", lora=LoRA(rank=2, targets=["key"]))
    for name, each in method.encoder.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(each)
    made = method.encoder.save_pretrained(tmp_path / "made")
    monkeypatch.chdir("/")
    opened = SentenceEncoder.from_pretrained(made / ADAPTER_FOLDER).encode(SENTENCES)
    np.testing.assert_allclose(opened, SentenceEncoder.from_pretrained(made).encode(SENTENCES), atol=1e-6)
    assert np.abs(opened - SentenceEncoder.from_pretrained(exported).encode(SENTENCES)).max() > 0.1


def test_no_name_has_a_model_with_an_adapter_of_another_place(tmp_path: Path, base: Path, exported: Path) -> None:
    encoder = SentenceEncoder.from_pretrained(base, adapter=exported / ADAPTER_FOLDER)
    adapt(encoder.backbone, LoRA(rank=2))
    with pytest.raises(SentcseError, match="does not say of which model"):
        SentenceEncoder.from_pretrained(encoder.save_pretrained(tmp_path / "made") / ADAPTER_FOLDER)


def test_a_model_of_the_hub_is_named_with_its_commit(
    tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    repository = tmp_path / "hub" / "models--me--tiny"
    (repository / "snapshots").mkdir(parents=True)
    base.rename(repository / "snapshots" / ("0" * 40))
    tiny_checkpoint(repository / "snapshots" / ("1" * 40), hidden_size=8)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0" * 40)
    backbone, tokenizer = open_backbone("me/tiny")
    adapt(backbone, LoRA(rank=2))
    made = SentenceEncoder(backbone, tokenizer, pooler="avg").save_pretrained(tmp_path / "made")
    assert adapter_base(made / ADAPTER_FOLDER) == ("me/tiny", "0" * 40)
    (repository / "refs" / "main").write_text("1" * 40)  # somebody uploads another
    opened = SentenceEncoder.from_pretrained(made / ADAPTER_FOLDER).encode(SENTENCES)
    np.testing.assert_allclose(opened, SentenceEncoder.from_pretrained(made).encode(SENTENCES), atol=1e-6)


def test_a_model_that_is_gone_is_named_with_its_adapter(exported: Path, base: Path) -> None:
    base.rename(base.with_name("moved"))
    with pytest.raises(SentcseError, match=r"encoder/adapter is an adapter of .*/base, which cannot be opened: .*base"):
        SentenceEncoder.from_pretrained(exported / ADAPTER_FOLDER)


def test_a_folder_without_an_adapter_and_one_without_a_model(exported: Path, base: Path) -> None:
    with pytest.raises(SentcseError, match=r"base holds no adapter: expected a local folder .*adapter_config\.json"):
        SentenceEncoder.from_pretrained(base, adapter=base, pooler="avg")
    config = exported / ADAPTER_FOLDER / ADAPTER_CONFIG
    config.write_text(json.dumps({**json.loads(config.read_text()), "base_model_name_or_path": None}))
    with pytest.raises(SentcseError, match=r"does not say of which model: name it in base_model_name_or_path"):
        SentenceEncoder.from_pretrained(exported / ADAPTER_FOLDER)
    config.write_text(json.dumps({"base_model_name_or_path": str(config.parent)}))
    with pytest.raises(SentcseError, match="does not say of which model"):  # and is not opened for ever
        SentenceEncoder.from_pretrained(exported / ADAPTER_FOLDER)
    config.write_text("{")
    with pytest.raises(SentcseError, match="cannot be read as an adapter of this model"):
        SentenceEncoder.from_pretrained(exported / ADAPTER_FOLDER)
