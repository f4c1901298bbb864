"""Training checkpoints of the published code, opened: the vectors are those of its own forward."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from published_layouts import (
    SENTENCES,
    batchnorm,
    converted,
    diffcse_state,
    inside,
    linear_tanh,
    micse_state,
    published_forward,
    roberta,
    simcse_state,
    write_folder,
)
from safetensors.torch import save_file
from tiny import tiny_bert, tiny_checkpoint

from sentcse.encoder import SentenceEncoder
from sentcse.errors import SentcseError
from sentcse.storage.published_training import open_published_training


def vectors(source: Path, base_model: Path | None = None, pooler: str | None = None) -> np.ndarray:
    _, parts = open_published_training(
        str(source), base_model=None if base_model is None else str(base_model), pooler=pooler
    )
    return SentenceEncoder.from_parts(parts).encode(SENTENCES)


@pytest.mark.parametrize("pooler", ["cls", "cls_before_pooler", "avg_first_last"])
def test_simcse(tmp_path: Path, pooler: str) -> None:
    expected = published_forward(tiny_bert(), pooler, linear_tanh())
    folder = write_folder(tmp_path / "plain", simcse_state(mlm=True))
    np.testing.assert_allclose(vectors(folder, pooler=pooler), expected, atol=1e-5)
    other = write_folder(tmp_path / "converted", converted(simcse_state(), head="pooler"))
    np.testing.assert_allclose(vectors(other, pooler=pooler), expected, atol=1e-5)


def test_diffcse_is_scored_before_its_head_unless_it_is_asked_for(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "diffcse", diffcse_state())
    np.testing.assert_allclose(vectors(folder), published_forward(tiny_bert(), "cls_before_pooler"), atol=1e-5)
    through = published_forward(tiny_bert(), "cls", batchnorm())
    np.testing.assert_allclose(vectors(folder, pooler="cls"), through, atol=1e-5)
    assert np.abs(through - vectors(folder)).max() > 0.1
    weights, parts = open_published_training(str(folder))
    assert (weights.method, parts.pooler, parts.head) == ("diffcse", "cls_before_pooler", None)
    assert parts.provenance == {"method": "diffcse"}


def test_micse_of_a_roberta(tmp_path: Path) -> None:
    backbone = roberta()
    expected = published_forward(backbone, "cls_before_pooler")
    folder = write_folder(tmp_path / "result", micse_state(), backbone)
    np.testing.assert_allclose(vectors(folder, pooler="cls_before_pooler"), expected, atol=1e-5)
    other = write_folder(tmp_path / "converted", converted(micse_state(), head="mlp"), backbone)
    np.testing.assert_allclose(vectors(other), expected, atol=1e-5)


def test_a_file_alone_takes_config_and_tokenizer_of_the_base_model(tmp_path: Path) -> None:
    base = tiny_checkpoint(tmp_path / "base", seed=9)
    alone = tmp_path / "alone"
    alone.mkdir()
    torch.save(diffcse_state(), alone / "best.bin")
    save_file({name: tensor.contiguous() for name, tensor in simcse_state().items()}, alone / "model.safetensors")
    expected = published_forward(tiny_bert(), "cls_before_pooler")
    np.testing.assert_allclose(vectors(alone / "best.bin", base), expected, atol=1e-5)
    np.testing.assert_allclose(vectors(alone, base, "cls_before_pooler"), expected, atol=1e-5)
    _, parts = open_published_training(str(alone / "best.bin"), base_model=str(base))
    assert parts.provenance == {"base_model": str(base), "method": "diffcse"}
    with pytest.raises(SentcseError, match=r"best.bin is without a config.json: .*base_model=bert-base-uncased"):
        vectors(alone / "best.bin")


def test_a_file_in_its_folder_takes_what_lies_beside_it(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "diffcse", diffcse_state())
    np.testing.assert_array_equal(vectors(folder / "pytorch_model.bin"), vectors(folder))


def test_an_encoder_is_no_training_checkpoint(tmp_path: Path) -> None:
    encoder = SentenceEncoder.from_parts(open_published_training(str(write_folder(tmp_path / "d", diffcse_state())))[1])
    folder = encoder.save_pretrained(tmp_path / "encoder")
    with pytest.raises(SentcseError, match=r"encoder is an encoder already \(sentcse\.json\).* by encoder="):
        vectors(folder, pooler="avg")
    (folder / "sentcse.json").unlink()
    with pytest.raises(SentcseError, match=r"encoder is an encoder already \(modules\.json\)"):
        vectors(folder, pooler="avg")


def test_what_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(SentcseError, match="The model nothere is not on this machine"):
        vectors(Path("nothere"))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers(tmp_path: Path, value: float) -> None:
    state = diffcse_state()
    name = "bert.embeddings.LayerNorm.weight"
    state[name] = state[name] * value
    with pytest.raises(SentcseError, match=rf"holds NaN or infinity in {name}: .*take an earlier checkpoint"):
        vectors(write_folder(tmp_path / "broken", state))


def test_half_precision_becomes_single(tmp_path: Path) -> None:
    halves = {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in diffcse_state().items()}
    _, parts = open_published_training(str(write_folder(tmp_path / "half", halves)))
    assert {tensor.dtype for tensor in parts.backbone.parameters()} == {torch.float32}


def test_a_pooler_that_the_keys_do_not_tell_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(SentcseError, match="pooler=cls_before_pooler where --mlp_only_train was set"):
        vectors(write_folder(tmp_path / "simcse", simcse_state()))
    bare = write_folder(tmp_path / "bare", inside("bert", tiny_bert().state_dict()))
    with pytest.raises(SentcseError, match="do not say how it was pooled: give pooler=cls_before_pooler, avg"):
        vectors(bare)
    with pytest.raises(SentcseError, match="holds no trained head, which pooler=cls needs"):
        vectors(bare, pooler="cls")
    np.testing.assert_allclose(vectors(bare, pooler="avg"), published_forward(tiny_bert(), "avg"), atol=1e-5)


@pytest.mark.parametrize(("name", "pooler"), [("sup", "cls"), ("unsup", "cls_before_pooler")])
def test_the_exact_published_name_tells(tmp_path: Path, name: str, pooler: str) -> None:
    cached = tmp_path / f"models--princeton-nlp--{name}-simcse-bert-base-uncased" / "snapshots" / "0"
    folder = write_folder(cached, converted(simcse_state(), head="pooler"))
    np.testing.assert_allclose(vectors(folder), published_forward(tiny_bert(), pooler, linear_tanh()), atol=1e-5)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "diffcse", diffcse_state())


@pytest.mark.parametrize("part", [0, 100, 0.5, 0.999])
def test_a_file_that_was_fetched_in_part_is_refused(folder: Path, part: float) -> None:
    path = folder / "pytorch_model.bin"
    whole = path.read_bytes()
    path.write_bytes(whole[: int(part * len(whole)) if part < 1 else int(part)])
    with pytest.raises(SentcseError, match=r"pytorch_model.bin cannot be read as weights: it is damaged, was fetched"):
        vectors(folder)


def test_a_flipped_bit_is_seen(folder: Path) -> None:
    path = folder / "pytorch_model.bin"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(SentcseError, match="cannot be read as weights"):
        vectors(folder)


def test_what_is_no_file_of_tensors_is_refused(folder: Path, tmp_path: Path) -> None:
    path = folder / "pytorch_model.bin"
    path.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 438007537\n")
    with pytest.raises(SentcseError, match="is a pointer of git-lfs, not the weights"):
        vectors(folder)
    for content, says in (
        ([torch.zeros(1)], "it holds other things than tensors by name"),
        ({"epoch": 3, "model": {}}, "it holds other things than tensors by name"),
        ({"sentcse": {}, "state_dict": {}}, "name it by checkpoint=, not by from="),
        ({"path": tmp_path}, "holds more than tensors"),
        ({}, "is no training checkpoint of SimCSE"),
    ):
        torch.save(content, path)
        with pytest.raises(SentcseError, match=says):
            vectors(folder)
    path.unlink()
    with pytest.raises(SentcseError, match=r"holds neither pytorch_model.bin nor model.safetensors"):
        vectors(folder)
    with pytest.raises(SentcseError, match="is not a folder"):
        vectors(tmp_path / "nowhere" / "x")


def test_a_config_of_another_model_is_refused(folder: Path, tmp_path: Path) -> None:
    larger = tiny_checkpoint(tmp_path / "larger", num_hidden_layers=4)
    with pytest.raises(SentcseError, match=r"lacks 16 weights of a bert encoder \(encoder.layer.3"):
        vectors(folder, larger)
    smaller = tiny_checkpoint(tmp_path / "smaller", num_hidden_layers=2)
    with pytest.raises(SentcseError, match=r"holds 16 weights of its encoder that its config.json has no place for"):
        vectors(folder, smaller)
    wider = tiny_checkpoint(tmp_path / "wider", intermediate_size=48)
    with pytest.raises(SentcseError, match=r"weights and config.json are of two models"):
        vectors(folder, wider)
    roberta().save_pretrained(tmp_path / "roberta")
    with pytest.raises(SentcseError, match=r"weights of a bert encoder, and .*roberta describes roberta"):
        vectors(folder, tmp_path / "roberta")


def test_a_config_that_describes_nothing_is_refused(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "micse", converted(simcse_state(), head="mlp"))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "num_attention_heads": 3}))
    with pytest.raises(SentcseError, match=r"describes no encoder that can be built: The hidden size \(16\)"):
        vectors(folder)
    (folder / "config.json").write_text(json.dumps({"model_type": "vit"}))
    with pytest.raises(SentcseError, match=r"weights of a bert or roberta encoder, and .* describes vit"):
        vectors(folder)


def test_a_head_of_another_width_is_refused(tmp_path: Path) -> None:
    head = {"dense.weight": torch.zeros(8, 8), "dense.bias": torch.zeros(8)}
    folder = write_folder(tmp_path / "two", inside("bert", tiny_bert().state_dict()) | inside("mlp", head))
    with pytest.raises(SentcseError, match="its head reads 8 values, and its encoder gives 16"):
        vectors(folder, pooler="cls")


def test_a_folder_without_a_tokenizer_says_so(folder: Path, tmp_path: Path) -> None:
    for path in folder.glob("*token*"):
        path.unlink()
    for path in folder.glob("vocab*"):
        path.unlink()
    with pytest.raises(SentcseError, match="has no tokenizer"):
        vectors(folder)
    base = tiny_checkpoint(tmp_path / "base")
    assert vectors(folder, base).shape == (3, 16)
