"""Folders that others made: what they say is honoured, or refused in one sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from encoders import SENTENCES, make_encoder, write_checkpoint
from safetensors.torch import load_file
from tiny import tiny_bert, tiny_checkpoint, tiny_tokenizer

from sentcse.encoder import SentenceEncoder
from sentcse.errors import SentcseError
from sentcse.storage.checkpoint import load_checkpoint_encoder
from sentcse.storage.opening import open_backbone


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


def test_a_tokenizer_with_more_ids_than_embeddings(tmp_path: Path) -> None:
    folder = tiny_checkpoint(tmp_path)
    tokenizer = tiny_tokenizer()
    rows = len(tokenizer)
    tokenizer.add_tokens(["newword"])
    tokenizer.save_pretrained(folder)
    for open_it in (lambda: SentenceEncoder.from_pretrained(folder, pooler="avg"), lambda: open_backbone(str(folder))):
        with pytest.raises(
            SentcseError, match=f"gives 'newword' the id {rows}, and its model has embeddings of {rows}"
        ):
            open_it()


def test_training_starts_from_a_run_and_from_a_checkpoint(tmp_path: Path) -> None:
    trained = make_encoder("avg")
    trained.save_pretrained(tmp_path / "run" / "encoder")
    path = write_checkpoint(tmp_path / "best.ckpt", trained, None)
    for source in (tmp_path / "run", path):
        backbone, tokenizer = open_backbone(str(source), dropout=0.25)
        assert backbone.config.hidden_dropout_prob == 0.25
        assert tokenizer.get_vocab() == trained.tokenizer.get_vocab()
        for name, weight in trained.backbone.state_dict().items():
            assert torch.equal(backbone.state_dict()[name], weight)


def flip_a_bit(path: Path, find: bytes) -> None:
    content = bytearray(path.read_bytes())
    content[content.index(find)] ^= 1
    path.write_bytes(bytes(content))


def test_a_flipped_bit_in_a_checkpoint_is_seen(tmp_path: Path) -> None:
    encoder = make_encoder("avg")
    path = write_checkpoint(tmp_path / "best.ckpt", encoder, None)
    weight = encoder.backbone.state_dict()["encoder.layer.1.output.dense.weight"]
    flip_a_bit(path, weight.numpy().tobytes())
    with pytest.raises(SentcseError, match=r"best.ckpt cannot be read as a checkpoint; it is damaged"):
        load_checkpoint_encoder(path)


def test_a_flipped_bit_in_an_export_is_seen(tmp_path: Path) -> None:
    folder = make_encoder("cls", "batchnorm").save_pretrained(tmp_path / "encoder")
    for file in sorted(folder.rglob("*.safetensors")):
        whole = file.read_bytes()
        flip_a_bit(file, next(iter(load_file(file).values())).numpy().tobytes())
        with pytest.raises(SentcseError, match=f"{file.name} is damaged .it differs from what was exported"):
            SentenceEncoder.from_pretrained(folder)
        file.write_bytes(whole)
    SentenceEncoder.from_pretrained(folder)
    change(folder / "sentcse.json", sha256={})  # as exports of older versions
    SentenceEncoder.from_pretrained(folder)


@pytest.mark.parametrize("name", ["..", ".", "", "../x.json", "/tmp/x.json"])
def test_a_crafted_checkpoint_writes_nowhere(tmp_path: Path, name: str) -> None:
    path = write_checkpoint(tmp_path / "best.ckpt", make_encoder("avg"), None)
    stored = torch.load(path, weights_only=True)
    stored["sentcse"]["encoder"]["tokenizer_files"][name] = "{}"
    torch.save(stored, path)
    with pytest.raises(SentcseError, match="tokenizer_files names"):
        load_checkpoint_encoder(path)


class Wrapped(torch.nn.Module):
    """As peft.PeftModel: the model inside, adapters beside it, `merge_and_unload`."""

    def __init__(self) -> None:
        super().__init__()
        self.base_model = tiny_bert()
        self.config = self.base_model.config
        self.delta = torch.nn.Parameter(torch.tensor(0.5))

    def forward(self, **inputs: Any) -> Any:
        return self.base_model(**inputs)

    def merge_and_unload(self) -> torch.nn.Module:
        with torch.no_grad():
            self.base_model.encoder.layer[0].output.dense.bias += self.delta
        return self.base_model


def test_adapters_are_merged_at_saving_and_stay_in_memory(tmp_path: Path) -> None:
    wrapped: Any = Wrapped()
    before = wrapped.base_model.encoder.layer[0].output.dense.bias.detach().clone()
    encoder = SentenceEncoder(wrapped, tiny_tokenizer(), pooler="avg", max_length=24)
    again = SentenceEncoder.from_pretrained(encoder.save_pretrained(tmp_path / "encoder"))
    merged = again.backbone.encoder.layer[0].output.dense.bias
    torch.testing.assert_close(merged, before + 0.5)
    assert torch.equal(wrapped.base_model.encoder.layer[0].output.dense.bias, before)


def test_adapters_that_cannot_be_merged_are_refused(tmp_path: Path) -> None:
    backbone = tiny_bert()
    backbone.peft_config = {"default": "LoRA"}  # as transformers' own add_adapter
    encoder = SentenceEncoder(backbone, tiny_tokenizer(), pooler="avg", max_length=24)
    with pytest.raises(SentcseError, match="holds adapters of PEFT"):
        encoder.save_pretrained(tmp_path / "encoder")
    assert not (tmp_path / "encoder").exists()
