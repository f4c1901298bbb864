"""The layout that is written: read back by our own reader as what it was written from, and file by file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from encoders import make_head

from sentcse.modules.heads import DenseHead, DenseLayer
from sentcse.modules.pooling import POOLERS
from sentcse.storage.model_files import ModelFiles
from sentcse.storage.parts import EncoderRecord
from sentcse.storage.sentence_transformers_reader import read_sentence_transformers_layout
from sentcse.storage.sentence_transformers_writer import write_sentence_transformers_layout

PLAIN: dict[str, Any] = {
    "layers": 3,
    "width": 16,
    "head": [],
    "max_length": 24,
    "leave_pooling_layer_out": False,
    "prompt": "",
    "dimensions": None,
}


def content(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def write(folder: Path, **changes: Any) -> list[str]:
    return write_sentence_transformers_layout(folder, **{**PLAIN, "pooler": "avg", **changes})


def read(folder: Path) -> EncoderRecord:
    return read_sentence_transformers_layout(ModelFiles(str(folder)))


@pytest.mark.parametrize("layers", [2, 12])
@pytest.mark.parametrize("pooler", sorted(POOLERS))
def test_a_pooler_is_read_back(tmp_path: Path, pooler: str, layers: int) -> None:
    assert write(tmp_path, pooler=pooler, layers=layers) == []
    same = {"cls": "cls_before_pooler"}  # without a head
    if layers == 2:
        same["avg_top2"] = "avg_first_last"  # which are the same two
    assert read(tmp_path) == EncoderRecord(same.get(pooler, pooler), None, 24)


@pytest.mark.parametrize("pooler", ["cls", "avg", "avg_top2"])
def test_a_head_prompt_and_dimensions_are_read_back(tmp_path: Path, pooler: str) -> None:
    head = make_head("batchnorm")
    assert head is not None
    layers = head.eval().dense_layers()
    folders = write(tmp_path, pooler=pooler, head=layers, prompt="query: ", dimensions=5)
    first = 3 if pooler == "avg_top2" else 2
    assert folders == [f"{first + number}_Dense" for number in range(len(layers))]
    found = read(tmp_path)
    assert (found.pooler, found.prompt, found.dimensions, found.max_length) == (pooler, "query: ", 5, 24)
    assert isinstance(found.head, DenseHead)
    vectors = torch.randn(7, 16, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(found.head(vectors), head(vectors), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("activation", ["tanh", "relu", "identity"])
def test_an_activation_is_read_back(tmp_path: Path, activation: str) -> None:
    write(tmp_path, head=[DenseLayer(torch.eye(16)[:5].double(), torch.zeros(5), activation)])
    found = read(tmp_path).head
    assert isinstance(found, DenseHead)
    (layer,) = found.dense_layers()
    assert layer.activation == activation
    assert torch.equal(layer.weight, torch.eye(16)[:5])
    config = content(tmp_path / "2_Dense" / "config.json")
    assert (config["in_features"], config["out_features"], config["bias"]) == (16, 5, True)


def test_modules_are_numbered_and_named_as_every_version_knows_them(tmp_path: Path) -> None:
    write(tmp_path, pooler="avg_top2", head=[DenseLayer(torch.eye(16), torch.zeros(16), "tanh")])
    modules = content(tmp_path / "modules.json")
    assert [(module["idx"], module["name"]) for module in modules] == [(n, str(n)) for n in range(4)]
    assert [module["path"] for module in modules] == ["", "1_WeightedLayerPooling", "2_Pooling", "3_Dense"]
    assert all(module["type"].startswith("sentence_transformers.models.") for module in modules)
    assert all((tmp_path / module["path"]).is_dir() for module in modules)


@pytest.mark.parametrize("pooler", ["avg", "avg_top2"])
@pytest.mark.parametrize("leave_out", [False, True])
def test_only_what_is_needed_is_passed_to_transformers(tmp_path: Path, pooler: str, leave_out: bool) -> None:
    write(tmp_path, pooler=pooler, leave_pooling_layer_out=leave_out)
    expected: dict[str, Any] = {"max_seq_length": 24, "do_lower_case": False}
    if pooler == "avg_top2":
        expected["config_args"] = {"output_hidden_states": True}
    if leave_out:
        expected["model_args"] = {"add_pooling_layer": False}
    assert content(tmp_path / "sentence_bert_config.json") == expected
    assert content(tmp_path / "config_sentence_transformers.json") == {"similarity_fn_name": "cosine"}
