from __future__ import annotations

from typing import Any

import pytest
from composing import compose

from sentcse.config import check_config
from sentcse.config.commands import EvaluateConfig, RunsConfig
from sentcse.config.explain import unknown_setting
from sentcse.config.generator_schema import GeneratorConfig
from sentcse.config.schema import TrainConfig
from sentcse.errors import ConfigError


@pytest.mark.parametrize(
    ("model", "typed", "meant"),
    [
        (TrainConfig, "temperature", "method.temperature"),
        (TrainConfig, "rtd_weight", "method.rtd_weight (of method=diffcse)"),
        (TrainConfig, "masking_ratio", "method.masking_ratio (of method=diffcse)"),
        (TrainConfig, "ami_weight", "method.ami_weight (of method=micse)"),
        (
            TrainConfig,
            "lambda",
            "method.rtd_weight (of method=diffcse) or method.ami_weight (of method=micse)",
        ),
        (TrainConfig, "lr", "optimizer.learning_rate"),
        (TrainConfig, "optimizer.lr", "optimizer.learning_rate"),
        (TrainConfig, "epochs", "trainer.max_epochs"),
        (TrainConfig, "model", "encoder.name_or_path"),
        (TrainConfig, "device", "trainer.accelerator"),
        (TrainConfig, "low_shot", "data.low_shot.size"),
        (TrainConfig, "root", "runs.root"),
        (GeneratorConfig, "lr", "optimizer.learning_rate"),
        (EvaluateConfig, "trainer.accelerator", "device"),
        (EvaluateConfig, "model", "encoder"),
        (RunsConfig, "runs.root", "root"),
    ],
)
def test_another_word_for_a_setting_is_understood(model: Any, typed: str, meant: str) -> None:
    assert unknown_setting(model, typed) == f"{typed} is not a known setting; did you mean {meant}?"


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("trainer.precision=16", "got '16': write trainer.precision=fp16."),
        ("trainer.precision=16-mixed", "got '16-mixed': write trainer.precision=fp16."),
        ("trainer.accelerator=cuda", "got 'cuda': write trainer.accelerator=gpu."),
        ("trainer.accelerator=tpu", "got 'tpu'."),
        ("trainer.threads=1000000", "trainer.threads must be at most 4096, got 1000000."),
        ("method._target_=[a]", "method._target_ must be text, got ['a']."),
        ("method._target_=5", "method._target_ must be text, got 5."),
        ("name=..", "and not of dots alone, got '..'."),
        (f"name={'a' * 300}", "name must be of at most 180 characters, got 300."),
        ("trainer=5", "trainer=5: there is no such file in configs/trainer/; choose one of default."),
    ],
)
def test_a_value_of_another_kind_gets_one_sentence(word: str, said: str) -> None:
    with pytest.raises(ConfigError) as fault:
        check_config(compose("data=text", "data.path=x.txt", word))
    assert str(fault.value).endswith(said)
    assert "\n" not in str(fault.value)


def test_names_that_are_dots_and_more_stay_valid() -> None:
    assert check_config(compose("data=text", "data.path=x.txt", "name=.a..b")).name == ".a..b"
