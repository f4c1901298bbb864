"""How many tokens an encoder takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

from sentcse.errors import ConfigError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

LONGEST_INPUT = 512
"""Sentences are cut here unless the encoder's own limit is lower: the STS test sets lose nothing."""

SHORTEST_INPUT = 3


def check_length(
    max_length: int, backbone: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, *, key: str = "max_length"
) -> None:
    """Refuse a length for which the backbone has no positions, before a long sentence runs into it.

    Raises:
        ConfigError: naming `key`, the setting that holds the length.
    """
    if max_length < SHORTEST_INPUT:
        raise ConfigError(f"{key}={max_length}: two special tokens leave no room for a word; set it to 3 or more.")
    most = longest_input(backbone, tokenizer, at_most=max_length)
    if max_length > most:
        raise ConfigError(f"{key}={max_length}: this encoder takes at most {most} tokens; set it to {most} or lower.")


def check_prompt(prompt: str, tokenizer: PreTrainedTokenizerBase, max_length: int) -> None:
    """Refuse a prompt behind which no token of a sentence is left, so that all of them would be one.

    Raises:
        ConfigError: naming `encoder.prompt` and both lengths.
    """
    taken = len(tokenizer(prompt, verbose=False)["input_ids"])  # verbose: a warning about what is refused here
    if prompt != "" and taken >= max_length:
        raise ConfigError(
            f"encoder.prompt takes {taken} tokens, special ones included, of the {max_length} of data.max_length, and "
            "nothing of a sentence is left: shorten it, or set a larger data.max_length."
        )


def longest_input(
    backbone: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, *, at_most: int = LONGEST_INPUT
) -> int:
    """The most tokens that backbone and tokenizer take, up to `at_most`."""
    return int(min(most_positions(backbone, at_most=at_most), tokenizer.model_max_length))


def most_positions(backbone: PreTrainedModel, *, at_most: int) -> int:
    """The most tokens for which a backbone has positions, up to `at_most`.

    RoBERTa and its like (MPNet, CamemBERT) count positions from their padding id + 1, so that two of their 514 cannot
    be used; they are known by a position embedding that has a padding id.
    """
    positions: int = getattr(backbone.config, "max_position_embeddings", at_most)
    embedding = dict(backbone.named_modules()).get("embeddings.position_embeddings")
    if isinstance(embedding, nn.Embedding) and embedding.padding_idx is not None:
        positions -= embedding.padding_idx + 1
    return int(min(at_most, positions))
