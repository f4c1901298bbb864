"""The code on a model card: it runs as it stands, and gives the encoder's vectors."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from encoders import COMBINATIONS, make_encoder

from sentcse.modules.heads import ACTIVATIONS
from sentcse.modules.pooling import POOLERS
from sentcse.storage.model_card_usage import ACTIVATION_CODE, STATES, usage
from sentcse.storage.saving import save_encoder


def written(**changes: Any) -> str:
    plain: dict[str, Any] = {
        "pooler": "avg",
        "max_length": 32,
        "head": (),
        "has_pooling_layer": False,
        "head_is_pooling_layer": False,
        "prompt": "",
        "dimensions": None,
    }
    return usage("my-encoder", **{**plain, **changes})


def snippets(text: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)


def test_every_pooler_and_activation_has_code() -> None:
    assert STATES.keys() == POOLERS.keys()
    assert ACTIVATION_CODE.keys() == ACTIVATIONS.keys()
    vectors = torch.linspace(-2, 2, 9)
    for name, code in ACTIVATION_CODE.items():
        assert torch.equal(eval(code, {"torch": torch, "vectors": vectors}), ACTIVATIONS[name](vectors))


@pytest.mark.parametrize("pooler", ["cls_before_pooler", "avg"])
def test_a_random_pooling_layer_is_warned_of(pooler: str) -> None:
    assert "Do not use `pooler_output`" in written(pooler=pooler, has_pooling_layer=True)
    assert "pooler_output" not in written(pooler=pooler, has_pooling_layer=False)


def test_nothing_is_imported_or_computed_that_the_encoder_does_not_need() -> None:
    code = snippets(written())[2]
    assert not re.search("load_file|hidden_states|prompt|vectors\\[:, :", code)
    assert "max_length=32" in code
    dense = snippets(written(head=[("2_Dense", "tanh"), ("3_Dense", "identity")]))[2]
    assert dense.count("load_file(") == 2
    assert dense.count("torch.tanh") == 1
    layer = snippets(written(head=[("2_Dense", "tanh")], has_pooling_layer=True, head_is_pooling_layer=True))[2]
    assert "vectors = model(**batch).pooler_output" in layer
    assert "load_file" not in layer


@pytest.mark.parametrize(
    ("pooler", "head"),
    [(pooler, head) for pooler, head in COMBINATIONS if head is None or pooler.startswith("cls") or pooler == "avg"],
)
def test_the_code_on_the_card_runs_and_gives_the_vectors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pooler: str, head: str | None
) -> None:
    encoder = make_encoder(pooler, head)
    text = (encoder.save_pretrained(tmp_path / "encoder") / "README.md").read_text()
    pieces = snippets(text)
    assert len(pieces) == 3
    monkeypatch.chdir(tmp_path)
    for snippet in pieces:
        if "sentence_transformers" in snippet:
            pytest.importorskip("sentence_transformers")
        names: dict[str, Any] = {}
        exec(snippet, names)  # it is our own text
        expected = encoder.encode(names["sentences"])
        np.testing.assert_allclose(np.asarray(names["vectors"]), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("head", ["linear_tanh", "batchnorm"])
def test_the_code_on_the_card_of_what_was_pushed_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, head: str
) -> None:
    """The folder lies in the hub's cache, as after the first call."""
    encoder, repository = make_encoder("cls", head), tmp_path / "models--me--x"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    folder = save_encoder(encoder.parts(), repository / "snapshots" / ("0" * 40), name="me/x")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0" * 40)
    pieces = snippets((folder / "README.md").read_text())
    assert ("hf_hub_download" in pieces[2]) == (head == "batchnorm")
    for snippet in pieces:
        if "sentence_transformers" in snippet:
            pytest.importorskip("sentence_transformers")
        names: dict[str, Any] = {}
        exec(snippet, names)  # it is our own text
        expected = encoder.encode(names["sentences"])
        np.testing.assert_allclose(np.asarray(names["vectors"]), expected, rtol=0, atol=1e-5)


def test_a_prompt_with_quotes_and_fewer_dimensions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = make_encoder("avg")
    encoder.prompt, encoder.dimensions = 'it\'s "a" query:\n', 5
    text = (encoder.save_pretrained(tmp_path / "encoder") / "README.md").read_text()
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(snippets(text)[2], names)  # it is our own text
    expected = encoder.encode(["A man is playing a flute.", "Somebody plays an instrument."])
    assert expected.shape == (2, 5)
    np.testing.assert_allclose(names["vectors"].numpy(), expected, rtol=0, atol=1e-5)
