from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from encoders import (
    COMBINATIONS,
    MAX_LENGTH,
    SENTENCES,
    assert_three_way,
    make_adapted,
    make_encoder,
    make_head,
    make_roberta,
)
from safetensors.torch import load_file
from tiny import FAMILIES, tiny_bert, tiny_family, tiny_tokenizer
from torch import nn
from transformers import AutoModel, AutoTokenizer

from sentcse.encoder import SentenceEncoder
from sentcse.errors import SentcseError
from sentcse.modules.heads import DenseHead
from sentcse.modules.pooling import LAYERS_NEEDED
from sentcse.storage import saving


@pytest.mark.parametrize(("pooler", "head"), COMBINATIONS)
def test_three_libraries_give_the_same_vectors(tmp_path: Path, pooler: str, head: str | None) -> None:
    assert_three_way(make_encoder(pooler, head), tmp_path / "encoder")


@pytest.mark.parametrize(("pooler", "head"), [("cls", "linear_tanh"), ("avg_first_last", None)])
def test_three_libraries_agree_on_roberta(tmp_path: Path, pooler: str, head: str | None) -> None:
    assert_three_way(make_roberta(pooler, head), tmp_path / "encoder")


@pytest.mark.parametrize("model_type", FAMILIES)
@pytest.mark.parametrize(("pooler", "head"), [("cls", "linear_tanh"), ("avg_first_last", None)])
def test_three_libraries_agree_on_every_family(tmp_path: Path, model_type: str, pooler: str, head: str | None) -> None:
    encoder = SentenceEncoder(
        tiny_family(model_type), tiny_tokenizer(), pooler=pooler, head=make_head(head), max_length=MAX_LENGTH
    )
    assert_three_way(encoder, tmp_path / "encoder")


@pytest.mark.parametrize("pooler", sorted(LAYERS_NEEDED))
def test_one_layer_backbone(tmp_path: Path, pooler: str) -> None:
    assert_three_way(make_encoder(pooler, num_hidden_layers=1), tmp_path / "encoder")


def test_a_training_batchnorm_head_is_exported_as_in_eval_mode(tmp_path: Path) -> None:
    encoder = make_encoder("cls", "batchnorm").train()
    assert_three_way(encoder, tmp_path / "encoder")
    assert encoder.training


@pytest.mark.parametrize("make", [make_encoder, make_roberta])
def test_auto_model_pooler_output_is_the_vector(tmp_path: Path, make: object) -> None:
    encoder = make("cls", "linear_tanh")  # type: ignore[operator]
    folder = encoder.save_pretrained(tmp_path / "encoder")
    model, report = AutoModel.from_pretrained(folder, output_loading_info=True)
    assert not any(report.values())
    batch = AutoTokenizer.from_pretrained(folder)(
        SENTENCES, padding=True, truncation=True, max_length=MAX_LENGTH, return_tensors="pt"
    )
    with torch.no_grad():
        out = model.eval()(**batch).pooler_output.numpy()
    np.testing.assert_allclose(out, encoder.encode(SENTENCES), rtol=0, atol=1e-5)


def test_auto_model_states_are_those_of_the_backbone_and_nothing_more_is_returned(tmp_path: Path) -> None:
    encoder = make_encoder("avg_first_last").eval()
    folder = encoder.save_pretrained(tmp_path / "encoder")
    batch = AutoTokenizer.from_pretrained(folder)(SENTENCES, padding=True, return_tensors="pt")
    with torch.no_grad():
        out = AutoModel.from_pretrained(folder).eval()(**batch)
        expected = encoder.backbone(**batch).last_hidden_state
    torch.testing.assert_close(out.last_hidden_state, expected, rtol=0, atol=0)
    assert out.hidden_states is None


def test_sentence_transformers_makes_no_random_pooling_layer(tmp_path: Path) -> None:
    sentence_transformers = pytest.importorskip("sentence_transformers")
    folder = make_encoder("avg").save_pretrained(tmp_path / "encoder")
    model = sentence_transformers.SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    assert not [name for name, _ in model.named_parameters() if "pooler" in name]
    assert not [name for name in load_file(folder / "model.safetensors") if "pooler" in name]


def test_a_head_that_no_library_knows_is_refused(tmp_path: Path) -> None:
    encoder = SentenceEncoder(tiny_bert(), tiny_tokenizer(), pooler="avg", head=nn.GELU())
    with pytest.raises(SentcseError, match="head of the class GELU cannot be exported"):
        encoder.save_pretrained(tmp_path / "encoder")
    assert list(tmp_path.iterdir()) == []


def test_the_folder_is_a_function_of_the_encoder(tmp_path: Path) -> None:
    encoder = make_encoder("cls", "linear_tanh")
    first = encoder.save_pretrained(tmp_path / "one" / "encoder", record={"recipe": {"seed": 1}})
    encoder.encode(SENTENCES, max_length=8)  # leaves truncation and padding in the tokenizer
    second = encoder.save_pretrained(tmp_path / "two" / "encoder", record={"recipe": {"seed": 1}})
    names = sorted(path.relative_to(first) for path in first.rglob("*") if path.is_file())
    assert names == sorted(path.relative_to(second) for path in second.rglob("*") if path.is_file())
    for name in names:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


def test_an_older_export_is_replaced_without_remains(tmp_path: Path) -> None:
    folder = make_encoder("cls", "batchnorm").save_pretrained(tmp_path / "encoder")
    assert (folder / "3_Dense").is_dir()
    make_encoder("avg").save_pretrained(folder)
    assert not (folder / "3_Dense").exists()
    assert SentenceEncoder.from_pretrained(folder).pooler == "avg"
    assert [path.name for path in tmp_path.iterdir()] == ["encoder"]


@pytest.mark.parametrize("writer", ["write_sentence_transformers_layout", "save_tokenizer", "model_card"])
@pytest.mark.parametrize("fault", [OSError("No space left on device"), KeyboardInterrupt()])
def test_a_fault_while_saving_leaves_the_older_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writer: str, fault: BaseException
) -> None:
    folder = make_encoder("avg").save_pretrained(tmp_path / "encoder")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def fail(*args: object, **kwargs: object) -> None:
        raise fault

    monkeypatch.setattr(saving, writer, fail)
    with pytest.raises(SentcseError if isinstance(fault, OSError) else KeyboardInterrupt):
        make_encoder("cls", "linear_tanh").save_pretrained(folder)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_fault_between_the_two_renames_puts_the_older_export_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_encoder("avg").save_pretrained(tmp_path / "encoder")
    replace, calls = os.replace, []

    def fail_once(source: Path, target: Path) -> None:
        calls.append(target)
        if target == folder and calls.count(folder) == 1:
            raise OSError("Input/output error")
        replace(source, target)

    monkeypatch.setattr(os, "replace", fail_once)
    with pytest.raises(SentcseError, match=r"encoder cannot be written: Input/output error"):
        make_encoder("cls_before_pooler").save_pretrained(folder)
    assert SentenceEncoder.from_pretrained(folder).pooler == "avg"
    assert [path.name for path in tmp_path.iterdir()] == ["encoder"]


def test_a_process_killed_while_saving_leaves_no_half_folder(tmp_path: Path) -> None:
    encoder = make_encoder("avg")
    child = os.fork()
    if child == 0:
        saving.save_tokenizer = lambda *args: os._exit(9)  # type: ignore[assignment]
        try:
            encoder.save_pretrained(tmp_path / "encoder")
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert [path.name for path in tmp_path.iterdir()] == [".encoder.partial"]
    encoder.save_pretrained(tmp_path / "encoder")
    assert [path.name for path in tmp_path.iterdir()] == ["encoder"]


def test_a_folder_of_something_else_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(SentcseError, match=re.escape(f"{tmp_path} holds something else than an exported encoder")):
        make_encoder().save_pretrained(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"
    with pytest.raises(SentcseError, match="is a file"):
        make_encoder().save_pretrained(tmp_path / "thesis.txt")


@pytest.mark.parametrize("name", ["linear_tanh", "batchnorm"])
def test_dense_layers_compute_what_the_head_does(name: str) -> None:
    head = make_head(name)
    assert head is not None
    head = head.double().eval()
    vectors = torch.randn(7, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(DenseHead(head.dense_layers())(vectors), head(vectors), rtol=0, atol=1e-13)


def test_an_encoder_that_peft_has_adapted_is_exported_with_its_adapters_and_keeps_them(tmp_path: Path) -> None:
    encoder = make_adapted()
    before = encoder.encode(SENTENCES)
    assert np.abs(before - make_encoder("avg").encode(SENTENCES)).max() > 0.1
    assert_three_way(encoder, tmp_path / "encoder")
    assert not list((tmp_path / "encoder").glob("adapter*"))
    np.testing.assert_array_equal(encoder.encode(SENTENCES), before)
    assert type(encoder.backbone).__name__ == "PeftModel"


def test_adapters_inside_the_backbone_are_merged_as_well(tmp_path: Path) -> None:
    encoder = make_adapted(inside=True)
    before = encoder.encode(SENTENCES)
    assert np.abs(before - make_encoder("avg").encode(SENTENCES)).max() > 0.1
    assert_three_way(encoder, tmp_path / "encoder")
    assert not list((tmp_path / "encoder").glob("adapter*"))


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
