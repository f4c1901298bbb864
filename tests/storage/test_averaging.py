from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from encoders import make_encoder
from transformers import BertTokenizer

from sentcse.errors import SentcseError
from sentcse.storage.averaging import average_encoders, average_record
from sentcse.storage.model_card import model_card
from sentcse.storage.parts import EncoderParts


def parts(seed: int = 0, **changes: Any) -> EncoderParts:
    return make_encoder("cls_before_pooler", seed=seed, **changes).parts({"recipe": {"seed": seed, "a": 1}})


def test_the_mean_changes_none_of_its_members() -> None:
    one, two = parts(1), parts(2, hidden_dropout_prob=0.4)  # a dropout is no weight
    before = {name: tensor.clone() for name, tensor in one.backbone.state_dict().items()}
    mean = average_encoders({"A": one, "B": two})
    other, state = two.backbone.state_dict(), mean.backbone.state_dict()
    for name, tensor in one.backbone.state_dict().items():
        assert torch.equal(tensor, before[name])
        if tensor.is_floating_point():
            torch.testing.assert_close(state[name], (tensor + other[name]) / 2)
    assert (mean.pooler, mean.max_length, mean.head) == (one.pooler, one.max_length, None)
    assert mean.provenance == {"recipe": {"a": 1}, "average": {"members": ["A", "B"], "seeds": [1, 2]}}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"pooler": "avg"}, "pooler"),
        ({"max_length": 20}, "max_length"),
        ({"prompt": "query: "}, "prompt or dimensions"),
        ({"tokenizer": BertTokenizer(vocab={"[PAD]": 0, "[UNK]": 1})}, "tokenizer"),
        ({"backbone": make_encoder(hidden_act="relu").backbone}, "architecture"),  # of the same shapes
        ({"backbone": make_encoder(num_hidden_layers=2).backbone}, "architecture"),
    ],
)
def test_what_differs_is_named(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(SentcseError, match=f"B and A differ in {said} and cannot be averaged"):
        average_encoders({"A": parts(1), "B": replace(parts(2), **changes)})


def test_a_head_is_not_averaged() -> None:
    headed = make_encoder("cls", "linear_tanh").parts()
    with pytest.raises(SentcseError, match=r"^B has a head at test time"):
        average_encoders({"A": parts(), "B": headed})


def test_the_record_keeps_what_all_say_and_no_scores() -> None:
    def record(seed: int, step: int) -> dict[str, Any]:
        return {
            "base_model": "bert",
            "data": {"source": f"{seed}.txt"},
            "recipe": {"seed": seed, "method.temperature": 0.05},
            "selection": {"metric": "InfoNCE", "step": step, "labels": None},
            "scores": {"STS-B test": {"after": 70.0}},
        }

    found = average_record(["A", "B"], [record(1, 50), record(2, 75)])
    assert found == {
        "base_model": "bert",
        "recipe": {"method.temperature": 0.05},
        "average": {"members": ["A", "B"], "seeds": [1, 2], "metric": "InfoNCE", "labels": None},
    }
    card = model_card(found, name="x", pooler="avg", max_length=32, width=16)
    assert (
        "The weights are the mean of those of 2 encoders: `A`, `B`. Their seeds: 1, 2. Each one's checkpoint was "
        "chosen as the best by `InfoNCE`. The choice used no labels. The mean itself was not scored." in card
    )
    without = average_record(["A", "B"], [record(1, 50), {}])
    assert without == {"average": {"members": ["A", "B"], "seeds": []}}
    assert "2 encoders: `A`, `B`. The mean itself" in model_card(
        without, name="x", pooler="avg", max_length=9, width=16
    )
