"""miCSE through its LightningModule against the published implementation."""

from __future__ import annotations

from pathlib import Path

import pytest
from golden_case import GoldenCase, assert_golden, gradient, load_case

from sentcse.losses.info_nce import info_nce_logits
from sentcse.methods import MiCSE
from sentcse.methods.micse import default_layers

pytestmark = pytest.mark.golden


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
