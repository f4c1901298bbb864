"""`python -m sentcse.export` on checkpoints of tiny encoders."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from encoders import RECORD, make_encoder, write_checkpoint
from published_layouts import SENTENCES, diffcse_state, linear_tanh, published_forward, simcse_state, write_folder
from tiny import tiny_bert, tiny_checkpoint

from sentcse.command.plain import run_plain_command
from sentcse.config.exporting import ExportConfig
from sentcse.encoder import SentenceEncoder
from sentcse.export import export_job
from sentcse.storage.record import RECORD_FILE


def export(*words: str) -> int:
    return run_plain_command(export_job, "export", ExportConfig, words)


def test_what_is_no_checkpoint_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.ckpt").write_bytes(b"no checkpoint")
    assert export(f"checkpoint={tmp_path / 'x.ckpt'}", f"output={tmp_path / 'out'}") == 1
    assert "x.ckpt" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run's folder with checkpoints of two encoders, which differ in their dropout."""
    (tmp_path / "run" / "checkpoints").mkdir(parents=True)
    for name, dropout in (("best", 0.25), ("last", 0.5)):
        encoder = make_encoder("cls_before_pooler", hidden_dropout_prob=dropout)
        write_checkpoint(tmp_path / "run" / "checkpoints" / f"{name}.ckpt", encoder, "linear_tanh")
    return tmp_path / "run"


@pytest.mark.parametrize(
    ("named", "dropout"), [("", 0.25), ("checkpoints/best.ckpt", 0.25), ("checkpoints/last.ckpt", 0.5)]
)
def test_a_folder_stands_for_its_best_checkpoint(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], named: str, dropout: float
) -> None:
    assert export(f"checkpoint={run / named}", f"output={tmp_path / 'out'}") == 0
    exported = SentenceEncoder.from_pretrained(tmp_path / "out")
    assert (exported.pooler, exported.backbone.config.hidden_dropout_prob) == ("cls_before_pooler", dropout)
    assert (
        f"-> {tmp_path / 'out'} (pooler cls_before_pooler, at most {exported.max_length} tokens)"
        in capsys.readouterr().out
    )
    record = json.loads((tmp_path / "out" / RECORD_FILE).read_text(encoding="utf-8"))
    assert record["provenance"] == RECORD


def test_an_older_export_is_replaced_only_where_it_is_asked_for(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [f"checkpoint={run}", f"output={tmp_path / 'out'}"]
    assert export(*words) == 0
    before = (tmp_path / "out" / "model.safetensors").read_bytes()
    assert export(f"checkpoint={run}/checkpoints/last.ckpt", words[1]) == 1
    assert "out holds an exported encoder already: name a new folder, or replace it with" in capsys.readouterr().err
    assert (tmp_path / "out" / "model.safetensors").read_bytes() == before
    assert export(*words, "overwrite=true") == 0


def seeds(folder: Path) -> list[Path]:
    """Checkpoints of three encoders that differ in their weights, each with a head at test time."""
    encoders = [make_encoder("cls_before_pooler", seed=seed) for seed in (1, 2, 3)]
    return [
        write_checkpoint(folder / f"{seed}.ckpt", encoder, "linear_tanh") for seed, encoder in enumerate(encoders, 1)
    ]


def without_head(path: Path) -> Path:
    checkpoint = torch.load(path, weights_only=True)
    checkpoint["sentcse"]["encoder"]["head"] = None
    torch.save(checkpoint, path)
    return path


def test_several_are_averaged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [without_head(path) for path in seeds(tmp_path)]
    names = ",".join(map(str, paths))
    assert export(f"checkpoint=[{names}]", f"output={tmp_path / 'out'}") == 0
    assert f"The mean of 3 encoders -> {tmp_path / 'out'}" in capsys.readouterr().out
    mean = SentenceEncoder.from_pretrained(tmp_path / "out")
    states = [make_encoder(seed=seed).backbone.state_dict() for seed in (1, 2, 3)]
    for name, tensor in mean.backbone.state_dict().items():
        expected = sum(each[name].double() for each in states) / 3
        torch.testing.assert_close(tensor.double(), torch.as_tensor(expected), rtol=1e-5, atol=1e-7)
    provenance = json.loads((tmp_path / "out" / RECORD_FILE).read_text(encoding="utf-8"))["provenance"]
    assert provenance["method"] == "simcse"
    assert [name.rpartition("/")[2] for name in provenance["average"]["members"]] == ["1.ckpt", "2.ckpt", "3.ckpt"]
    # the mean of the exported and of what it is the mean of is itself
    again = f"checkpoint=[{tmp_path / 'out'},{names}]"
    assert export(again, f"output={tmp_path / 'again'}") == 0
    same = SentenceEncoder.from_pretrained(tmp_path / "again").backbone.state_dict()
    for name, tensor in mean.backbone.state_dict().items():
        torch.testing.assert_close(same[name], tensor, rtol=1e-4, atol=1e-6)


def test_what_cannot_be_averaged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two, _ = seeds(tmp_path)
    assert export(f"checkpoint=[{one},{two}]", f"output={tmp_path / 'out'}") == 1
    assert "1.ckpt has a head at test time, which began with random weights of its own" in capsys.readouterr().err
    assert export(f"checkpoint=[{one},{one}]", f"output={tmp_path / 'out'}") == 1
    assert "names an encoder more than once" in capsys.readouterr().err
    other = write_checkpoint(tmp_path / "wide.ckpt", make_encoder("cls_before_pooler", intermediate_size=48), None)
    assert export(f"checkpoint=[{without_head(one)},{other}]", f"output={tmp_path / 'out'}") == 1
    assert "wide.ckpt and " in (said := capsys.readouterr().err)
    assert "differ in architecture and cannot be averaged" in said
    assert export("checkpoint=[]", f"output={tmp_path / 'out'}") == 2
    assert not (tmp_path / "out").exists()


def test_the_best_checkpoint_of_a_complete_run_says_how_it_was_chosen(run: Path, tmp_path: Path) -> None:
    selection = {"metric": "InfoNCE", "labels": None, "step": 7}
    merged = {**RECORD, "selection": {**selection, "alpha": 0.5, "places": 8}}
    make_encoder("cls_before_pooler").save_pretrained(run / "encoder", record=merged)
    for named, record in (
        ("", merged),
        ("checkpoints/best.ckpt", {**RECORD, "selection": selection}),
        ("checkpoints/last.ckpt", RECORD),
        ("encoder", merged),
    ):
        assert exported_record(run / named, tmp_path / "out") == record


def test_the_folder_of_a_run_is_its_best_checkpoint_if_it_has_one_or_else_what_it_exported(
    run: Path, tmp_path: Path
) -> None:
    exported = {**RECORD, "selection": {"metric": "InfoNCE", "labels": None, "step": 7}}
    other = make_encoder("cls_before_pooler", seed=5)
    other.save_pretrained(run / "encoder", record=exported)
    for kept in (True, False):
        if not kept:
            shutil.rmtree(run / "checkpoints")
        assert exported_record(run, tmp_path / "out") == exported
        same = (SentenceEncoder.from_pretrained(tmp_path / "out").encode(SENTENCES) == other.encode(SENTENCES)).all()
        assert same != kept


def exported_record(named: Path, output: Path) -> object:
    assert export(f"checkpoint={named}", f"output={output}", "overwrite=true") == 0
    return json.loads((output / RECORD_FILE).read_text(encoding="utf-8"))["provenance"]


def test_a_checkpoint_of_the_published_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_folder(tmp_path / "diffcse", diffcse_state())
    out = tmp_path / "out"
    assert export(f"from={folder}", f"output={out}") == 0
    said = capsys.readouterr().out
    assert (
        "A training checkpoint of DiffCSE. Left out: discriminator, electra_head, generator, lm_head, the head." in said
    )
    assert f"{folder} -> {out} (pooler cls_before_pooler, at most 64 tokens)" in said
    expected = published_forward(tiny_bert(), "cls_before_pooler")
    np.testing.assert_allclose(SentenceEncoder.from_pretrained(out).encode(SENTENCES), expected, atol=1e-5)
    assert "with diffcse" in (out / "README.md").read_text(encoding="utf-8")


def test_a_file_of_weights_with_its_base_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base, path, out = tiny_checkpoint(tmp_path / "base"), tmp_path / "best.bin", tmp_path / "out"
    torch.save(simcse_state(), path)
    words = [f"from={path}", f"base_model={base}", f"output={out}"]
    assert export(*words) == 1
    assert "its keys do not say whether a vector is taken before or behind it" in capsys.readouterr().err
    assert export(*words, "pooler=cls") == 0
    assert "A training checkpoint of SimCSE or miCSE. Left out: nothing." in capsys.readouterr().out
    expected = published_forward(tiny_bert(), "cls", linear_tanh())
    np.testing.assert_allclose(SentenceEncoder.from_pretrained(out).encode(SENTENCES), expected, atol=1e-5)


def test_a_damaged_or_foreign_one_leaves_an_older_export_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = write_folder(tmp_path / "diffcse", diffcse_state()), tmp_path / "out"
    assert export(f"from={folder}", f"output={out}") == 0
    before = (out / "model.safetensors").read_bytes()
    (folder / "pytorch_model.bin").write_bytes((folder / "pytorch_model.bin").read_bytes()[:1000])
    other = write_folder(tmp_path / "other", {"bert.x": torch.zeros(1), "classifier.weight": torch.zeros(1)})
    for source, says in ((folder, "was fetched in part"), (other, "holds classifier.weight, which no training")):
        assert export(f"from={source}", f"output={out}", "overwrite=true") == 1
        assert says in capsys.readouterr().err
    assert (out / "model.safetensors").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "one of checkpoint= and from= must be given"),
        (["from=a", "checkpoint=b"], "one of checkpoint= and from= must be given"),
        (["checkpoint=b", "pooler=avg"], "pooler goes with from="),
        (["checkpoint=b", "base_model=c"], "base_model goes with from="),
        (["checkpoint=b/pytorch_model.bin"], "is a file of weights alone: name it by from="),
        (["checkpoint=b", "push_to_hub=mine"], "push_to_hub=mine is no name of the model hub: give OWNER/NAME"),
        (["checkpoint=b", "push_to_hub=a/b/c"], "push_to_hub=a/b/c is no name of the model hub: give OWNER/NAME"),
        (["checkpoint=b", "push_to_hub=me/a b"], "push_to_hub=me/a b is no name of the model hub: give OWNER/NAME"),
        (["checkpoint=b", "private=true"], "private goes with push_to_hub=OWNER/NAME"),
    ],
)
def test_settings_that_do_not_go_together(
    words: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(*words, f"output={tmp_path / 'out'}") == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_an_export_goes_to_the_hub_with_a_card_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pushed: list[tuple[Path, str, bool]] = []

    def push(folder: Path, name: str, *, private: bool) -> str:
        pushed.append((folder, name, private))
        return f"https://hub/{name}"

    monkeypatch.setattr("sentcse.storage.hub_upload.push_to_hub", push)
    folder, base, out = tmp_path / "best.bin", tiny_checkpoint(tmp_path / "base"), tmp_path / "out"
    torch.save(diffcse_state(), folder)
    words = [f"from={folder}", f"base_model={base}", f"output={out}"]
    assert export(*words, "push_to_hub=me/my-diffcse", "private=true") == 0
    assert pushed == [(out, "me/my-diffcse", True)]
    assert f"{out} -> https://hub/me/my-diffcse" in capsys.readouterr().out
    card = (out / "README.md").read_text(encoding="utf-8")
    assert card.count('("me/my-diffcse"') >= 3
    texts = [path for path in out.rglob("*") if path.suffix in (".json", ".md", ".txt")]
    assert [path.name for path in texts if str(tmp_path) in path.read_text(encoding="utf-8")] == []


def test_an_export_is_kept_where_the_hub_is_switched_off(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    out = tmp_path / "out"
    assert export(f"checkpoint={run}", f"output={out}", "push_to_hub=me/x") == 1
    err = capsys.readouterr().err
    assert f"error: The hub is switched off (HF_HUB_OFFLINE), so that nothing was pushed. {out} is whole" in err
    assert err.count("error:") == 1
    assert SentenceEncoder.from_pretrained(out).pooler == "cls_before_pooler"


def test_without_the_extra_no_graph_and_nothing_else_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert export(f"checkpoint={tmp_path / 'x.ckpt'}", f"output={tmp_path / 'out'}", "onnx=true") == 1
    assert capsys.readouterr().err == (
        "error: onnx= needs onnx, which is not installed: pip install 'sentcse[onnx]'.\n"
    )


@pytest.mark.parametrize(
    ("word", "kinds"),
    [("true", ["float32"]), ("false", []), ("int8", ["int8"]), ("[float32,int8]", ["float32", "int8"])],
)
def test_what_graphs_are_written(word: str, kinds: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[ExportConfig] = []
    assert run_plain_command(given.append, "export", ExportConfig, ["checkpoint=x", "output=y", f"onnx={word}"]) == 0
    assert given[0].onnx == kinds


def test_a_graph_of_another_kind_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert export("checkpoint=x", "output=y", "onnx=fp16") == 2
    assert "onnx" in capsys.readouterr().err
