"""miCSE: its two terms against the published implementation, its layers, and where its positions come from."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from golden_case import GoldenCase, assert_golden, gradient, load_case
from tiny import tiny_tokenizer
from tiny_methods import tiny_batch, tiny_encoder
from torch import Tensor
from transformers import XLNetConfig, XLNetModel

from sentcse.encoder import SentenceEncoder
from sentcse.errors import ConfigError
from sentcse.losses.info_nce import info_nce_logits
from sentcse.methods import MiCSE, SimCSE
from sentcse.methods.building import Origin
from sentcse.methods.micse import default_layers
from sentcse.methods.optimization import AdamWSettings


def build(case: GoldenCase) -> MiCSE:
    method = MiCSE(
        case.encoder(),
        alpha=case.scalars["alpha"],
        ami_weight=case.scalars["lambda"],
        ami_layers=[7, 8, 9, 10],
        ami_minimum_support=None,
        count_padding=True,
    )
    method.head.load_state_dict(case.weights("mlp"))
    return method


@pytest.mark.golden
def test_losses_information_and_gradients(golden_folder: Path) -> None:
    case = load_case(golden_folder, "micse_bert")
    method = build(case)
    objective = method.compute_losses(case.batch)
    objective.total().backward()
    assert_golden(objective.losses["info_nce"], case.tensors["contrastive_loss"], "contrastive_loss")
    assert_golden(objective.total(), case.tensors["loss"], "loss")
    # the golden information is a difference of two losses over lambda: six digits are left of it
    expected = case.scalars["attention_mutual_information_from_loss_difference"]
    assert objective.losses["ami"].item() == pytest.approx(expected, rel=1e-3)
    backbone = method.encoder.backbone
    found = {
        "grad.word_embeddings": backbone.embeddings.word_embeddings.weight,
        "grad.layer8.query": backbone.encoder.layer[8].attention.self.query.weight,
    }
    assert {name for name in case.tensors if name.startswith("grad.")} == set(found)
    for name, parameter in found.items():
        assert_golden(gradient(parameter), case.tensors[name], name)
    z1, z2 = method.embed(case.batch).unbind(1)
    assert_golden(info_nce_logits(z1, z2, temperature=method.temperature), case.tensors["logits"], "logits")


@pytest.mark.parametrize(
    ("depth", "layers"), [(12, [7, 8, 9, 10]), (6, [2, 3, 4, 5]), (24, [18, 19, 20, 21]), (3, [0, 1, 2]), (2, [0, 1])]
)
def test_the_rule_for_other_depths(depth: int, layers: list[int]) -> None:
    assert default_layers(depth) == layers


def pairs() -> dict[str, Tensor]:
    """Two views of other words each: of equal ones the attention agrees entirely, without dropout."""
    batch = tiny_batch()
    batch["input_ids"][:, 1] = (batch["input_ids"][:, 1] + 7) * batch["attention_mask"][:, 1]
    return batch


def small(encoder: SentenceEncoder | None = None, **options: Any) -> MiCSE:
    """Rows of nine positions count, of which three are compared; layer 0 and 1 of three."""
    torch.manual_seed(0)
    chosen = {"ami_layers": [0, 1], "ami_samples": 3, "ami_minimum_support": 2, **options}
    return MiCSE(tiny_encoder() if encoder is None else encoder, **chosen)


def test_the_sum_is_alpha_info_nce_less_lambda_information() -> None:
    objective = small(alpha=0.5, ami_weight=2.0).compute_losses(pairs())
    assert objective.losses["ami"] > 0
    expected = 0.5 * objective.losses["info_nce"] - 2.0 * objective.losses["ami"]
    torch.testing.assert_close(objective.total(), expected)


@pytest.mark.usefixtures("float64")
def test_without_its_term_it_is_simcse() -> None:
    micse = small(ami_weight=0.0)
    simcse = SimCSE(tiny_encoder())
    simcse.load_state_dict(micse.state_dict())
    torch.testing.assert_close(
        micse.compute_losses(pairs()).total(), simcse.compute_losses(pairs()).total(), rtol=1e-9, atol=0
    )


def test_positions_come_from_the_seed_and_leave_the_random_state_alone() -> None:
    method = small()
    found = []
    for seed in (1, 2, 1):
        torch.manual_seed(seed)
        before = torch.get_rng_state()
        found.append(method.compute_losses(pairs()).losses["ami"].item())
        assert torch.equal(torch.get_rng_state(), before)
    assert found[0] == found[2] != found[1]


def test_the_order_in_which_layers_are_named_changes_nothing() -> None:
    found = []
    for layers in ([0, 2], [2, 0]):
        method = small(ami_layers=layers)
        torch.manual_seed(1)
        found.append(method.compute_losses(pairs()).losses["ami"].item())
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("layers", "fault"),
    [([1, 3], "layers must name different layers from 0 to 2 of BertModel, got [1, 3]"), ([1, 1], "got [1, 1]")],
)
def test_layers_that_the_encoder_lacks_are_refused(layers: list[int], fault: str) -> None:
    given: dict[str, Any] = {"origin": Origin("bert"), "generator": None, "optimizer": AdamWSettings()}
    with pytest.raises(ConfigError, match=r"^method=micse needs attention maps \(method\.ami_layers\): ") as raised:
        MiCSE.build(tiny_encoder(), ami_layers=layers, **given)
    assert re.search(re.escape(fault), str(raised.value))


def test_an_architecture_without_maps_is_refused() -> None:
    tokenizer = tiny_tokenizer()
    config = XLNetConfig(vocab_size=len(tokenizer), d_model=16, n_layer=2, n_head=2, d_inner=16)
    encoder = SentenceEncoder(XLNetModel(config), tokenizer, pooler="avg")
    with pytest.raises(ConfigError, match="XLNetModel does not take its attention from transformers"):
        MiCSE.build(encoder, origin=Origin("xlnet"), generator=None, optimizer=AdamWSettings())
