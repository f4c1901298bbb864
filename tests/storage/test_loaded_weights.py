"""Weights and the encoder that they were loaded into."""

from __future__ import annotations

import pytest
from tiny import tiny_bert

from sentcse.errors import SentcseError
from sentcse.storage.loaded_weights import check_loaded, refuse_unused

PLACE = "encoder.layer.9.output.dense.bias"


def test_weights_that_fit_pass() -> None:
    check_loaded("here", tiny_bert(), [], ["pooler.dense.bias", "embeddings.position_ids", "cls.predictions.bias"], [])


def test_the_first_in_the_alphabet_is_named() -> None:
    with pytest.raises(SentcseError, match=r"here lacks 2 weights of a bert encoder \(a, \.\.\.\)"):
        check_loaded("here", tiny_bert(), ["b", "a"], [], [])
    with pytest.raises(SentcseError, match=r"here: a has the shape \(1, 2\), where its config.json asks for \(3,\)"):
        check_loaded("here", tiny_bert(), [], [], [("b", (1,), (2,)), ("a", (1, 2), (3,))])


@pytest.mark.parametrize("prefix", ["", "bert."])
def test_a_weight_of_the_encoder_without_a_place_is_refused(prefix: str) -> None:
    with pytest.raises(SentcseError, match=rf"holds 1 weights of its encoder .*\({PLACE}"):
        refuse_unused("here", tiny_bert(), [f"{prefix}{PLACE}", "mlp.dense.bias"])
