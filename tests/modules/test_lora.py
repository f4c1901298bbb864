"""Adapters in a backbone: what is trained, what they compute, what merging leaves."""

from __future__ import annotations

import sys
from typing import Any

import pytest
import torch
from encoders import make_lora
from tiny import tiny_bert

from sentcse.errors import ConfigError, SentcseError
from sentcse.modules.lora import LoRA, adapt, linear_layers, lora_of, merged

pytest.importorskip("peft")
IDS = torch.tensor([[2, 7, 9, 3], [2, 8, 3, 0]])


def states(backbone: Any) -> torch.Tensor:
    found: torch.Tensor = backbone.eval()(input_ids=IDS, attention_mask=(IDS > 0).long()).last_hidden_state
    return found


@pytest.mark.parametrize(
    ("targets", "layers"),
    [(None, ["query", "value"]), (["key"], ["key"]), ("all-linear", ["dense", "key", "query", "value"])],
)
def test_adapters_alone_are_trained_and_change_nothing_at_first(targets: Any, layers: list[str]) -> None:
    backbone = tiny_bert()
    before = states(backbone)
    adapt(backbone, LoRA(rank=2, targets=targets))
    assert torch.equal(states(backbone), before)
    trained = [name for name, each in backbone.named_parameters() if each.requires_grad]
    assert sorted({name.split(".")[-4] for name in trained}) == layers
    assert all(".lora_A." in name or ".lora_B." in name for name in trained)
    assert lora_of(backbone) == LoRA(2, None, 0.05, targets)
    assert lora_of(tiny_bert()) is None


@pytest.mark.parametrize(("alpha", "scale"), [(None, 2.0), (3.0, 0.75)])
def test_what_is_merged_is_the_weight_and_the_product_of_the_two_matrices(alpha: float | None, scale: float) -> None:
    encoder = make_lora(LoRA(rank=4, alpha=alpha, targets=["key"]))
    layer: Any = encoder.backbone.encoder.layer[1].attention.self.key
    product = layer.lora_B["default"].weight @ layer.lora_A["default"].weight
    plain = merged(encoder.backbone)
    weight = plain.encoder.layer[1].attention.self.key.weight
    torch.testing.assert_close(weight, layer.base_layer.weight + scale * product)
    assert product.abs().max() > 0.01
    assert plain.state_dict().keys() == tiny_bert().state_dict().keys()
    assert all(each.requires_grad for each in plain.parameters())
    assert lora_of(plain) is None
    torch.testing.assert_close(states(plain), states(encoder.backbone))
    assert lora_of(encoder.backbone) is not None  # a copy was merged
    assert merged(plain) is plain


def test_layers_that_are_not_there_are_refused_and_the_others_named() -> None:
    with pytest.raises(ConfigError, match=r"encoder\.lora\.targets=\[q_proj\] .* \(dense, key, query, value\), or all"):
        adapt(tiny_bert(), LoRA(rank=2, targets=["q_proj"]))
    with pytest.raises(ConfigError, match=r"encoder\.lora\.targets=\[valeu\] cannot be had"):  # peft takes the other
        adapt(tiny_bert(), LoRA(rank=2, targets=["query", "valeu"]))
    adapt(tiny_bert(), LoRA(rank=2, targets=["query", "layer.1.attention.self.value"]))
    assert linear_layers(tiny_bert()) == ["dense", "key", "query", "value"]


@pytest.mark.parametrize("wrong", [{"rank": 0}, {"rank": 2, "alpha": 0.0}, {"rank": 2, "dropout": 1.0}])
def test_a_number_out_of_range(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="rank must be at least 1, alpha above 0 and dropout from 0 to below 1"):
        LoRA(**wrong)


def test_without_peft_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(SentcseError, match=r"LoRA needs peft, which is not installed: pip install 'sentcse\[peft\]'"):
        adapt(tiny_bert(), LoRA(rank=2))
