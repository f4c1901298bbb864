"""SimCSE through its LightningModule against the published implementation: losses, logits, gradients."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from golden_case import GoldenCase, assert_golden, gradient, load_case
from torch import Tensor
from transformers import BertConfig, BertForMaskedLM

from sentcse.losses.info_nce import info_nce_logits
from sentcse.methods import SimCSE
from sentcse.methods.base import Batch
from sentcse.modules.masked_language_model_head import MaskedLanguageModelHead

pytestmark = pytest.mark.golden


class SimCSEWithGivenMasking(SimCSE):
    """Masks as the golden case did, where training draws at random."""

    def given(self, masked_ids: Tensor, labels: Tensor) -> None:
        self._masked = (masked_ids, labels)

    def mask(self, batch: Batch) -> tuple[Tensor, Tensor]:
        return self._masked


def build(case: GoldenCase, **options: object) -> SimCSEWithGivenMasking:
    method = SimCSEWithGivenMasking(case.encoder(), temperature=case.scalars["temperature"], **options)  # type: ignore[arg-type]
    method.head.load_state_dict(case.weights("mlp"))
    return method


def check_gradients(method: SimCSE, case: GoldenCase) -> None:
    backbone = method.encoder.backbone
    found = {
        "grad.word_embeddings": backbone.embeddings.word_embeddings.weight,
        "grad.layer2.ffn": backbone.encoder.layer[2].intermediate.dense.weight,
        "grad.mlp.dense.weight": method.head.dense.weight,
    }
    expected = {name for name in case.tensors if name.startswith("grad.")}
    assert expected == set(found)
    for name, parameter in found.items():
        assert_golden(gradient(parameter), case.tensors[name], name)


def train_step(method: SimCSE, case: GoldenCase) -> Tensor:
    loss = method.compute_losses(case.batch).total()
    loss.backward()
    return loss


@pytest.mark.parametrize("name", ["simcse_pair", "simcse_hard_negative"])
def test_loss_logits_and_gradients(name: str, golden_folder: Path) -> None:
    case = load_case(golden_folder, name)
    method = build(case, hard_negative_weight=case.scalars.get("hard_negative_weight", 0.0))
    assert_golden(train_step(method, case), case.tensors["loss"], "loss")
    check_gradients(method, case)
    z1, z2, *hard = method.embed(case.batch).unbind(1)
    logits = info_nce_logits(
        z1,
        z2,
        temperature=method.temperature,
        hard_negatives=hard[0] if hard else None,
        hard_negative_weight=method.hard_negative_weight,
    )
    assert_golden(logits, case.tensors["logits"], "logits")


@pytest.mark.parametrize("name", ["simcse_pair", "simcse_hard_negative", "simcse_mlm"])
def test_the_encoder_at_test_time_leaves_the_head_out(name: str, golden_folder: Path) -> None:
    case = load_case(golden_folder, name)
    encoder = build(case).evaluation_encoder().eval()
    assert encoder.pooler == "cls_before_pooler"
    vectors = encoder(case.batch["input_ids"][:, 0], case.batch["attention_mask"][:, 0])
    assert_golden(vectors, case.tensors["embedding_view0"], "embedding_view0")


def test_the_masked_language_model_term(golden_folder: Path) -> None:
    case = load_case(golden_folder, "simcse_mlm")
    language_model = BertForMaskedLM(case.config(BertConfig))
    weights = case.weights("lm_head")
    # untied, as in the published code: the decoder is a parameter of its own
    language_model.cls.predictions.decoder.weight = torch.nn.Parameter(weights["decoder.weight"].clone())
    language_model.cls.predictions.load_state_dict(weights)
    method = build(case, mlm_weight=0.1, mlm_head=MaskedLanguageModelHead(language_model))
    method.given(case.tensors["mlm_input_ids"], case.tensors["mlm_labels"])
    assert_golden(train_step(method, case), case.tensors["loss"], "loss")
    check_gradients(method, case)
