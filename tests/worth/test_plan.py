"""Runs of every method with every budget; what this command chooses itself is refused in words."""

from __future__ import annotations

import pytest
from made_findings import worth_config

from sentcse.errors import ConfigError
from sentcse.records.run_folder import RunFolder
from sentcse.worth.plan import plan


def test_the_shorter_budgets_come_first_and_nothing_is_made_twice() -> None:
    trials = plan(worth_config(steps=[40, 10, 40], methods=["micse", "simcse", "micse"]), size=200)
    assert [(each.method, each.steps) for each in trials] == [
        ("micse", 10), ("simcse", 10), ("micse", 40), ("simcse", 40)
    ]  # fmt: skip
    assert len({RunFolder(each.config).path for each in trials}) == 4
    assert trials[0].name == "micse, 10 steps"


def test_the_encoder_is_trained_as_it_is() -> None:
    config = plan(worth_config(seed=7, output="a folder=1/it's"), size=200)[0].config
    assert (config.encoder.name_or_path, config.encoder.pooler, config.method.head) == ("some/model", "avg", "none")
    assert (config.trainer.max_steps, config.data.low_shot.size, config.data.low_shot.seed) == (10, 200, 7)
    assert (config.data.duplicates, config.data.path, config.seed) == ("drop", "x.txt", 7)
    assert (config.evaluation.select, config.evaluation.dev, config.evaluation.test) == ("last", [], [])
    assert config.runs.root == "a folder=1/it's/runs"


def test_a_first_token_is_trained_through_a_head() -> None:
    config = plan(worth_config(pooler="cls_before_pooler"))[0].config
    assert (config.encoder.pooler, config.method.head) == ("cls", "linear_tanh")


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("trainer.max_steps=5", "names the budgets"),
        ("method=micse", "methods="),
        ("+data.low_shot.size=5", "part=6400"),
        ("evaluation.dev=[stsb]", "pairs=FILE"),
        ("data.path", "is not of the form key=value"),
        ("optimizer.learning_rat=1", "optimizer"),
        ("optimizer.learning_rate=2", "optimizer.learning_rate must be"),
    ],
)
def test_wrong_settings_of_the_runs(word: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        plan(worth_config(overrides=["data.path=x.txt", word]))


def test_options_of_a_method_and_a_generator_are_taken() -> None:
    with pytest.raises(ConfigError, match="generator"):
        plan(worth_config(methods=["diffcse"]))
    words = ["data.path=x.txt", "generator.name_or_path=some/lm", "method.temperature=0.1"]
    (first, *_) = plan(worth_config(methods=["diffcse"], overrides=words))
    assert (first.config.generator.name_or_path, first.config.method.temperature) == ("some/lm", 0.1)
