"""Folders that others made: what they say is honoured, or refused in one sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from encoders import SENTENCES, make_encoder
from tiny import tiny_checkpoint

from sentcse.encoder import SentenceEncoder
from sentcse.errors import SentcseError


def change(path: Path, **values: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def sentence_transformers_folder(folder: Path, **settings: Any) -> Path:
    """Mean pooling, as sentence-transformers writes it, without `sentcse.json`."""
    make_encoder("avg").save_pretrained(folder)
    (folder / "sentcse.json").unlink()
    change(folder / "config_sentence_transformers.json", **settings)
    return folder


def test_default_prompt_and_dimensions_are_honoured_and_kept(tmp_path: Path) -> None:
    plain = make_encoder("avg").encode([f"query: {sentence}" for sentence in SENTENCES])
    prompts = {"query": "query: ", "passage": ""}
    folder = sentence_transformers_folder(
        tmp_path / "theirs", prompts=prompts, default_prompt_name="query", truncate_dim=5
    )
    encoder = SentenceEncoder.from_pretrained(folder)
    vectors = encoder.encode(SENTENCES)
    np.testing.assert_allclose(vectors, plain[:, :5], rtol=0, atol=1e-6)
    ours = encoder.save_pretrained(tmp_path / "ours")
    np.testing.assert_array_equal(SentenceEncoder.from_pretrained(ours).encode(SENTENCES), vectors)
    library = pytest.importorskip("sentence_transformers")
    for each in (folder, ours):
        theirs = library.SentenceTransformer(str(each), device="cpu", local_files_only=True)
        np.testing.assert_allclose(theirs.encode(SENTENCES), vectors, rtol=0, atol=1e-6)
    assert "'query: ' + sentence" in (ours / "README.md").read_text()
    assert "vectors = vectors[:, :5]" in (ours / "README.md").read_text()


def test_prompts_that_are_not_the_default_change_nothing(tmp_path: Path) -> None:
    folder = sentence_transformers_folder(tmp_path, prompts={"query": "query: "}, default_prompt_name=None)
    np.testing.assert_array_equal(
        SentenceEncoder.from_pretrained(folder).encode(SENTENCES), make_encoder("avg").encode(SENTENCES)
    )


@pytest.mark.parametrize(
    ("file", "values", "fault"),
    [
        ("config_sentence_transformers.json", {"default_prompt_name": "query"}, "default_prompt_name is 'query'"),
        ("config_sentence_transformers.json", {"truncate_dim": 0}, "truncate_dim is 0, expected"),
        ("config_sentence_transformers.json", {"truncate_dim": True}, "truncate_dim is True, expected"),
        ("config_sentence_transformers.json", {"model_type": "CrossEncoder"}, "has model_type='CrossEncoder'"),
        ("config_sentence_transformers.json", {"rotate": 1}, r"has rotate=1 \(config_sentence_transformers.json\)"),
        ("sentence_bert_config.json", {"max_seq_length": 1}, "max_seq_length is 1, expected"),
        ("sentence_bert_config.json", {"max_seq_length": -1}, "max_seq_length is -1, expected"),
        ("sentence_bert_config.json", {"max_seq_length": True}, "max_seq_length is True, expected"),
        ("sentence_bert_config.json", {"transformer_task": "fill-mask"}, "has transformer_task='fill-mask'"),
        ("sentence_bert_config.json", {"model_args": 5}, "model_args is 5, expected an object"),
        ("sentence_bert_config.json", {"model_args": ["rope"]}, r"model_args is \['rope'\], expected an object"),
        ("sentence_bert_config.json", {"model_args": {"rope": 2}}, "passes model_args.rope to transformers"),
        ("1_Pooling/config.json", {"pooling_mode": 5}, "pools by 5"),
        ("1_Pooling/config.json", {"pooling_mode": [["mean"]]}, "pools by"),
        ("1_Pooling/config.json", {"scale": 2}, "has scale=2"),
        ("config.json", {"model_type": ["bert"]}, "cannot be read as a checkpoint"),
        ("config.json", {"model_type": "t5"}, "cannot be read as a checkpoint"),
        ("config.json", {"hidden_size": "x"}, "cannot be read as a checkpoint"),
        ("config.json", {"hidden_size": 0}, "cannot be read as a checkpoint"),
        ("config.json", {"num_attention_heads": 0}, "cannot be read as a checkpoint"),
        ("config.json", {"dtype": "foo"}, "cannot be read as a checkpoint"),
        ("config.json", {"num_hidden_layers": 2}, "weights of its encoder that its config.json has no place for"),
        ("config.json", {"num_hidden_layers": 4}, "lacks 16 weights"),
    ],
)
def test_a_setting_that_nobody_can_follow(tmp_path: Path, file: str, values: dict[str, Any], fault: str) -> None:
    folder = sentence_transformers_folder(tmp_path)
    change(folder / file, **values)
    with pytest.raises(SentcseError, match=fault):
        SentenceEncoder.from_pretrained(folder)


@pytest.mark.parametrize("content", ["[]", "null", "5", '"x"', "{", ""])
@pytest.mark.parametrize("file", ["config.json", "tokenizer.json", "tokenizer_config.json", "modules.json"])
def test_a_file_of_something_else(tmp_path: Path, file: str, content: str) -> None:
    folder = sentence_transformers_folder(tmp_path)
    (folder / file).write_text(content)
    if (file, content) == ("tokenizer_config.json", "null"):
        return
    with pytest.raises(SentcseError, match=str(tmp_path)):
        SentenceEncoder.from_pretrained(folder)


@pytest.mark.parametrize("value", [1, True, -1, "x", None, 2.5])
def test_a_recorded_length_that_is_none(tmp_path: Path, value: object) -> None:
    folder = make_encoder("avg").save_pretrained(tmp_path / "encoder")
    change(folder / "sentcse.json", max_length=value)
    with pytest.raises(SentcseError, match=r"max_length is .*, expected 3 tokens or more"):
        SentenceEncoder.from_pretrained(folder)


def test_a_recorded_pooler_that_is_a_list(tmp_path: Path) -> None:
    folder = make_encoder("avg").save_pretrained(tmp_path / "encoder")
    change(folder / "sentcse.json", pooler=["avg"])
    with pytest.raises(SentcseError, match=r"pooler is \['avg'\], expected one of"):
        SentenceEncoder.from_pretrained(folder)


def test_weights_that_torch_refuses(tmp_path: Path) -> None:
    folder = tiny_checkpoint(tmp_path)
    (folder / "model.safetensors").unlink()
    torch.save({"weights": Path("x")}, folder / "pytorch_model.bin")
    with pytest.raises(SentcseError, match="cannot be read as a checkpoint"):
        SentenceEncoder.from_pretrained(folder, pooler="avg")
