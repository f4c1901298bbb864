from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from encoders import MAX_LENGTH, make_encoder, make_roberta
from tiny import FAMILIES, tiny_family, tiny_tokenizer
from torch import Tensor, nn

from sentcse.encoder import SentenceEncoder
from sentcse.errors import SentcseError
from sentcse.storage import onnx_files
from sentcse.storage.onnx_files import FILES, require_onnx, write_onnx

SHAPES = ((1, 2), (1, 1), (1, MAX_LENGTH), (3, 5), (8, MAX_LENGTH), (64, 9))
"""Rows and tokens, among them one row, two tokens, and as many as the encoder takes."""


@pytest.mark.parametrize("name", ["onnx", "onnxruntime", "onnxscript"])
def test_without_the_extra_it_is_said_before_any_work(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for each in ("onnx", "onnxruntime", "onnxscript"):
        monkeypatch.setitem(sys.modules, each, None if each == name else sys)
    with pytest.raises(
        SentcseError, match=rf"onnx= needs {name}, which is not installed: pip install 'sentcse\[onnx\]'"
    ):
        require_onnx()


def example(encoder: SentenceEncoder) -> tuple[Tensor, Tensor]:
    rows = encoder.tokenizer(["the man plays music", "a dog"], padding=True, return_tensors="pt")
    return rows["input_ids"], rows["attention_mask"]


def batch(rows: int, length: int) -> tuple[Tensor, Tensor]:
    """Token ids, of which the second half of the last row is padding."""
    ids = torch.randint(5, 40, (rows, length), generator=torch.Generator().manual_seed(rows + length))
    mask = torch.ones_like(ids)
    if length > 3:
        mask[-1, length // 2 :] = ids[-1, length // 2 :] = 0
    return ids, mask


def vectors_of(path: Path, ids: Tensor, mask: Tensor) -> Any:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(["sentence_embedding"], {"input_ids": ids.numpy(), "attention_mask": mask.numpy()})[0]


def assert_parity(encoder: SentenceEncoder, folder: Path) -> None:
    encoder.eval()
    (path,) = write_onnx(encoder, folder, ["float32"], example=example(encoder), metadata={})
    for shape in SHAPES:
        given = batch(*shape)
        with torch.no_grad():
            expected = encoder(*given).numpy()
        np.testing.assert_allclose(vectors_of(path, *given), expected, rtol=0, atol=1e-5)
    assert np.ptp(expected, axis=0).max() > 1e-2  # what was compared are no constants


needs_onnx = pytest.mark.slow


@needs_onnx
@pytest.mark.parametrize(
    ("pooler", "head"),
    [
        ("cls", "linear_tanh"),
        ("cls", "batchnorm"),
        ("cls_before_pooler", None),
        ("avg", "linear_tanh"),
        ("avg", "batchnorm"),
        ("avg_top2", None),
        ("avg_first_last", None),
        ("avg_embeddings_last", None),
    ],
)
def test_the_graph_gives_pytorchs_vectors_at_every_shape(pooler: str, head: str | None, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: pip install -e '.[onnx]'")
    assert_parity(make_encoder(pooler, head), tmp_path)


@needs_onnx
@pytest.mark.parametrize("family", [name for name in FAMILIES if name != "bert"])
def test_of_every_family(family: str, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: pip install -e '.[onnx]'")
    assert_parity(SentenceEncoder(tiny_family(family), tiny_tokenizer(), pooler="avg"), tmp_path)


@needs_onnx
def test_leading_values_and_eager_attention(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: pip install -e '.[onnx]'")
    encoder = make_roberta("avg", "linear_tanh")
    encoder.dimensions = 6
    encoder.backbone.set_attn_implementation("eager")
    assert_parity(encoder, tmp_path)
    assert vectors_of(tmp_path / FILES["float32"], *batch(2, 5)).shape == (2, 6)


@needs_onnx
def test_int8_is_smaller_and_nearly_the_same(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: pip install -e '.[onnx]'")
    import onnx

    encoder = make_encoder("avg", hidden_size=128, intermediate_size=256).eval()
    paths = write_onnx(encoder, tmp_path, ["int8", "float32"], example=example(encoder), metadata={"prompt": "a: "})
    assert [path.name for path in paths] == ["encoder_int8.onnx", "encoder.onnx"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["encoder.onnx", "encoder_int8.onnx"]
    small, whole = (path.stat().st_size for path in paths)
    assert small < whole / 2
    assert len(onnx.load(paths[1]).graph.value_info) == 0  # which quantisers of onnxruntime 1.23 stumble over
    assert "MatMulInteger" in {node.op_type for node in onnx.load(paths[0]).graph.node}
    kept = [{each.key: each.value for each in onnx.load(path).metadata_props} for path in paths]
    assert [each["prompt"] for each in kept] == ["a: ", "a: "]
    for shape in SHAPES:
        rough, exact = (vectors_of(path, *batch(*shape)) for path in paths)
        cosines = (rough * exact).sum(1) / np.linalg.norm(rough, axis=1) / np.linalg.norm(exact, axis=1)
        assert cosines.min() > 0.99
        assert np.abs(rough - exact).max() > 1e-6


@needs_onnx
def test_a_graph_that_gives_other_vectors_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: pip install -e '.[onnx]'")
    monkeypatch.setattr(onnx_files, "TOLERANCE", -1.0)
    encoder = make_encoder().eval()
    with pytest.raises(SentcseError, match="gives other vectors than PyTorch"):
        write_onnx(encoder, tmp_path, ["float32"], example=example(encoder), metadata={})
    assert list(tmp_path.iterdir()) == []


class Branching(nn.Module):
    """Decides by the values of its input, which no graph can."""

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return input_ids.float() if input_ids.sum() > 40 else attention_mask.float()


@needs_onnx
def test_what_cannot_be_a_graph_is_a_sentence(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: pip install -e '.[onnx]'")
    with pytest.raises(SentcseError, match=r"^This encoder cannot be written as ONNX by torch \S+: .+$"):
        write_onnx(Branching(), tmp_path, ["float32"], example=batch(2, 5), metadata={})
    assert list(tmp_path.iterdir()) == []
