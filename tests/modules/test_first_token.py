"""What is left out of the last layer changes neither the first token's state nor a gradient."""

from __future__ import annotations

import pytest
import torch
from tiny import FAMILIES, tiny_bert, tiny_family, tiny_tokenizer

from sentcse.encoder import SentenceEncoder
from sentcse.modules.first_token import computing_what_is_pooled, last_layer_for_first_token

IDS = torch.tensor([[2, 5, 6, 7, 3], [2, 9, 3, 0, 0]])
MASK = (IDS != 0).long()

SHORTENED = {"bert", "roberta", "xlm-roberta", "electra", "deberta", "deberta-v2"}
"""Families of BERT's layout; the others run as they are."""


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("family", FAMILIES)
def test_the_first_token_is_the_same(family: str) -> None:
    model = tiny_family(family).eval()
    whole = model(input_ids=IDS, attention_mask=MASK).last_hidden_state
    with last_layer_for_first_token(model):
        first = model(input_ids=IDS, attention_mask=MASK).last_hidden_state
    assert first.shape[1] == (1 if family in SHORTENED else IDS.shape[1])
    torch.testing.assert_close(first[:, 0], whole[:, 0])
    # and afterwards all tokens are back
    assert torch.equal(model(input_ids=IDS, attention_mask=MASK).last_hidden_state, whole)


@pytest.mark.usefixtures("float64")
def test_gradients_are_the_same() -> None:
    model = tiny_bert()
    gradients = []
    for shortened in (False, True):
        model.zero_grad()
        if shortened:
            with last_layer_for_first_token(model):
                states = model(input_ids=IDS, attention_mask=MASK).last_hidden_state
        else:
            states = model(input_ids=IDS, attention_mask=MASK).last_hidden_state
        states[:, 0].square().sum().backward()
        gradients.append({name: parameter.grad.clone() for name, parameter in model.named_parameters()})
    torch.testing.assert_close(gradients[1], gradients[0])


def test_the_hook_goes_away_after_a_fault() -> None:
    model = tiny_bert()
    with pytest.raises(RuntimeError, match="stop"), last_layer_for_first_token(model):
        raise RuntimeError("stop")
    assert model(input_ids=IDS, attention_mask=MASK).last_hidden_state.shape[1] == IDS.shape[1]


@pytest.mark.parametrize(("pooler", "tokens"), [("cls_before_pooler", 1), ("avg", 5)])
def test_an_encoder_shortens_what_its_pooler_does_not_read(pooler: str, tokens: int) -> None:
    encoder = SentenceEncoder(tiny_bert(), tiny_tokenizer(), pooler=pooler)
    assert encoder.hidden_states(IDS, MASK)[-1].shape[1] == tokens
    assert encoder(IDS, MASK).shape == (2, 16)


def test_only_poolers_of_the_first_token_shorten() -> None:
    model = tiny_bert().eval()
    for pooler, tokens in (("cls", 1), ("cls_before_pooler", 1), ("avg", IDS.shape[1])):
        with computing_what_is_pooled(model, pooler):
            assert model(input_ids=IDS, attention_mask=MASK).last_hidden_state.shape[1] == tokens
