"""How long an input may be: positions, tokenizer and wish, whichever is least; and what is said of more."""

from __future__ import annotations

import pytest
import torch
from tiny import FAMILIES, tiny_bert, tiny_family, tiny_tokenizer

from sentcse.errors import ConfigError
from sentcse.modules.input_length import check_length, check_prompt, longest_input, most_positions


def boundless() -> object:
    tokenizer = tiny_tokenizer()
    tokenizer.model_max_length = 10**30
    return tokenizer


@pytest.mark.parametrize("model_type", sorted(FAMILIES))
def test_the_longest_input_of_a_family_has_positions_and_one_more_token_has_none(model_type: str) -> None:
    """A RoBERTa of 514 positions and padding id 1 takes 512; here the padding id is 0; MPNet has its own, 1."""
    backbone = tiny_family(model_type)
    longest = longest_input(backbone, boundless())  # type: ignore[arg-type]
    assert longest == {"roberta": 63, "xlm-roberta": 63, "mpnet": 62}.get(model_type, 64)
    ids = torch.full((1, longest + 1), 7)
    states = backbone(input_ids=ids[:, :-1], attention_mask=torch.ones_like(ids[:, :-1])).last_hidden_state
    assert states.isfinite().all()
    if model_type != "modernbert":  # its positions are angles, which have no end
        with pytest.raises((IndexError, RuntimeError, ValueError)):
            backbone(input_ids=ids, attention_mask=torch.ones_like(ids))


def test_the_least_of_positions_tokenizer_and_wish() -> None:
    tokenizer = tiny_tokenizer()
    tokenizer.model_max_length = 20
    assert longest_input(tiny_bert(), tokenizer) == 20
    assert longest_input(tiny_bert(), tokenizer, at_most=12) == 12
    assert longest_input(tiny_bert(max_position_embeddings=16), tokenizer) == 16
    assert longest_input(tiny_bert(max_position_embeddings=600), boundless()) == 512  # type: ignore[arg-type]
    assert most_positions(tiny_bert(), at_most=100) == 64
    assert most_positions(tiny_family("mpnet"), at_most=100) == 62
    assert most_positions(tiny_family("mpnet"), at_most=5) == 5
    assert longest_input(tiny_bert(max_position_embeddings=600), boundless(), at_most=1000) == 600  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (2, "data.max_length=2: two special tokens leave no room for a word; set it to 3 or more."),
        (-1, "data.max_length=-1: two special tokens leave no room for a word; set it to 3 or more."),
        (65, "data.max_length=65: this encoder takes at most 64 tokens; set it to 64 or lower."),
    ],
)
def test_a_length_that_does_not_fit_is_refused_by_its_key(length: int, said: str) -> None:
    with pytest.raises(ConfigError) as fault:
        check_length(length, tiny_bert(), tiny_tokenizer(), key="data.max_length")
    assert str(fault.value) == said


@pytest.mark.parametrize("length", [3, 64])
def test_a_length_that_fits(length: int) -> None:
    check_length(length, tiny_bert(), tiny_tokenizer())


@pytest.mark.parametrize("length", [5, 6])
def test_a_prompt_that_leaves_no_room_is_refused(length: int) -> None:
    prompt = "the dog runs "  # three tokens and two special ones
    if length > 5:
        check_prompt(prompt, tiny_tokenizer(), length)
        return
    with pytest.raises(ConfigError, match=r"encoder\.prompt takes 5 tokens.* of the 5 of data\.max_length.*shorten it"):
        check_prompt(prompt, tiny_tokenizer(), length)
    check_prompt("", tiny_tokenizer(), 2)
