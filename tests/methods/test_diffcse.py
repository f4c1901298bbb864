"""DiffCSE: its two terms against the published implementation, and what learns from which."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from golden_case import TOLERANCE, GoldenCase, assert_golden, gradient, load_case, load_weights
from tiny_methods import tiny_batch, tiny_diffcse, tiny_encoder
from torch import Tensor
from transformers import (
    BertConfig,
    BertModel,
    DistilBertConfig,
    DistilBertForMaskedLM,
    RobertaConfig,
    RobertaForMaskedLM,
    RobertaModel,
)

from sentcse.data.token_cache import TokenIds
from sentcse.encoder import SentenceEncoder
from sentcse.errors import SentcseError
from sentcse.losses import replaced_token_labels
from sentcse.losses.info_nce import info_nce_logits
from sentcse.methods import DiffCSE
from sentcse.methods.building import Origin
from sentcse.methods.generator import Generator
from sentcse.methods.objective import flatten_views
from sentcse.methods.optimization import AdamWSettings
from sentcse.modules.masked_language_model_head import MaskedLanguageModelHead

CASES = ["diffcse_bert", "diffcse_bert_before_mlp", "diffcse_roberta"]


class GeneratorWithGivenMasking(Generator):
    """Masks as the golden case did, where training draws at random."""

    given: Tensor

    def mask(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        return self.given, torch.ones_like(self.given, dtype=torch.bool)


class GivenTokenizer:
    """The special ids of the case: its vocabulary has no words."""

    def __init__(self, cls_token_id: int, pad_token_id: int) -> None:
        self.cls_token_id, self.pad_token_id = cls_token_id, pad_token_id
        self.model_max_length = 40


def build(case: GoldenCase, name: str, **options: Any) -> DiffCSE:
    roberta = name.endswith("roberta")
    kind, model = (RobertaConfig, RobertaModel) if roberta else (BertConfig, BertModel)
    backbone = load_weights(model(case.config(kind), add_pooling_layer=False), case.weights("encoder"))
    discriminator = load_weights(model(case.config(kind), add_pooling_layer=False), case.weights("discriminator"))
    edited = case.tensors["edited_input_ids"]
    tokenizer: Any = GivenTokenizer(int(edited[0, 0]), case.scalars["config"].get("pad_token_id", 0))
    method = DiffCSE(
        SentenceEncoder(backbone, tokenizer, pooler="cls_before_pooler"),
        build_generator(case, tokenizer, roberta=roberta),
        discriminator,
        temperature=case.scalars.get("temperature", 0.05),
        head="linear_tanh" if name.endswith("before_mlp") else "batchnorm",
        condition="before_head" if name.endswith("before_mlp") else "after_head",
        rtd_weight=case.scalars["lambda"],
        **options,
    )
    method.head.load_state_dict(case.weights("mlp"))
    method.rtd_head.load_state_dict(case.weights("electra_head"))
    return method


def build_generator(case: GoldenCase, tokenizer: Any, *, roberta: bool) -> Generator:
    weights = case.weights("generator")
    if roberta:
        layers = 1 + max(int(found[1]) for name in weights if (found := re.search(r"layer\.(\d+)\.", name)))
        config = case.config(RobertaConfig)
        config.num_hidden_layers = layers
        language_model: Any = RobertaForMaskedLM(config)
    else:
        given = case.scalars["config"]
        language_model = DistilBertForMaskedLM(
            DistilBertConfig(
                vocab_size=given["vocab_size"],
                dim=given["hidden_size"],
                n_layers=2,
                n_heads=given["num_attention_heads"],
                hidden_dim=given["intermediate_size"],
                max_position_embeddings=given["max_position_embeddings"],
                dropout=0.0,
                attention_dropout=0.0,
            )
        )
    load_weights(language_model, weights)
    backbone = getattr(language_model, language_model.base_model_prefix)
    head = MaskedLanguageModelHead(language_model)
    generator = GeneratorWithGivenMasking(backbone, head, tokenizer, padding_as_published=True)
    generator.given = case.tensors["mlm_input_ids"].flatten(0, 1)
    return generator


@pytest.mark.golden
@pytest.mark.parametrize("rows", [None, 3])
@pytest.mark.parametrize("name", CASES)
def test_loss_and_gradients_with_padding_counted_as_published(name: str, rows: int | None, golden_folder: Path) -> None:
    case = load_case(golden_folder, name)
    method = build(case, name, count_padding=True, discriminator_rows=rows)
    objective = method.compute_losses(case.batch)
    objective.total().backward()
    assert_golden(objective.losses["info_nce"], case.tensors["contrastive_loss"], "contrastive_loss")
    assert_golden(objective.losses["rtd"], case.tensors["rtd_loss"], "rtd_loss")
    assert_golden(objective.total(), case.tensors["loss"], "loss")
    head = method.head.dense if name.endswith("before_mlp") else method.head.net[0]
    embeddings = method.encoder.backbone.embeddings.word_embeddings
    found = {
        "grad.electra_head.weight": method.rtd_head.weight,
        "grad.mlp.first.weight": head.weight,
        "grad.word_embeddings": embeddings.weight,
    }
    assert {key for key in case.tensors if key.startswith("grad.")} == set(found)
    for key, parameter in found.items():
        assert_golden(gradient(parameter), case.tensors[key], key)


@pytest.mark.golden
@pytest.mark.parametrize("name", CASES)
def test_edits_labels_and_logits(name: str, golden_folder: Path) -> None:
    case = load_case(golden_folder, name)
    method = build(case, name)
    ids, mask = flatten_views(case.batch)
    edited = method.generator.edit(ids, mask)
    assert torch.equal(edited, case.tensors["edited_input_ids"])
    assert torch.equal(replaced_token_labels(edited, ids, mask), case.tensors["replaced"].long())
    pooled = method.pool(case.batch)
    projected = method.head(pooled)
    condition = projected if method.condition == "after_head" else pooled
    logits = method.replaced_token_detection.logits(edited, mask, condition=condition)
    assert_golden(logits, case.tensors["rtd_logits"], "rtd_logits")
    z1, z2 = projected.unflatten(0, case.batch["input_ids"].shape[:2]).unbind(1)
    assert_golden(info_nce_logits(z1, z2, temperature=method.temperature), case.tensors["logits"], "logits")


@pytest.mark.golden
@pytest.mark.parametrize("rows", [None, 3])
@pytest.mark.parametrize("name", CASES)
def test_real_tokens_alone_and_accuracies(name: str, rows: int | None, golden_folder: Path) -> None:
    case = load_case(golden_folder, name)
    objective = build(case, name, discriminator_rows=rows).compute_losses(case.batch)
    assert_golden(objective.losses["rtd"], case.tensors["rtd_loss_real_tokens"], "rtd_loss_real_tokens")
    assert objective.total().item() == pytest.approx(case.scalars["loss_real_tokens"], rel=TOLERANCE)
    for ours, theirs in (
        ("rtd_accuracy_replaced", "accuracy_replaced"),
        ("rtd_accuracy_original", "accuracy_original"),
    ):
        assert objective.metrics[ours].item() == pytest.approx(case.scalars[theirs], rel=TOLERANCE, abs=1e-6)


def test_the_sum_is_info_nce_and_lambda_times_the_detection() -> None:
    method = tiny_diffcse(rtd_weight=0.25)
    objective = method.compute_losses(tiny_batch())
    expected = objective.losses["info_nce"] + 0.25 * objective.losses["rtd"]
    torch.testing.assert_close(objective.total(), expected)


@pytest.mark.parametrize(("condition", "learns"), [("after_head", True), ("before_head", False)])
def test_the_detection_teaches_the_encoder_and_the_head_only_where_it_reads_behind_it(
    condition: str, learns: bool
) -> None:
    method = tiny_diffcse(condition=condition)
    method.compute_losses(tiny_batch()).losses["rtd"].backward()
    assert gradient(method.encoder.backbone.embeddings.word_embeddings.weight).abs().sum() > 0
    assert all((parameter.grad is not None) == learns for parameter in method.head.parameters())


def test_the_generator_is_no_part_of_what_is_trained_and_saved() -> None:
    method = tiny_diffcse()
    backbone = set(method.encoder.backbone.state_dict())
    assert {name for name in method.state_dict() if not name.startswith("head.")} == {
        *(f"encoder.backbone.{name}" for name in backbone),
        *(f"discriminator.{name}" for name in backbone),
        "rtd_head.weight",
        "rtd_head.bias",
    }
    assert method.discriminator.training
    assert not method.generator.training
    parts = [name.split(".")[0] for name, _ in method.named_parameters()]
    # the optimiser's order, by which older checkpoints continue
    assert list(dict.fromkeys(parts)) == ["encoder", "head", "discriminator", "rtd_head"]


def test_the_generator_follows_to_the_device() -> None:
    method = tiny_diffcse()
    method.to("meta")
    assert {parameter.device.type for parameter in method.generator.parameters()} == {"cpu"}
    method.on_fit_start()
    assert {parameter.device.type for parameter in method.generator.parameters()} == {"meta"}


def test_without_a_generator_it_is_refused() -> None:
    with pytest.raises(SentcseError, match=r"^method=diffcse needs a generator: set generator\.name_or_path\.$"):
        DiffCSE.build(tiny_encoder(), origin=Origin("bert"), generator=None, optimizer=AdamWSettings())


@pytest.mark.parametrize(
    ("asked", "chunk", "device", "rows"),
    [
        ("auto", None, "cpu", 32),
        ("auto", 8, "cpu", 32),
        ("auto", None, "cuda", None),
        ("auto", 8, "cuda", 16),
        (5, 8, "cuda", 5),
        (None, 8, "cpu", None),
    ],
)
def test_how_many_rows_the_discriminator_reads_at_a_time(
    asked: Any, chunk: int | None, device: str, rows: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    method = tiny_diffcse(asked, chunk=chunk)
    monkeypatch.setattr(DiffCSE, "device", property(lambda _: torch.device(device)))
    assert method.replaced_token_detection.rows == rows


def held_out_texts() -> list[TokenIds]:
    batch = tiny_batch()
    return [
        ids[mask.bool()].numpy().astype(np.uint16)
        for ids, mask in zip(batch["input_ids"][:, 0], batch["attention_mask"][:, 0], strict=True)
    ]


@pytest.mark.parametrize("condition", ["after_head", "before_head"])
def test_the_accuracy_on_held_out_texts_is_that_of_a_loop_over_them(condition: str) -> None:
    method = tiny_diffcse(dropout=0.3, condition=condition).eval()
    method.generator.mask = lambda ids, mask: (ids, mask.bool())  # nothing is left to chance
    margins, labels = [], []
    for text in held_out_texts():
        x = torch.from_numpy(text.astype(np.int64)).unsqueeze(0)
        edited = method.generator.edit(x, torch.ones_like(x))
        h = method.encoder(x, torch.ones_like(x))
        vector = method.head(h) if condition == "after_head" else h
        logits = method.replaced_token_detection.logits(edited, torch.ones_like(x), condition=vector)
        margins += [float(original - replaced) for original, replaced in logits[0]]
        labels += (x != edited)[0].tolist()
    middle = sorted(margins)[len(margins) // 2] - 1e-4  # half of the tokens are said to be replaced
    with torch.no_grad():
        method.rtd_head.bias[0] -= middle
    right = [(margin < middle) == replaced for margin, replaced in zip(margins, labels, strict=True)]
    of_replaced = [each for each, replaced in zip(right, labels, strict=True) if replaced]
    of_original = [each for each, replaced in zip(right, labels, strict=True) if not replaced]
    assert 0 < sum(right) < len(right)
    method.train()
    assert method.score_held_out(held_out_texts(), seed=0) == {
        "rtd_accuracy": pytest.approx(sum(right) / len(right)),
        "rtd_accuracy_replaced": pytest.approx(sum(of_replaced) / len(of_replaced)),
        "rtd_accuracy_original": pytest.approx(sum(of_original) / len(of_original)),
    }


def test_scoring_held_out_texts_leaves_modes_statistics_and_random_state() -> None:
    method = tiny_diffcse(dropout=0.3)
    method.train()
    method.head.eval()
    before = {name: value.clone() for name, value in method.state_dict().items()}
    modes = [module.training for module in method.modules()]
    torch.manual_seed(5)
    state = torch.get_rng_state()
    found = method.score_held_out(held_out_texts(), seed=3)
    assert torch.equal(torch.get_rng_state(), state)
    assert [module.training for module in method.modules()] == modes
    assert all(torch.equal(value, before[name]) for name, value in method.state_dict().items())
    torch.manual_seed(6)
    assert method.score_held_out(held_out_texts(), seed=3) == found


def test_the_seed_decides_what_is_masked_of_held_out_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    method, seen = tiny_diffcse(), []
    edit = method.generator.edit
    monkeypatch.setattr(method.generator, "edit", lambda ids, mask: seen.append(edit(ids, mask)) or seen[-1])
    for seed in (1, 1, 2):
        method.score_held_out(held_out_texts(), seed=seed)
    assert torch.equal(seen[0], seen[1])
    assert not torch.equal(seen[0], seen[2])
