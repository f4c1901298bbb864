"""Maps of chosen layers against a model that runs eager attention throughout."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor
from transformers import (
    AlbertConfig,
    AlbertModel,
    BertConfig,
    BertModel,
    DebertaV2Config,
    DebertaV2Model,
    DistilBertConfig,
    DistilBertModel,
    ModernBertConfig,
    ModernBertModel,
    MPNetConfig,
    MPNetModel,
    PreTrainedModel,
    Qwen3Config,
    Qwen3Model,
    RobertaConfig,
    RobertaModel,
)
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from sentcse.losses.attention_mutual_information import attention_mutual_information
from sentcse.losses.info_nce import info_nce_loss
from sentcse.modules import attention as attention_maps
from sentcse.modules.attention import (
    IMPLEMENTATION,
    attention_with_maps,
    collect_attention_maps,
    enable_attention_maps,
    quicken_attention,
)

GOLDEN = Path(os.environ.get("SENTCSE_GOLDEN", Path(__file__).parents[1] / "golden"))
SMALL = {"vocab_size": 60, "hidden_size": 16, "num_hidden_layers": 4, "num_attention_heads": 2, "intermediate_size": 32}
LAYERS = [1, 3]


def small_model(architecture: str) -> PreTrainedModel:
    torch.manual_seed(0)
    if architecture == "distilbert":
        return DistilBertModel(DistilBertConfig(vocab_size=60, dim=16, n_layers=4, n_heads=2, hidden_dim=32)).eval()
    if architecture == "roberta":
        return RobertaModel(RobertaConfig(**SMALL), add_pooling_layer=False).eval()
    if architecture == "modernbert":
        config = ModernBertConfig(**SMALL, pad_token_id=0, bos_token_id=1, eos_token_id=2, cls_token_id=1,
                                  sep_token_id=2, local_attention=4)  # fmt: skip
        return ModernBertModel(config).eval()
    return BertModel(BertConfig(**SMALL), add_pooling_layer=False).eval()


def batch() -> dict[str, Tensor]:
    ids = torch.randint(5, 60, (4, 9), generator=torch.Generator().manual_seed(2))
    return {"input_ids": ids, "attention_mask": (torch.arange(9) < torch.tensor([9, 4, 7, 5])[:, None]).long()}


@pytest.mark.parametrize("architecture", ["bert", "roberta", "distilbert", "modernbert"])
def test_maps_hidden_states_and_gradients_equal_full_eager_under_padding(
    request: pytest.FixtureRequest, architecture: str
) -> None:
    tolerance = {"rtol": 1e-7, "atol": 1e-7}
    if architecture == "modernbert":  # its eager attention, transformers' own, gives nan in float64
        tolerance = {"rtol": 1e-3, "atol": 1e-4}
    else:
        request.getfixturevalue("float64")
    model, inputs = small_model(architecture), batch()
    eager = copy.deepcopy(model)
    eager.set_attn_implementation("eager")
    enable_attention_maps(model, LAYERS)
    real = inputs["attention_mask"].bool()
    weight = torch.randn(9, 9, generator=torch.Generator().manual_seed(1))

    with collect_attention_maps(LAYERS) as maps:
        ours = model(**inputs).last_hidden_state
    reference = eager(**inputs, output_attentions=True)
    assert sorted(maps) == LAYERS
    torch.testing.assert_close(ours[real], reference.last_hidden_state[real], **tolerance)
    for layer in LAYERS:
        torch.testing.assert_close(
            maps[layer].transpose(1, 2)[real],
            reference.attentions[layer].transpose(1, 2)[real],
            **tolerance,
            check_dtype=False,
        )
        assert float(maps[layer][1, :, :4, 4:].detach().abs().max()) == 0.0  # the padded keys of a sentence of 4 tokens

    def objective(hidden: Tensor, given: list[Tensor]) -> Tensor:
        return hidden[:, 0].square().sum() + sum((m[2] * weight)[:, :7].sum() for m in given)  # sentence of 7 tokens

    objective(ours, [maps[layer] for layer in LAYERS]).backward()
    objective(reference.last_hidden_state, [reference.attentions[layer] for layer in LAYERS]).backward()
    for (name, mine), theirs in zip(model.named_parameters(), eager.parameters(), strict=True):
        if theirs.grad is not None:
            torch.testing.assert_close(mine.grad, theirs.grad, **tolerance, msg=lambda m, n=name: f"{n}: {m}")


def test_maps_are_after_dropout_and_follow_the_seed() -> None:
    model, inputs = small_model("bert").train(), batch()
    enable_attention_maps(model, LAYERS)
    kept = []
    for _ in range(2):
        torch.manual_seed(5)
        with collect_attention_maps(LAYERS) as maps:
            model(**inputs)
        kept.append(maps[1])
    assert torch.equal(*kept)
    full_length = kept[0][0]
    assert 0.02 < float((full_length == 0).float().mean()) < 0.25  # dropout 0.1
    assert float((full_length.sum(-1) - 1).abs().max()) > 0.01


def test_other_layers_and_other_forward_passes_keep_nothing() -> None:
    model, inputs = small_model("bert"), batch()
    enable_attention_maps(model, [2])
    with collect_attention_maps([2]) as maps:
        model(**inputs)
    before = maps[2]
    model(**inputs)
    assert list(maps) == [2]
    assert maps[2] is before
    enable_attention_maps(model, [0])
    with collect_attention_maps([0]) as maps:
        model(**inputs)
    assert list(maps) == [0]


def test_a_copy_collects_and_the_saved_configuration_does_not_know() -> None:
    model, inputs = small_model("bert"), batch()
    enable_attention_maps(model, LAYERS)
    with collect_attention_maps(LAYERS) as maps:
        copy.deepcopy(model)(**inputs)
    assert sorted(maps) == LAYERS
    assert "map" not in model.config.to_json_string()


def test_enabling_leaves_the_random_state_alone() -> None:
    model = small_model("bert").train()
    before = torch.random.get_rng_state()
    enable_attention_maps(model, LAYERS)
    assert torch.equal(before, torch.random.get_rng_state())
    assert model.training


def test_bfloat16_autocast_keeps_maps_in_float32() -> None:
    model, inputs = small_model("bert"), batch()
    enable_attention_maps(model, LAYERS)
    with torch.autocast("cpu", torch.bfloat16), collect_attention_maps(LAYERS) as maps:
        model(**inputs)
    assert maps[1].dtype == torch.float32
    assert float((maps[1].sum(-1) - 1).abs().max()) < 1e-5


@pytest.mark.usefixtures("float64")
def test_gradient_checkpointing_gives_the_same_gradients() -> None:
    gradients = []
    for checkpointing in (False, True):
        model, inputs = small_model("bert").train(), batch()
        if checkpointing:
            model.gradient_checkpointing_enable({"use_reentrant": False})
        enable_attention_maps(model, LAYERS)
        torch.manual_seed(3)
        with collect_attention_maps(LAYERS) as maps:
            hidden = model(**inputs).last_hidden_state
        (hidden.square().sum() + sum(m.square().sum() for m in maps.values())).backward()
        gradients.append(model.embeddings.word_embeddings.weight.grad)
    torch.testing.assert_close(gradients[1], gradients[0])


@pytest.mark.usefixtures("float64")
def test_grouped_query_attention_repeats_the_key_heads() -> None:
    generator = torch.Generator().manual_seed(0)
    query, key, value = (torch.randn(2, heads, 5, 8, generator=generator) for heads in (4, 2, 2))
    output, maps = attention_with_maps(query, key, value, None, dropout=0.0, scaling=None)
    expected = torch.nn.functional.scaled_dot_product_attention(query, key, value, enable_gqa=True)
    torch.testing.assert_close(output, expected.transpose(1, 2))
    assert maps.shape == (2, 4, 5, 5)


def test_a_forward_pass_without_maps_or_a_second_one_is_refused() -> None:
    model, inputs = small_model("bert"), batch()
    with pytest.raises(RuntimeError, match=r"no attention maps of layers \[1, 3\]"), collect_attention_maps(LAYERS):
        model(**inputs)
    enable_attention_maps(model, LAYERS)
    with collect_attention_maps(LAYERS):
        model(**inputs)
        with pytest.raises(RuntimeError, match="second forward pass"):
            model(**inputs)


@pytest.mark.parametrize("layers", [[], [1, 1], [4], [-1]])
def test_layers_that_do_not_exist_are_refused(layers: list[int]) -> None:
    with pytest.raises(ValueError, match="different layers from 0 to 3 of BertModel"):
        enable_attention_maps(small_model("bert"), layers)


def test_models_without_separable_bidirectional_attention_are_refused() -> None:
    deberta = DebertaV2Model(DebertaV2Config(**SMALL))
    with pytest.raises(ValueError, match="DebertaV2Model does not take its attention"):
        enable_attention_maps(deberta, LAYERS)
    with pytest.raises(ValueError, match="AlbertModel shares one attention module"):
        enable_attention_maps(AlbertModel(AlbertConfig(**SMALL, embedding_size=8)), LAYERS)
    with pytest.raises(ValueError, match="Qwen3Model attends causally"):
        enable_attention_maps(Qwen3Model(Qwen3Config(**SMALL, num_key_value_heads=1, head_dim=8)), LAYERS)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("architecture", ["bert", "roberta", "distilbert", "modernbert"])
def test_quickened_attention_is_attention(architecture: str) -> None:
    """In eval mode the same vectors; in training the dropout of each map's entries, and gradients through it."""
    model = small_model(architecture)
    with torch.no_grad():
        expected = model(**batch()).last_hidden_state
    quicken_attention(model)
    assert model.config._attn_implementation == IMPLEMENTATION
    with torch.no_grad():
        torch.testing.assert_close(model(**batch()).last_hidden_state, expected)
    model.train()
    torch.manual_seed(0)
    first = model(**batch()).last_hidden_state
    first.square().sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters() if parameter.requires_grad)
    torch.manual_seed(0)
    assert torch.equal(model(**batch()).last_hidden_state, first)


@pytest.fixture
def fused(monkeypatch: pytest.MonkeyPatch) -> list[Tensor | None]:
    """The mask of each call of torch's fused attention."""
    masks: list[Tensor | None] = []

    def note(*arguments: Any, **options: Any) -> Any:
        masks.append(arguments[4])
        return sdpa_attention_forward(*arguments, **options)

    monkeypatch.setattr(attention_maps, "sdpa_attention_forward", note)
    return masks


@torch.no_grad()
def test_a_gpu_gets_a_mask_that_a_batch_without_padding_does_not_need(
    fused: list[Tensor | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same states; whether there is padding is what it would have to be asked."""
    model = small_model("bert")
    quicken_attention(model)
    whole = batch()
    whole["attention_mask"] = torch.ones_like(whole["attention_mask"])
    expected = model(**whole).last_hidden_state
    assert fused == [None] * 4  # layers
    monkeypatch.setattr(attention_maps, "_answers_at_once", lambda device: False)
    torch.testing.assert_close(model(**whole).last_hidden_state, expected)
    assert len(fused) == 8
    assert all(mask is not None and bool(mask.all()) for mask in fused[4:])


def test_fused_attention_is_left_out_where_dropout_makes_it_slow(fused: list[Tensor | None]) -> None:
    model = small_model("bert")
    quicken_attention(model)
    model(**batch())
    assert len(fused) == 4  # layers
    model.train()(**batch())
    assert len(fused) == 4
    for layer in model.encoder.layer:
        layer.attention.self.dropout.p = 0.0
    model(**batch())
    assert len(fused) == 8


def test_quickened_attention_with_dropout_has_the_right_mean() -> None:
    """With every other dropout off, the mean over many masks comes near the output without dropout."""
    torch.manual_seed(0)
    model = BertModel(BertConfig(**{**SMALL, "num_hidden_layers": 1}, hidden_dropout_prob=0.0,
                                 attention_probs_dropout_prob=0.2), add_pooling_layer=False)  # fmt: skip
    quicken_attention(model)
    attention = model.encoder.layer[0].attention.self
    states = torch.randn(2, 9, 16)
    with torch.no_grad():
        exact = attention.eval()(states)[0]
        drawn = torch.stack([attention.train()(states)[0] for _ in range(2000)])
    spread = drawn.std(dim=0)
    assert float(spread.min()) > 0
    assert float(((drawn.mean(dim=0) - exact).abs() / (spread / 2000**0.5)).max()) < 5


def test_an_attention_of_its_own_is_left_alone() -> None:
    model = MPNetModel(MPNetConfig(**SMALL), add_pooling_layer=False)
    quicken_attention(model)
    assert model.config._attn_implementation == "eager"


@pytest.mark.golden
def test_golden_maps_loss_and_gradients() -> None:
    golden = load_file(GOLDEN / "micse_bert.safetensors")
    case = json.loads((GOLDEN / "golden.json").read_text())["micse_bert"]
    config = dict(case["config"])
    dropout = config.pop("dropout")
    model = BertModel(BertConfig(**config, hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout))
    weights = {name[8:]: value for name, value in golden.items() if name.startswith("encoder.")}
    missing, _ = model.load_state_dict(weights, strict=False)
    assert not [name for name in missing if not name.startswith("pooler.")]
    layers = sorted(int(name[15:]) for name in golden if name.startswith("attention.layer"))
    enable_attention_maps(model, layers)
    mask = golden["attention_mask"].flatten(0, 1)
    with collect_attention_maps(layers) as maps:
        hidden = model(input_ids=golden["input_ids"].flatten(0, 1), attention_mask=mask).last_hidden_state
    for layer in layers:
        torch.testing.assert_close(maps[layer], golden[f"attention.layer{layer}"], rtol=1e-4, atol=1e-6)

    z = torch.tanh(hidden[:, 0] @ golden["mlp.dense.weight"].T + golden["mlp.dense.bias"])
    contrastive = info_nce_loss(z[0::2], z[1::2], temperature=0.05)
    result = attention_mutual_information(
        [maps[layer] for layer in layers], mask, generator=torch.Generator(), minimum_support=None, count_padding=True
    )
    loss = case["alpha"] * contrastive - case["lambda"] * result.information
    loss.backward()
    assert float(contrastive) == pytest.approx(case["contrastive_loss"], rel=1e-4)
    assert float(loss) == pytest.approx(case["loss"], rel=1e-4)
    value = case["attention_mutual_information_from_loss_difference"]
    assert float(result.information) == pytest.approx(value, rel=1e-4)
    for name, parameter in (
        ("grad.word_embeddings", model.embeddings.word_embeddings.weight),
        ("grad.layer8.query", model.encoder.layer[8].attention.self.query.weight),
    ):
        expected = golden[name]
        torch.testing.assert_close(parameter.grad, expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))
