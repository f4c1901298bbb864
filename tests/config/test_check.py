from __future__ import annotations

import copy
from typing import Any

import pytest
from composing import change, checked, faults

from sentcse.config import check_config
from sentcse.errors import ConfigError


def test_the_default_is_valid_and_frozen() -> None:
    config = check_config(change())
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
        ({"evaluation__dev": []}, "evaluation.select=stsb is not scored: add it to evaluation.dev"),
        ({"evaluation__dev": ["stsb", "sts99"]}, "evaluation.dev.1 must be 'stsb', "),
        ({"trainer__strategy": "ddp_spawn"}, "trainer.strategy must be 'auto', 'ddp', "),
        ({"data__cache_dir": ""}, "data.cache_dir must not be empty."),
        ({"encoder__lora__rank": 4, "encoder__lora__targets": []}, "encoder.lora.targets must not be empty."),
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


def test_a_fault_is_said_once_and_not_what_follows_from_it() -> None:
    assert faults(data__path=5) == ["data.path must be text, got 5."]
    with pytest.raises(ConfigError) as fault:
        checked("data=text", "data.path=x.txt", "seed=true")  # data.low_shot.seed takes its value from there
    assert str(fault.value) == "seed must be a whole number, got True."


def test_what_stands_in_for_a_wrong_value_is_no_further_fault() -> None:
    found = faults(evaluation__select="loss", evaluation__dev=[])
    assert [sentence.partition(",")[0] for sentence in found] == ["evaluation.select must be 'stsb'"]
    (found_in_list,) = faults(evaluation__select="stsb_de", evaluation__dev=["stsb_multi_mt"])
    assert found_in_list.startswith("evaluation.dev.0 must be 'stsb'")
