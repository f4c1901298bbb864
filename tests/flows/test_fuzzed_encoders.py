"""Checkpoints, folders of encoders and of indexes that nobody would write by hand: a traceback is a fault."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from fuzzing import EXAMPLES, LETTERS, as_json, damaged, fuzzed, only_sentences
from hypothesis import given
from hypothesis import strategies as st
from published_layouts import diffcse_state, write_folder

from sentcse.retrieval.folder import open_contents
from sentcse.storage.checkpoint import load_checkpoint_encoder
from sentcse.storage.published_training import open_published_training
from sentcse.storage.record import read_record
from sentcse.training.fitting import load_checkpoint


@pytest.mark.parametrize("examples", EXAMPLES)
def test_the_description_of_a_checkpoint(place: Path, examples: int) -> None:
    sound = torch.load(place / "last.ckpt", weights_only=True)
    description = sound["sentcse"]
    # a config of a model with billions of weights is one that memory is asked for
    small = {key: value for key, value in description["encoder"]["backbone_config"].items() if key != "id2label"}
    description["encoder"]["backbone_config"] = small

    @fuzzed(examples)
    @given(changes=damaged(description))
    def check(changes: Any) -> None:
        torch.save({**sound, "sentcse": changes}, place / "last.ckpt")
        only_sentences(lambda: load_checkpoint_encoder(place / "last.ckpt"))

    check()


@pytest.mark.parametrize("examples", EXAMPLES)
def test_bytes_of_a_checkpoint(place: Path, examples: int) -> None:
    sound = (place / "last.ckpt").read_bytes()
    at = st.integers(0, len(sound) - 1)

    @fuzzed(examples)
    @given(
        content=st.one_of(
            at.map(lambda end: sound[:end]),
            st.tuples(at, st.integers(0, 255)).map(lambda put: sound[: put[0]] + bytes([put[1]]) + sound[put[0] + 1 :]),
        )
    )
    def check(content: bytes) -> None:
        (place / "last.ckpt").write_bytes(content)
        only_sentences(lambda: load_checkpoint(place / "last.ckpt"))
        only_sentences(lambda: load_checkpoint_encoder(place / "last.ckpt"))

    check()


@pytest.mark.parametrize("examples", EXAMPLES)
def test_bytes_and_names_of_a_published_checkpoint(tmp_path: Path, examples: int) -> None:
    """A file of the published code: bytes that are wrong, and weights that are missing, renamed or of other shapes."""
    state = diffcse_state()
    path = write_folder(tmp_path / "diffcse", state) / "pytorch_model.bin"
    sound = path.read_bytes()
    at, names, words = st.integers(0, len(sound) - 1), st.sampled_from(sorted(state)), st.text(LETTERS, max_size=8)
    tensors = st.one_of(st.lists(st.integers(0, 3), max_size=3).map(torch.zeros), st.none(), words)

    @fuzzed(examples)
    @given(
        content=st.one_of(
            at.map(lambda end: sound[:end]),
            st.tuples(at, st.integers(0, 255)).map(lambda put: sound[: put[0]] + bytes([put[1]]) + sound[put[0] + 1 :]),
            st.tuples(names, st.one_of(names, words), tensors),
        ),
        pooler=st.sampled_from([None, "cls", "avg"]),
    )
    def check(content: Any, pooler: str | None) -> None:
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            gone, name, tensor = content
            torch.save({key: each for key, each in state.items() if key != gone} | {name: tensor}, path)
        only_sentences(lambda: open_published_training(str(path), pooler=pooler))

    check()


FOLDERS = {
    "export/sentcse.json": "export",
    "foreign/modules.json": "foreign",
    "foreign/1_Pooling/config.json": "foreign",
    "foreign/sentence_bert_config.json": "foreign",
    "foreign/config_sentence_transformers.json": "foreign",
    "headed/2_Dense/config.json": "headed",
}


@pytest.mark.parametrize("examples", EXAMPLES)
@pytest.mark.parametrize("name", FOLDERS)
def test_what_a_folder_says_of_its_encoder(place: Path, name: str, examples: int) -> None:
    sound = json.loads((place / name).read_text(encoding="utf-8"))

    @fuzzed(examples)
    @given(content=damaged(sound))
    def check(content: Any) -> None:
        (place / name).write_bytes(as_json(content))
        only_sentences(lambda: read_record(str(place / FOLDERS[name])))

    check()


@pytest.mark.parametrize("examples", EXAMPLES)
def test_the_manifest_of_an_index(place: Path, examples: int) -> None:
    file = place / "index" / "manifest.json"

    @fuzzed(examples)
    @given(content=damaged(json.loads(file.read_text())))
    def check(content: Any) -> None:
        file.write_bytes(as_json(content))
        only_sentences(lambda: open_contents(place / "index"))

    check()
