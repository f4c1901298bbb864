"""The head of a masked language model, taken from its backbone: what the whole model computes, in every family."""

from __future__ import annotations

import pytest
import torch
from tiny import FAMILIES, tiny_config, tiny_family
from transformers import AutoModelForMaskedLM, BertForMaskedLM, PreTrainedModel

from sentcse.modules.masked_language_model_head import MaskedLanguageModelHead


def whole(family: str) -> PreTrainedModel:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        return AutoModelForMaskedLM.from_config(tiny_family(family).config).eval()


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_the_scores_are_those_of_the_whole_model_at_any_choice_of_positions(family: str) -> None:
    model = whole(family)
    ids = torch.randint(5, 60, (3, 8), generator=torch.Generator().manual_seed(0))
    mask = torch.ones_like(ids)
    with torch.no_grad():
        expected = model(input_ids=ids, attention_mask=mask).logits
        states = getattr(model, model.base_model_prefix)(input_ids=ids, attention_mask=mask).last_hidden_state
        chosen = torch.rand(ids.shape, generator=torch.Generator().manual_seed(1)) < 0.5
        found = MaskedLanguageModelHead(model)(states[chosen])
    assert found.shape == (int(chosen.sum()), expected.shape[-1])
    torch.testing.assert_close(found, expected[chosen])


def test_the_backbone_is_no_part_of_it() -> None:
    model = BertForMaskedLM(tiny_config(tie_word_embeddings=False))
    names = {name for name in model.state_dict() if name.startswith("cls.")}
    assert {name.removeprefix("model.") for name in MaskedLanguageModelHead(model).state_dict()} == names


@pytest.mark.usefixtures("float64")
def test_states_before_the_decoder_give_the_heads_scores() -> None:
    head = MaskedLanguageModelHead(BertForMaskedLM(tiny_config())).eval()
    states, decoder = torch.randn(7, 16), head.decoder
    assert decoder is not None
    reached = head.before_decoder(states, decoder)
    torch.testing.assert_close(decoder(reached), head(states))


def test_looking_before_the_decoder_scores_nothing_and_leaves_nothing_behind() -> None:
    head = MaskedLanguageModelHead(BertForMaskedLM(tiny_config())).eval()
    decoder, scored = head.decoder, []
    assert decoder is not None
    decoder.register_forward_hook(lambda _module, inputs, _output: scored.append(inputs[0].numel()))
    head.before_decoder(torch.randn(7, 16), decoder)
    assert scored == [0]
    with pytest.raises(RuntimeError):
        head.before_decoder(torch.randn(7, 5), decoder)
    assert head(torch.randn(7, 16)).shape == (7, tiny_config().vocab_size)


def test_a_head_that_ends_in_something_else_has_no_decoder() -> None:
    model = BertForMaskedLM(tiny_config())
    model.cls.predictions.decoder = torch.nn.Sequential(model.cls.predictions.decoder)
    assert MaskedLanguageModelHead(model).decoder is None
