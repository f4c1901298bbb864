"""A generator's folder: the model that went in comes out, with a card whose code runs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file
from tiny import tiny_config, tiny_tokenizer
from transformers import AutoModelForMaskedLM, BertForMaskedLM

from sentcse.errors import SentcseError
from sentcse.storage.generator_export import generator_card, save_masked_language_model, show_perplexity
from sentcse.storage.tokenizers import load_tokenizer

RECORD: dict[str, Any] = {
    "base_model": "google-bert/bert-base-uncased",
    "recipe": {"masking_ratio": 0.15},
    "data": {"source": "wiki.txt", "sentences": 1000, "sha256": "ab"},
    "versions": {"torch": "2.13.0"},
}
RESULTS: dict[str, Any] = {
    "initial": {"masked_accuracy": 0.1, "perplexity": None},
    "best": {"step": 1250, "masked_accuracy": 0.51239, "perplexity": 12.3456},
    "held_out": 2000,
    "seconds": 1.0,
}


def save(folder: Path, **changes: Any) -> tuple[BertForMaskedLM, Path]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        model = BertForMaskedLM(tiny_config(**changes)).train()
    return model, save_masked_language_model(model, tiny_tokenizer(), folder, record=RECORD, results=RESULTS)


@pytest.mark.parametrize("tied", [True, False])
def test_the_model_comes_out_as_it_went_in_and_shared_weights_lie_there_once(tmp_path: Path, tied: bool) -> None:
    model, folder = save(tmp_path / "model", tie_word_embeddings=tied)
    opened = AutoModelForMaskedLM.from_pretrained(folder)
    expected = model.state_dict()
    assert opened.state_dict().keys() == expected.keys()
    assert all(torch.equal(value, expected[name]) for name, value in opened.state_dict().items())
    assert ("cls.predictions.decoder.weight" in load_file(folder / "model.safetensors")) != tied
    assert load_tokenizer(folder).get_vocab() == tiny_tokenizer().get_vocab()
    assert model.training


def test_the_record_lies_beside_it(tmp_path: Path) -> None:
    _, folder = save(tmp_path / "model")
    assert json.loads((folder / "generator.json").read_text()) == {
        "format": 1,
        "scores": {key: RESULTS[key] for key in ("initial", "best", "held_out")},
        "provenance": RECORD,
    }
    assert (folder / "README.md").read_text() == generator_card(RECORD, RESULTS)


def test_an_older_export_is_replaced_and_nothing_else_is(tmp_path: Path) -> None:
    _, folder = save(tmp_path / "model")
    (folder / "remains").touch()
    save(tmp_path / "model")
    assert not (folder / "remains").exists()
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "all.tex").write_text("years of work")
    with pytest.raises(SentcseError, match=r"thesis holds something else than an exported generator"):
        save(tmp_path / "thesis")
    assert [path.name for path in (tmp_path / "thesis").iterdir()] == ["all.tex"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "thesis"]


def test_the_card() -> None:
    text = generator_card(RECORD, RESULTS)
    _, front, _ = text.split("---\n", 2)
    assert yaml.safe_load(front) == {
        "library_name": "transformers",
        "pipeline_tag": "fill-mask",
        "tags": ["fill-mask", "sentcse"],
        "base_model": "google-bert/bert-base-uncased",
    }
    for line in (
        "# A masked language model from google-bert/bert-base-uncased",
        "| masked accuracy | 10.00% | 51.24% |",
        "| perplexity | too large | 12.35 |",
        "| `masking_ratio` | 0.15 |",
        "torch 2.13.0",
    ):
        assert line in text.splitlines(), line
    assert "On 2,000 sentences that were not trained on; step 1,250, the best by their loss." in text


@pytest.mark.parametrize(
    ("base", "name"), [("/home/somebody/my-bert", "my-bert"), ("/home/somebody/runs/first_run/model", "first_run")]
)
def test_a_folder_is_no_base_model_of_the_hub(base: str, name: str) -> None:
    text = generator_card({**RECORD, "base_model": base}, RESULTS)
    assert "base_model" not in text
    assert f"# A masked language model from {name}\n" in text
    assert "somebody" not in text


def test_the_code_of_the_card_fills_in_masks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, folder = save(tmp_path / "model")
    (code,) = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(), flags=re.DOTALL)
    *imports, call = code.replace("THIS_FOLDER", str(folder)).strip().splitlines()
    names: dict[str, Any] = {}
    exec("\n".join([*imports, f"fill = {call}"]), names)  # it is our own text
    found = names["fill"]("the [MASK] runs", top_k=3)
    tokenizer, model = tiny_tokenizer(), AutoModelForMaskedLM.from_pretrained(folder).eval()
    with torch.no_grad():
        scores = model(**tokenizer("the [MASK] runs", return_tensors="pt")).logits[0, 2]
    assert [each["token"] for each in found] == scores.topk(3).indices.tolist()


def test_perplexities_for_people() -> None:
    shown = {None: "too large", 12.34567: "12.35", 1.0: "1", 123456.0: "1.235e+05"}
    assert {value: show_perplexity(value) for value in shown} == shown
