from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from encoders import (
    RECORD,
    SENTENCES,
    flip_a_bit,
    make_adapted,
    make_encoder,
    make_lora,
    make_roberta,
    write_checkpoint,
)

from sentcse.encoder import SentenceEncoder
from sentcse.errors import SentcseError
from sentcse.modules.lora import LoRA
from sentcse.storage.checkpoint import encoder_entry, load_checkpoint_encoder


@pytest.mark.parametrize(
    ("pooler", "head"),
    [
        ("cls", "linear_tanh"),
        ("cls", "batchnorm"),
        ("cls_before_pooler", None),
        ("avg", "batchnorm"),
        ("avg_top2", None),
    ],
)
def test_the_encoder_is_rebuilt_from_the_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pooler: str, head: str | None
) -> None:
    encoder = make_encoder(pooler, head)
    encoder.encode(SENTENCES, max_length=5)  # leaves its truncation in the tokenizer
    path = write_checkpoint(tmp_path / "last.ckpt", encoder, head)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    parts = load_checkpoint_encoder(path)
    rebuilt = SentenceEncoder.from_parts(parts)
    assert parts.provenance == RECORD
    assert (rebuilt.pooler, rebuilt.max_length, rebuilt.training) == (pooler, encoder.max_length, False)
    assert type(rebuilt.head) is type(encoder.head)
    np.testing.assert_array_equal(rebuilt.encode(SENTENCES), encoder.encode(SENTENCES))


@pytest.mark.parametrize(("prompt", "dimensions"), [("query: ", None), ("", 4), ("a ", 6)])
def test_prompt_and_dimensions_come_back(tmp_path: Path, prompt: str, dimensions: int | None) -> None:
    encoder = SentenceEncoder.from_parts(replace(make_encoder("avg").parts(), prompt=prompt, dimensions=dimensions))
    path = write_checkpoint(tmp_path / "last.ckpt", encoder, None)
    rebuilt = SentenceEncoder.from_pretrained(path)
    assert (rebuilt.prompt, rebuilt.parts().dimensions) == (prompt, dimensions)
    np.testing.assert_array_equal(rebuilt.encode(SENTENCES), encoder.encode(SENTENCES))
    folder = SentenceEncoder.from_parts(load_checkpoint_encoder(path)).save_pretrained(tmp_path / "encoder")
    assert SentenceEncoder.from_pretrained(folder).prompt == prompt


@pytest.mark.parametrize("wrong", [{"prompt": 3}, {"dimensions": 0}, {"dimensions": True}])
def test_a_prompt_or_dimensions_of_another_kind(tmp_path: Path, wrong: dict[str, object]) -> None:
    path = write_checkpoint(tmp_path / "last.ckpt", make_encoder("avg"), None)
    content = torch.load(path, weights_only=True)
    content["sentcse"]["encoder"] |= wrong
    torch.save(content, path)
    with pytest.raises(SentcseError, match=r"last\.ckpt is damaged: .*prompt is"):
        load_checkpoint_encoder(path)


def test_roberta_is_rebuilt_and_exported(tmp_path: Path) -> None:
    encoder = make_roberta("cls", "linear_tanh")
    parts = load_checkpoint_encoder(write_checkpoint(tmp_path / "best.ckpt", encoder, "linear_tanh"))
    folder = SentenceEncoder.from_parts(parts).save_pretrained(tmp_path / "encoder", record=parts.provenance)
    vectors = SentenceEncoder.from_pretrained(folder).encode(SENTENCES)
    np.testing.assert_allclose(vectors, encoder.encode(SENTENCES), rtol=0, atol=1e-5)


def test_a_head_for_training_only_is_left_behind(tmp_path: Path) -> None:
    encoder = make_encoder("cls_before_pooler")
    assert load_checkpoint_encoder(write_checkpoint(tmp_path / "last.ckpt", encoder, None)).head is None


def test_rebuilding_leaves_the_random_state_alone(tmp_path: Path) -> None:
    path = write_checkpoint(tmp_path / "last.ckpt", make_encoder(), None)
    before = torch.get_rng_state()
    load_checkpoint_encoder(path)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_description_holds_plain_containers_only(tmp_path: Path) -> None:
    def check(value: object) -> None:
        assert type(value) in {dict, list, str, int, float, bool, type(None)}, value
        if isinstance(value, dict):
            assert all(type(key) is str for key in value)
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            check(inner)

    check(encoder_entry(make_encoder().parts(), "linear_tanh"))


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(SentcseError, match=r"nothing.ckpt does not exist: name a checkpoint"):
        load_checkpoint_encoder(tmp_path / "nothing.ckpt")


@pytest.mark.parametrize("keep", [0, 100, 0.5, 0.99])
def test_a_damaged_file(tmp_path: Path, keep: float) -> None:
    path = write_checkpoint(tmp_path / "last.ckpt", make_encoder(), None)
    content = path.read_bytes()
    path.write_bytes(content[: int(keep if keep >= 1 else keep * len(content))])
    with pytest.raises(SentcseError, match=r"last.ckpt cannot be read as a checkpoint"):
        load_checkpoint_encoder(path)


@pytest.mark.parametrize("content", [{"state_dict": {}, "epoch": 1}, torch.zeros(3), {"sentcse": None}])
def test_a_foreign_file(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "other.ckpt")
    with pytest.raises(SentcseError, match=r"other.ckpt is not a checkpoint of sentcse"):
        load_checkpoint_encoder(tmp_path / "other.ckpt")


def test_a_file_that_holds_objects_is_not_run(tmp_path: Path) -> None:
    torch.save({"sentcse": Path("x")}, tmp_path / "objects.ckpt")
    with pytest.raises(SentcseError, match="cannot be read as a checkpoint"):
        load_checkpoint_encoder(tmp_path / "objects.ckpt")


def test_another_format(tmp_path: Path) -> None:
    path = write_checkpoint(tmp_path / "last.ckpt", make_encoder(), None, sentcse={"format": 2})
    with pytest.raises(SentcseError, match="has the checkpoint format 2, this version of sentcse reads 1"):
        load_checkpoint_encoder(path)


def test_weights_that_do_not_fit(tmp_path: Path) -> None:
    path = write_checkpoint(tmp_path / "last.ckpt", make_encoder(), None, state_dict={})
    with pytest.raises(SentcseError, match="is damaged: its encoder cannot be rebuilt"):
        load_checkpoint_encoder(path)


@pytest.mark.parametrize("content", [b"score,sentence1,sentence2\n1,a,b\n", b"", b"\x80\x02.", b"PK\x03\x04", b"{}"])
def test_some_other_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "pairs.csv").write_bytes(content)
    with pytest.raises(SentcseError, match=r"pairs\.csv (cannot be read as a checkpoint|is not a checkpoint)"):
        load_checkpoint_encoder(tmp_path / "pairs.csv")


@pytest.mark.parametrize("inside", [False, True])
def test_a_checkpoint_with_adapters_is_not_called_damaged(tmp_path: Path, inside: bool) -> None:
    path = write_checkpoint(tmp_path / "best.ckpt", make_adapted(inside=inside), None)
    with pytest.raises(SentcseError, match=r"best\.ckpt holds adapters of PEFT .* export it by save_pretrained"):
        load_checkpoint_encoder(path)


@pytest.mark.parametrize("head", [None, "linear_tanh"])
def test_adapters_of_lora_come_back_merged(tmp_path: Path, head: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("peft")
    encoder = make_lora(LoRA(rank=2, alpha=3.0), pooler="avg" if head is None else "cls", head=head)
    path = write_checkpoint(tmp_path / "best.ckpt", encoder, head)
    opened = SentenceEncoder.from_parts(load_checkpoint_encoder(path))
    np.testing.assert_allclose(opened.encode(SENTENCES), encoder.encode(SENTENCES), atol=1e-6)
    assert opened.backbone.state_dict().keys() == make_encoder("avg").backbone.state_dict().keys()
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(SentcseError, match=r"best\.ckpt holds adapters: LoRA needs peft, which is not installed"):
        load_checkpoint_encoder(path)


def test_a_byte_of_a_header_that_makes_its_name_no_text_is_seen(tmp_path: Path) -> None:
    path = write_checkpoint(tmp_path / "x.ckpt", make_encoder(), None)
    content = bytearray(path.read_bytes())
    content[26] = 35  # the length of the first member's name
    path.write_bytes(content)
    with pytest.raises(SentcseError, match="cannot be read as a checkpoint"):
        load_checkpoint_encoder(path)


def test_a_flipped_bit_in_a_checkpoint_is_seen(tmp_path: Path) -> None:
    encoder = make_encoder("avg")
    path = write_checkpoint(tmp_path / "best.ckpt", encoder, None)
    weight = encoder.backbone.state_dict()["encoder.layer.1.output.dense.weight"]
    flip_a_bit(path, weight.numpy().tobytes())
    with pytest.raises(SentcseError, match=r"best.ckpt cannot be read as a checkpoint; it is damaged"):
        load_checkpoint_encoder(path)


@pytest.mark.parametrize("name", ["..", ".", "", "../x.json", "/tmp/x.json"])
def test_a_crafted_checkpoint_writes_nowhere(tmp_path: Path, name: str) -> None:
    path = write_checkpoint(tmp_path / "best.ckpt", make_encoder("avg"), None)
    stored = torch.load(path, weights_only=True)
    stored["sentcse"]["encoder"]["tokenizer_files"][name] = "{}"
    torch.save(stored, path)
    with pytest.raises(SentcseError, match="tokenizer_files names"):
        load_checkpoint_encoder(path)
