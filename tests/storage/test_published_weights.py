"""Whose training checkpoint it is, by the names of its weights."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from published_layouts import (
    batchnorm,
    converted,
    diffcse_state,
    inside,
    linear_tanh,
    micse_state,
    simcse_state,
    through,
)
from tiny import tiny_bert
from torch import Tensor

from sentcse.errors import SentcseError
from sentcse.storage.published_weights import tell_apart

State = dict[str, Tensor]


@pytest.mark.parametrize(
    ("make", "architecture", "method", "pooler", "left_out"),
    [
        (simcse_state, "bert", None, None, ()),
        (lambda: simcse_state(mlm=True), "bert", None, None, ("lm_head",)),
        (diffcse_state, "bert", "diffcse", "cls_before_pooler",
         ("discriminator", "electra_head", "generator", "lm_head")),
        (micse_state, "roberta", None, None, ()),
        (lambda: converted(simcse_state(), head="pooler"), None, None, None, ()),
        (lambda: converted(micse_state(), head="mlp"), None, "micse", "cls_before_pooler", ()),
        (lambda: converted(diffcse_state(), head="pooler"), None, "diffcse", "cls_before_pooler",
         ("discriminator", "electra_head", "generator", "lm_head")),
    ],
    ids=["simcse", "simcse with mlm", "diffcse", "micse", "simcse converted", "micse converted", "diffcse converted"],
)  # fmt: skip
def test_the_layouts(
    make: Callable[[], State],
    architecture: str | None,
    method: str | None,
    pooler: str | None,
    left_out: tuple[str, ...],
) -> None:
    state = make()
    weights = tell_apart(state, "here")
    assert (weights.architecture, weights.method, weights.pooler) == (architecture, method, pooler)
    assert weights.left_out == left_out
    name = "bert." if architecture == "bert" else "roberta." if architecture == "roberta" else ""
    assert all(torch.equal(tensor, state[f"{name}{key}"]) for key, tensor in weights.backbone.items())
    assert {"embeddings", "encoder"} == {key.partition(".")[0] for key in weights.backbone}


@pytest.mark.parametrize("head", [linear_tanh(), batchnorm()], ids=["dense", "net"])
def test_the_head_computes_what_the_published_one_does(head: State) -> None:
    state = inside("bert", tiny_bert().state_dict()) | inside("mlp", head)
    built = tell_apart(state, "here").head
    assert built is not None
    rows = torch.randn(3, 16, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(built(rows), through(head, rows), rtol=1e-5, atol=1e-5)


def test_without_a_head() -> None:
    weights = tell_apart(inside("bert", tiny_bert().state_dict()), "here")
    assert (weights.head, weights.pooler) == (None, None)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"classifier.weight": 0, "classifier.bias": 0}, r"here holds classifier.weight, classifier.bias, which no "),
        ({f"extra{i}.bias": 0 for i in range(5)}, r"extra0.bias, extra1.bias, extra2.bias and 2 more, which no"),
        ({"roberta.x": 0}, "needs the weights of one encoder"),
        ({"mlp.0.weight": 0}, r"The head of here \(mlp\) is neither SimCSE's \(dense.\*\) nor DiffCSE's .*Unexpected"),
    ],
)
def test_other_names_are_refused(change: dict[str, int], says: str) -> None:
    with pytest.raises(SentcseError, match=says):
        tell_apart(simcse_state() | {name: torch.zeros(value) for name, value in change.items()}, "here")


@pytest.mark.parametrize("state", [{}, {"a.b": torch.zeros(1)}, inside("distilbert", {"embeddings.x": torch.zeros(1)})])
def test_another_model_is_refused(state: State) -> None:
    with pytest.raises(SentcseError, match=f"is no training checkpoint.* holds {next(iter(state), 'none')}"):
        tell_apart(state, "here")


def test_a_head_of_another_form_is_refused() -> None:
    backbone = inside("bert", tiny_bert().state_dict())
    for head in (
        {"layers.0.weight": torch.zeros(2, 2)},
        {"dense.weight": torch.zeros(2)},
        {**linear_tanh(), "x": torch.zeros(1)},
    ):
        with pytest.raises(SentcseError, match="is neither SimCSE's"):
            tell_apart(backbone | inside("mlp", head), "here")
