"""An encoder's hash: the same wherever it lies, another if anything in its vectors can be."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tiny import tiny_bert, tiny_checkpoint, tiny_tokenizer

from sentcse.encoder import SentenceEncoder
from sentcse.modules.heads import LinearTanhHead
from sentcse.storage.content_hash import encoder_sha256


def sha256(encoder: SentenceEncoder) -> str:
    return encoder_sha256(encoder.parts())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny_checkpoint(tmp_path / "tiny")


def test_a_copy_and_an_export_have_the_same(folder: Path, tmp_path: Path) -> None:
    encoder = SentenceEncoder.from_pretrained(folder, pooler="avg")
    exported = SentenceEncoder.from_pretrained(encoder.save_pretrained(tmp_path / "export"))
    copied = SentenceEncoder.from_pretrained(exported.save_pretrained(tmp_path / "copy"))
    assert len({sha256(each) for each in (encoder, exported, copied)}) == 1
    exported.encode(["a man"])  # leaves settings behind in the tokenizer
    assert sha256(exported) == sha256(encoder)


def test_a_head_is_part_of_it(tmp_path: Path) -> None:
    torch.manual_seed(0)
    heads = [LinearTanhHead(16), LinearTanhHead(16)]
    encoders = [SentenceEncoder(tiny_bert(), tiny_tokenizer(), pooler="cls", head=head) for head in heads]
    assert sha256(encoders[0]) != sha256(encoders[1])
    opened = SentenceEncoder.from_pretrained(encoders[0].save_pretrained(tmp_path / "export"))
    assert sha256(opened) == sha256(encoders[0])


def test_what_changes_vectors_changes_it(folder: Path, tmp_path: Path) -> None:
    def opened(place: Path, pooler: str = "avg", max_length: int | None = None) -> str:
        return sha256(SentenceEncoder.from_pretrained(place, pooler=pooler, max_length=max_length))

    others = [
        opened(folder, pooler="cls_before_pooler"),
        opened(folder, max_length=8),
        opened(tiny_checkpoint(tmp_path / "seed", seed=1)),
        opened(tiny_checkpoint(tmp_path / "activation", hidden_act="relu")),
    ]
    for changed in ({"prompt": "query: "}, {"dimensions": 4}):
        encoder = SentenceEncoder.from_pretrained(folder, pooler="avg")
        vars(encoder).update(changed)
        others.append(sha256(encoder))
    assert len({opened(folder), *others}) == 7
