from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from composing import compose

from sentcse.config import TrainConfig
from sentcse.config.check import check_generator_config
from sentcse.config.section import flat
from sentcse.training.wandb.identity import (
    LONGEST_TAG,
    filing,
    finite,
    mode_of,
    monitored,
    run_name,
    run_tags,
    split_label,
)

Configure = Callable[..., TrainConfig]


def filed(config: Any, environment: dict[str, str] | None = None, sweep: str | None = None) -> dict[str, Any]:
    return filing(config, {} if environment is None else environment, sweep=sweep)


@pytest.mark.parametrize(
    ("more", "label"),
    [([], "all"), (["data.low_shot.size=20"], "20"), (["data.low_shot.percent=0.01"], "0.01%")],
)
def test_name_tags_and_condition_say_method_size_and_seed(configure: Configure, more: list[str], label: str) -> None:
    config = configure("method=micse", "seed=48", *more)
    assert split_label(config) == label
    assert run_name(config) == f"micse_encoder n={label} seed=48"
    assert run_tags(config) == ["micse", "encoder", f"n={label}", "seed=48"]
    config_of_run = filed(config)["config"]
    assert config_of_run["condition"] == f"micse n={label}, 2 epochs, encoder"
    assert config_of_run.get("sentences") == (20 if label == "20" else None)


def test_what_must_not_be_averaged_has_conditions_of_its_own(configure: Configure) -> None:
    def condition(*more: str) -> str:
        return str(filed(configure("data.low_shot.size=20", *more))["config"]["condition"])

    assert condition("trainer.max_steps=100") == "simcse n=20, 100 steps, encoder"
    others = [
        "method=micse",
        "data.low_shot.size=30",
        "trainer.max_steps=5000",
        "trainer.max_steps=null",
        "encoder.name_or_path=bert-base-uncased",
    ]
    assert len({condition("trainer.max_steps=100", *more) for more in ([], *([each] for each in others))}) == 6
    assert condition("encoder.name_or_path=google-bert/bert-base-uncased", "trainer.max_epochs=1") == (
        "simcse n=20, 1 epoch, bert-base-uncased"
    )
    # the seeds of a study are what is averaged; steps end a run whatever its epochs are
    assert condition("trainer.max_steps=100") == condition("trainer.max_steps=100", "trainer.max_epochs=9", "seed=3")


def test_a_name_that_says_no_method_gets_it(configure: Configure) -> None:
    assert run_name(configure("name=first")) == "simcse first n=all seed=42"
    assert run_name(configure("name=SimCSE-again")) == "SimCSE-again n=all seed=42"


def test_tags_are_distinct_and_short(configure: Configure) -> None:
    config = configure("logger.tags=[mine,simcse]")
    assert run_tags(config, "theirs, mine,," + "x" * 80) == [
        "simcse",
        "encoder",
        "n=all",
        "seed=42",
        "mine",
        "theirs",
        "x" * LONGEST_TAG,
    ]


def test_the_configuration_is_flat_and_its_keys_hold_no_dots(configure: Configure) -> None:
    values = filed(configure("data.low_shot.size=20"))["config"]
    assert values["data/low_shot/size"] == 20
    assert values["optimizer/betas"] == [0.9, 0.999]
    assert not [key for key, value in values.items() if "." in key or (isinstance(value, dict) and value)]
    assert not [key for key in values if key.startswith("logger") or key == "overwrite"]
    assert flat({"a": {"b": {"c": 1}, "d": {}}, "e": None}, separator="/") == {"a/b/c": 1, "a/d": {}, "e": None}


def test_what_is_configured_comes_before_the_environment_and_that_before_the_default(configure: Configure) -> None:
    environment = {
        "WANDB_PROJECT": "theirs",
        "WANDB_MODE": "online",
        "WANDB_RUN_GROUP": "their-group",
        "WANDB_JOB_TYPE": "nightly",
        "WANDB_NAME": "their-name",
        "WANDB_TAGS": "a,b",
    }
    plain, own = configure(), configure("logger.project=p", "logger.mode=disabled", "logger.group=g")
    assert (mode_of(plain, {}), mode_of(plain, environment), mode_of(own, environment)) == (
        "offline",
        "online",
        "disabled",
    )
    by_default, theirs, ours = filed(plain), filed(plain, environment), filed(own, environment)
    assert [each["project"] for each in (by_default, theirs, ours)] == ["sentcse", "theirs", "p"]
    assert [each["group"] for each in (by_default, theirs, ours)] == [None, "their-group", "g"]
    assert [each["job_type"] for each in (by_default, theirs)] == ["train", "nightly"]
    assert theirs["name"] == "their-name"
    assert theirs["tags"][-2:] == ["a", "b"]


def test_a_sweep_is_the_group_and_its_jobs_keep_names_of_their_own(configure: Configure) -> None:
    in_sweep = filed(configure(), {"WANDB_NAME": "one for all"}, sweep="low_shot_1a2b3c4d")
    assert in_sweep["group"] == "low_shot_1a2b3c4d"
    assert in_sweep["name"] == run_name(configure())
    assert filed(configure("logger.group=g"), sweep="low_shot_1a2b3c4d")["group"] == "g"
    assert filed(configure(), {"WANDB_RUN_GROUP": "e"}, sweep="low_shot_1a2b3c4d")["group"] == "e"


def test_a_generator_is_another_job_type(inputs: Any, tmp_path: Any) -> None:
    config = check_generator_config(
        compose(
            "data=text",
            f"data.path={inputs}/sentences.txt",
            f"data.cache_dir={tmp_path}",
            f"encoder.name_or_path={inputs}/encoder",
            config_name="generator_train",
        )
    )
    found = filed(config)
    assert found["job_type"] == "generator"
    assert found["name"] == "generator_encoder n=all seed=42"
    assert monitored(config) == "val/loss"


def test_what_is_not_finite_is_left_out(configure: Configure) -> None:
    assert finite({"a": 1, "b": None, "c": math.nan, "d": -math.inf, "e": "nan", "f": 0.0}) == {
        "a": 1,
        "e": "nan",
        "f": 0.0,
    }
    assert monitored(configure()) == "val/pairs_spearman"
