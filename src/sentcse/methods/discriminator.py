"""Which encoder and which generator DiffCSE can put together."""

from __future__ import annotations

from typing import Any

import torch

from sentcse.encoder import SentenceEncoder
from sentcse.errors import SentcseError
from sentcse.methods.base import Origin
from sentcse.storage.tokenizers import load_tokenizer


def check_embeddings(encoder: SentenceEncoder, origin: Origin) -> None:
    """Refuse an encoder without embeddings of the width of its states, in whose place the condition is put.

    It is measured, as `embedding_size` does not tell: MobileBERT widens inside its embeddings, ELECTRA after them.

    Raises:
        SentcseError: naming the encoder, and both widths where there are two.
    """
    embeddings: Any = dict(encoder.backbone.named_children()).get("embeddings")
    if embeddings is None:
        raise SentcseError(
            f"method=diffcse cannot train {origin.name_or_path}: it is a {encoder.backbone.config.model_type} model, "
            "whose embeddings are no module that a sentence's vector could be put behind: choose an encoder such as "
            "BERT or RoBERTa, or another method."
        )
    # the classifier's weights are drawn later, and dropout here must not change them
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        cls = torch.tensor([[int(encoder.tokenizer.cls_token_id)]], device=encoder.device)
        width = embeddings(input_ids=cls).shape[-1]
    if width != encoder.width:
        raise SentcseError(
            f"method=diffcse cannot train {origin.name_or_path}: its embeddings have {width} values and its states "
            f"{encoder.width}, and the sentence's vector takes the place of an embedding: choose an encoder with both "
            "of one width, such as BERT or RoBERTa, or another method."
        )


def check_vocabularies(encoder: SentenceEncoder, origin: Origin, generator: Origin) -> None:
    """Refuse a generator that writes other ids than the encoder reads.

    Raises:
        SentcseError: naming both, if a token has another id in the other, or is missing there.
    """
    theirs = load_tokenizer(generator.name_or_path, revision=generator.revision).get_vocab()
    ours = encoder.tokenizer.get_vocab()
    if theirs != ours:
        strange = next((token for token in theirs if ours.get(token) != theirs[token]), None)
        example = (
            f"{len(theirs)} tokens there and {len(ours)} here"
            if strange is None
            else f"token {strange!r} is {theirs[strange]} there and {ours.get(strange, 'missing')} here"
        )
        raise SentcseError(
            f"The generator {generator.name_or_path} and the encoder {origin.name_or_path} have different vocabularies "
            f"({example}): choose a generator made for this encoder, or train one with python -m sentcse.generator."
        )
