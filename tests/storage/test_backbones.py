from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny import tiny_bert, tiny_checkpoint, tiny_config, tiny_tokenizer
from transformers import CONFIG_MAPPING, T5Config, T5EncoderModel
from transformers.utils import logging as transformers_logging

from sentcse.errors import SentcseError
from sentcse.modules.dropout import dropout_settings, set_dropout
from sentcse.storage import backbones as loading
from sentcse.storage.backbones import check_source, load_backbone, quiet_transformers
from sentcse.storage.tokenizers import load_tokenizer


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return tiny_checkpoint(tmp_path / "tiny")


def edit_json(path: Path, **changes: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_the_backbone_has_its_weights_and_no_pooling_layer(checkpoint: Path) -> None:
    backbone = load_backbone(checkpoint)
    expected = tiny_bert().state_dict()
    assert backbone.state_dict().keys() == expected.keys()
    assert not any("pooler" in name for name in expected)
    assert all(torch.equal(value, expected[name]) for name, value in backbone.state_dict().items())


def test_weights_are_float32_whatever_the_checkpoint_has(tmp_path: Path) -> None:
    tiny_bert().half().save_pretrained(tmp_path)
    assert {p.dtype for p in load_backbone(tmp_path).parameters()} == {torch.float32}


def test_dropout_is_set_everywhere(checkpoint: Path) -> None:
    backbone = load_backbone(checkpoint, dropout=0.3)
    found = {module.p for module in backbone.modules() if isinstance(module, torch.nn.Dropout)}
    assert found == {0.3}
    assert {module.p for module in load_backbone(checkpoint).modules() if isinstance(module, torch.nn.Dropout)} == {0.1}


@pytest.mark.parametrize(
    ("model_type", "names"),
    [
        ("bert", {"hidden_dropout_prob", "attention_probs_dropout_prob"}),
        ("distilbert", {"dropout", "attention_dropout"}),
        ("modernbert", {"embedding_dropout", "attention_dropout", "mlp_dropout"}),
    ],
)
def test_dropout_settings_leave_classifiers_out(model_type: str, names: set[str]) -> None:
    config = CONFIG_MAPPING[model_type]()
    assert set(dropout_settings(config)) == names
    set_dropout(config, 0.25)
    assert set(dropout_settings(config).values()) == {0.25}


def test_an_encoder_decoder_is_refused(tmp_path: Path) -> None:
    T5Config(vocab_size=20, d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2).save_pretrained(tmp_path)
    with pytest.raises(SentcseError, match=r"is an encoder-decoder \(t5\)"):
        load_backbone(tmp_path)
    assert T5EncoderModel  # exists, and would be another thing to load


def test_missing_weights_are_refused(checkpoint: Path) -> None:
    weights = load_file(checkpoint / "model.safetensors")
    del weights["encoder.layer.2.output.dense.weight"]
    save_file(weights, checkpoint / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(SentcseError, match=r"lacks 1 weights of a bert encoder \(encoder.layer.2.output.dense.weight"):
        load_backbone(checkpoint)


@pytest.mark.parametrize("damage", ["config", "config_of_no_model", "weights", "no_weights"])
def test_damaged_checkpoints(checkpoint: Path, damage: str) -> None:
    if damage == "config":
        (checkpoint / "config.json").write_text('{"model_type": "be')
    elif damage == "config_of_no_model":
        (checkpoint / "config.json").write_text('{"hidden_size": 16}')
    elif damage == "weights":
        (checkpoint / "model.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0{}")
    else:
        (checkpoint / "model.safetensors").unlink()
    with pytest.raises(SentcseError, match="cannot be read as a checkpoint") as fault:
        load_backbone(checkpoint)
    assert "\n" not in str(fault.value)


def test_other_shapes_than_the_configuration_says(checkpoint: Path) -> None:
    edit_json(checkpoint / "config.json", intermediate_size=64)
    with pytest.raises(SentcseError, match=r"has the shape \(32,\), where its config.json asks for \(64,\)"):
        load_backbone(checkpoint)


def test_sources_that_cannot_be_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(SentcseError, match=r"empty holds no checkpoint: config.json is missing"):
        check_source("empty")
    for name in ("/no/such/folder", "./missing", "~/missing-folder", "a/b/c", "file"):
        with pytest.raises(SentcseError, match="is not a folder: give a folder in Hugging Face layout"):
            check_source(name)
    for name in ("bert-base-uncased/", "bert base uncased", r"C:\models\bert", "C:model"):
        with pytest.raises(SentcseError, match="neither a folder nor a name that the model hub takes: give") as fault:
            check_source(name)
        assert str(fault.value).startswith(f"{name} is neither")
    assert check_source("bert-base-uncased") == "bert-base-uncased"
    assert check_source("owner/name") == "owner/name"


def test_a_hub_name_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "hub_is_reachable", lambda: False)
    monkeypatch.setattr(loading, "is_offline_by_choice", lambda: False)
    with pytest.raises(SentcseError, match="the hub cannot be reached: name a local folder") as fault:
        load_backbone("owner/no-such-model")
    assert "for example /path/to/no-such-model (" in str(fault.value)
    monkeypatch.setattr(loading, "is_offline_by_choice", lambda: True)
    with pytest.raises(SentcseError, match=r"switched off \(HF_HUB_OFFLINE\)"):
        load_tokenizer("owner/no-such-model")


def test_transformers_gets_its_voice_back() -> None:
    verbosity, bars = transformers_logging.get_verbosity(), transformers_logging.is_progress_bar_enabled()
    with contextlib.suppress(RuntimeError), quiet_transformers():
        assert transformers_logging.get_verbosity() == transformers_logging.ERROR
        raise RuntimeError
    assert transformers_logging.get_verbosity() == verbosity
    assert transformers_logging.is_progress_bar_enabled() == bars


def test_loading_twice_gives_the_same_and_uses_no_global_configuration(checkpoint: Path) -> None:
    load_backbone(checkpoint, dropout=0.0)
    assert dropout_settings(load_backbone(checkpoint).config) == dropout_settings(tiny_config())
    assert tiny_tokenizer().pad_token_id == 0


def test_a_run_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "simcse_bert_seed42_1a2b3c4d").mkdir(parents=True)
    (tmp_path / "runs" / "simcse_bert_seed42_1a2b3c4d" / "config.yaml").touch()
    with pytest.raises(SentcseError, match=r"runs is a folder of runs: name one of them, for example runs/simcse_bert"):
        check_source("runs")
    with pytest.raises(
        SentcseError, match=r"does not exist; runs holds other runs\. Did you mean runs/simcse_bert_seed42"
    ):
        check_source("runs/simcse_bert_seed42_1a2b3c4e")
    assert check_source("bert-base-uncased") == "bert-base-uncased"
    monkeypatch.chdir(tmp_path / "runs")
    assert check_source("bert-base-uncased") == "bert-base-uncased"
    assert check_source("owner/name") == "owner/name"
