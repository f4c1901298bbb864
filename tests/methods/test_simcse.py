"""SimCSE: losses, logits and gradients against the published implementation, and the term of masked tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from composing import checked
from golden_case import GoldenCase, assert_golden, gradient, load_case
from tiny import tiny_config, tiny_decoder, tiny_tokenizer
from tiny_methods import tiny_batch, tiny_encoder
from torch import Tensor
from torch.nn import functional as F
from transformers import BertConfig, BertForMaskedLM

from sentcse.errors import ConfigError
from sentcse.losses.info_nce import info_nce_logits
from sentcse.methods import SimCSE
from sentcse.methods.building import Origin
from sentcse.methods.objective import Batch
from sentcse.methods.optimization import AdamWSettings
from sentcse.modules.masked_language_model_head import MaskedLanguageModelHead
from sentcse.modules.masking import masked_language_model_labels
from sentcse.training.configured_method import build_encoder, build_method


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


@pytest.mark.golden
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


@pytest.mark.golden
@pytest.mark.parametrize("name", ["simcse_pair", "simcse_hard_negative", "simcse_mlm"])
def test_the_encoder_at_test_time_leaves_the_head_out(name: str, golden_folder: Path) -> None:
    case = load_case(golden_folder, name)
    encoder = build(case).evaluation_encoder().eval()
    assert encoder.pooler == "cls_before_pooler"
    vectors = encoder(case.batch["input_ids"][:, 0], case.batch["attention_mask"][:, 0])
    assert_golden(vectors, case.tensors["embedding_view0"], "embedding_view0")


@pytest.mark.golden
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


def language_model() -> BertForMaskedLM:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        return BertForMaskedLM(tiny_config()).eval()


def with_term(**options: Any) -> SimCSE:
    torch.manual_seed(0)
    return SimCSE(tiny_encoder(), mlm_head=MaskedLanguageModelHead(language_model()), **options)


def test_the_term_is_the_mean_over_the_masked_tokens_of_all_views() -> None:
    method = with_term(mlm_weight=0.25, mlm_masking_ratio=0.5)
    batch = tiny_batch()
    torch.manual_seed(1)
    masked, labels = method.mask(batch)
    assert not torch.equal(masked[:, 0], masked[:, 1])
    assert torch.equal(labels, masked_language_model_labels(batch["input_ids"], labels != -100))
    assert not (labels != -100)[batch["attention_mask"] == 0].any()
    states = method.encoder.backbone(
        input_ids=masked.flatten(0, 1), attention_mask=batch["attention_mask"].flatten(0, 1)
    ).last_hidden_state
    expected = F.cross_entropy(language_model().cls(states).flatten(0, 1), labels.flatten())
    torch.manual_seed(1)
    objective = method.compute_losses(batch)
    torch.testing.assert_close(objective.losses["mlm"], expected, rtol=1e-5, atol=0)
    torch.testing.assert_close(objective.total(), objective.losses["info_nce"] + 0.25 * expected, rtol=1e-5, atol=0)


def test_a_batch_without_a_masked_token_is_zero_not_nan() -> None:
    method = with_term(mlm_weight=1.0, mlm_masking_ratio=1e-9)
    assert method.masked_language_model_loss(tiny_batch()).item() == 0


def test_a_hard_negative_makes_the_loss_larger_and_more_so_with_weight() -> None:
    batch = tiny_batch(views=3)
    two = {name: value[:, :2] for name, value in batch.items()}
    found = []
    for views, weight in ((two, 0.0), (batch, 0.0), (batch, 1.0)):
        torch.manual_seed(0)
        method = SimCSE(tiny_encoder(), hard_negative_weight=weight)
        found.append(method.compute_losses(views).losses["info_nce"].item())
    assert found[0] < found[1] < found[2]


def test_the_term_starts_with_the_checkpoints_own_head(tmp_path: Path) -> None:
    language_model().save_pretrained(tmp_path)
    tiny_tokenizer(tmp_path)
    method = SimCSE.build(
        tiny_encoder(), origin=Origin(str(tmp_path)), generator=None, optimizer=AdamWSettings(), mlm_weight=0.1
    )
    states = torch.randn(4, 16)
    assert method.mlm_head is not None
    torch.testing.assert_close(method.mlm_head(states), language_model().cls(states))


def test_the_term_without_a_head_is_refused() -> None:
    with pytest.raises(ValueError, match="mlm_head must be given when mlm_weight is above 0"):
        SimCSE(tiny_encoder(), mlm_weight=0.1)


def test_the_masked_language_model_term_needs_a_mask_token(tmp_path: Path) -> None:
    """A GPT's files do not say that it has none: the configuration passes, and the method says it."""
    decoder = tiny_decoder(tmp_path / "gpt")
    config = checked("data=text", "data.path=x.txt", f"encoder.name_or_path={decoder}", "method.mlm_weight=0.1")
    with pytest.raises(ConfigError, match=r"needs a mask token and the tokenizer of .*gpt has none: set method\.mlm"):
        build_method(config, build_encoder(config))
