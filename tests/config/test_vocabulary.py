"""What is suggested is there, and what it replaces is not."""

from __future__ import annotations

import pytest
from composing import change, faults
from pydantic import BaseModel

from sentcse.config import check_config
from sentcse.config.commands import EvaluateConfig, RunsConfig
from sentcse.config.explain import unknown_setting
from sentcse.config.schema import TrainConfig
from sentcse.config.vocabulary import OTHER_NAMES, OTHER_VALUES

MODELS = (TrainConfig, EvaluateConfig, RunsConfig)


def suggested(model: type[BaseModel], word: str) -> list[str]:
    """The keys that are suggested for a word, without the methods that have them."""
    said = unknown_setting(model, word).partition("; did you mean ")[2].rstrip("?")
    return [key.partition(" (of ")[0] for key in said.split(" or ")]


@pytest.mark.parametrize("word", OTHER_NAMES)
def test_every_key_is_suggested_by_a_command_that_has_it(word: str) -> None:
    assert {key for model in MODELS for key in suggested(model, word)} >= set(OTHER_NAMES[word])


@pytest.mark.parametrize(("key", "word"), [(key, word) for key, words in OTHER_VALUES.items() for word in words])
def test_a_value_is_refused_and_what_stands_for_it_is_taken(key: str, word: str) -> None:
    meant = OTHER_VALUES[key][word]
    (said,) = faults(**{key.replace(".", "__"): word})
    assert said.endswith(f"got {word!r}: write {key}={meant}.")
    check_config(change(**{key.replace(".", "__"): meant}))
