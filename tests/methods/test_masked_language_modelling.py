from __future__ import annotations

from typing import Any

import pytest
import torch
from tiny import FAMILIES, tiny_config, tiny_family, tiny_tokenizer
from torch import Tensor
from torch.nn import functional as F
from transformers import AutoModelForMaskedLM, PreTrainedModel

from sentcse.methods.masked_language_modelling import MaskedLanguageModelling
from sentcse.methods.optimization import AdamWSettings, build_adamw
from sentcse.modules.masking import mask_ordinary_tokens, masked_language_model_labels

TOKENIZER = tiny_tokenizer()
SENTENCES = ["the dog runs in the city", "a man plays music", "x y z", "the woman sits and sits"]


def whole(seed: int = 0, config: Any = None) -> PreTrainedModel:
    """A random BERT with a head; without dropout, which two ways to compute one loss would draw differently."""
    settings = tiny_config(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0) if config is None else config
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return AutoModelForMaskedLM.from_config(settings)


def module(model: PreTrainedModel | None = None, **settings: Any) -> MaskedLanguageModelling:
    made = MaskedLanguageModelling(whole() if model is None else model, TOKENIZER, **settings)
    made.log = lambda *_, **__: None  # type: ignore[method-assign]
    return made


def batch() -> dict[str, Tensor]:
    """(sentences, 1 view, tokens)."""
    encoded = TOKENIZER(SENTENCES, padding=True, return_tensors="pt")
    return {name: encoded[name].unsqueeze(1) for name in ("input_ids", "attention_mask")}


def masked(seed: int, ratio: float) -> tuple[Tensor, Tensor, Tensor]:
    """Ids, mask and labels as a step with this seed draws them."""
    ids, mask = (batch()[name][:, 0] for name in ("input_ids", "attention_mask"))
    torch.manual_seed(seed)
    changed, selected = mask_ordinary_tokens(ids, mask, TOKENIZER, masking_ratio=ratio)
    return changed, mask, masked_language_model_labels(ids, selected)


def test_the_loss_is_that_of_the_whole_model() -> None:
    """Scores at masked positions alone give what Hugging Face computes from scores everywhere."""
    ids, mask, labels = masked(3, 0.5)
    expected = whole()(input_ids=ids, attention_mask=mask, labels=labels).loss
    torch.manual_seed(3)
    assert module(masking_ratio=0.5).training_step(batch(), 0).item() == pytest.approx(expected.item(), rel=1e-6)


def test_only_masked_positions_are_scored() -> None:
    model = module(masking_ratio=0.5)
    seen: list[int] = []
    model.head.register_forward_pre_hook(lambda _, inputs: seen.append(len(inputs[0])))
    torch.manual_seed(3)
    model.training_step(batch(), 0)
    wanted = int((masked(3, 0.5)[2] != -100).sum())
    assert seen == [wanted]
    assert 0 < wanted < batch()["attention_mask"].sum()


def test_every_step_masks_anew_and_the_same_seed_alike() -> None:
    model = module(masking_ratio=0.5)
    losses = []
    for seed in (1, 2, 1):
        torch.manual_seed(seed)
        losses.append(model.training_step(batch(), 0).item())
    assert losses[0] == losses[2] != losses[1]


def test_special_tokens_and_padding_are_never_predicted() -> None:
    for seed in range(5):
        predicted = masked(seed, 0.99)[2]
        assert not set(predicted.flatten().tolist()) & set(TOKENIZER.all_special_ids)


def test_a_step_without_a_masked_token_is_zero_not_nan() -> None:
    model = module(masking_ratio=1e-9)
    loss = model.training_step(batch(), 0)
    loss.backward()
    assert loss.item() == 0
    gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    assert all(bool(gradient.isfinite().all()) for gradient in gradients)


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_decoder_and_embeddings_are_one_parameter_and_stay_so(family: str) -> None:
    model = module(whole(config=tiny_family(family).config), masking_ratio=0.5)
    embeddings = model.backbone.get_input_embeddings().weight  # type: ignore[operator]
    optimizer = build_adamw(model, AdamWSettings(learning_rate=0.1))
    assert sum(p is embeddings for group in optimizer.param_groups for p in group["params"]) == 1
    before = embeddings.detach().clone()
    torch.manual_seed(0)
    model.training_step(batch(), 0).backward()
    optimizer.step()
    assert not torch.equal(embeddings, before)
    with model.whole_model() as restored:
        assert restored.get_output_embeddings().weight is embeddings
        ids, mask, labels = masked(0, 0.5)
        model.eval()
        wanted = labels != -100
        everywhere = restored(input_ids=ids, attention_mask=mask).logits
    torch.testing.assert_close(model.score_vocabulary(ids, mask, wanted), everywhere[wanted], rtol=1e-4, atol=1e-4)


def test_pairs_are_flattened() -> None:
    both = {name: torch.cat([value, value], dim=1) for name, value in batch().items()}
    flat = {name: value.repeat_interleave(2, dim=0) for name, value in batch().items()}
    losses = []
    for each in (both, flat):
        torch.manual_seed(0)
        losses.append(module(masking_ratio=0.5).training_step(each, 0))
    assert losses[0] == losses[1]


def test_scores_are_float32_whatever_computes() -> None:
    ids, mask, labels = masked(0, 0.5)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        scores = module().score_vocabulary(ids, mask, labels != -100)
    assert scores.dtype == torch.float32
    assert F.cross_entropy(scores, labels[labels != -100]).isfinite()
