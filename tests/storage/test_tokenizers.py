"""Tokenizers in and out of folders: one that pads, of the model's vocabulary, without what its last call left."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tiny import tiny_bert, tiny_checkpoint, tiny_tokenizer

from sentcse.encoder import SentenceEncoder
from sentcse.errors import SentcseError
from sentcse.storage.opening import open_backbone
from sentcse.storage.tokenizers import check_vocabulary, load_tokenizer, save_tokenizer


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return tiny_checkpoint(tmp_path / "tiny")


def edit_json(path: Path, **changes: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_tokenizer_without_padding(checkpoint: Path) -> None:
    assert load_tokenizer(checkpoint).pad_token_id == 0
    edit_json(checkpoint / "tokenizer_config.json", pad_token=None)
    for extra in ("special_tokens_map.json",):
        (checkpoint / extra).unlink(missing_ok=True)
    with pytest.raises(SentcseError, match="has no padding token"):
        load_tokenizer(checkpoint)


def test_a_checkpoint_without_tokenizer(tmp_path: Path) -> None:
    tiny_bert().save_pretrained(tmp_path)
    with pytest.raises(SentcseError, match=r"has no tokenizer: its files .* are missing"):
        load_tokenizer(tmp_path)


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


def test_a_vocabulary_may_be_smaller_than_the_embeddings(tmp_path: Path) -> None:
    rows = len(tiny_tokenizer())
    check_vocabulary(tiny_tokenizer(), tiny_bert(vocab_size=rows + 5), "x")
    with pytest.raises(SentcseError, match=f"the id {rows - 2}, and its model has embeddings of {rows - 2} tokens"):
        check_vocabulary(tiny_tokenizer(), tiny_bert(vocab_size=rows - 2), "x")


def test_what_is_saved_does_not_depend_on_the_last_call_and_the_tokenizer_stays_as_it_is(tmp_path: Path) -> None:
    tokenizer = tiny_tokenizer()
    save_tokenizer(tokenizer, tmp_path / "before")
    tokenizer(["a man", "the dog runs"], padding=True, truncation=True, max_length=4)
    save_tokenizer(tokenizer, tmp_path / "after")
    for file in (tmp_path / "before").iterdir():
        assert (tmp_path / "after" / file.name).read_bytes() == file.read_bytes(), file.name
    assert tokenizer.backend_tokenizer.truncation["max_length"] == 4
    (tmp_path / "after" / "config.json").write_text("{}")
    again = load_tokenizer(tmp_path / "after")
    assert again.get_vocab() == tokenizer.get_vocab()
    assert again("A man plays music, 7!")["input_ids"] == tokenizer("A man plays music, 7!")["input_ids"]
