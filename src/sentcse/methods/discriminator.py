"""DiffCSE's discriminator: it reads the edited copy and the sentence's vector, and tells which tokens were replaced."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from sentcse.encoder import SentenceEncoder
from sentcse.errors import SentcseError
from sentcse.losses import (
    ReplacedTokenAccuracy,
    replaced_token_accuracy,
    replaced_token_counts,
    replaced_token_detection_loss,
    replaced_token_labels,
)
from sentcse.methods.building import Origin
from sentcse.methods.global_batch import mean_over_ranks, sum_over_ranks
from sentcse.methods.row_chunks import Rows, split_rows, sum_over_pieces

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass(frozen=True)
class Detection:
    """The loss of equations 3 and 4 as a mean over tokens, and how often the discriminator is right.

    Both are over the tokens of all ranks; `loss` is this rank's part times the number of ranks.
    """

    loss: Tensor
    accuracy: ReplacedTokenAccuracy


@dataclass(frozen=True)
class Discriminator:
    """Tells original tokens from replaced ones.

    No `nn.Module`: its two belong to the method, under whose names the weights lie in every checkpoint.

    Attributes:
        backbone: reads the edited copy with the sentence's vector at position 0.
        classifier: from a state to original or replaced.
        rows: rows that are computed at a time, which bounds the memory; None for all.
        count_padding: average over padding too (published code).
    """

    backbone: PreTrainedModel
    classifier: nn.Linear
    rows: int | None
    count_padding: bool

    def detect(self, edited: Tensor, original: Tensor, attention_mask: Tensor, *, condition: Tensor) -> Detection:
        """Score the edited copies.

        Args:
            edited: x'', (rows, tokens).
            original: x, (rows, tokens).
            attention_mask: (rows, tokens).
            condition: the vectors of the sentences, (rows, width).
        """
        labels = replaced_token_labels(edited, original, attention_mask)
        pieces = split_rows(attention_mask, self.rows, cut_padding=not self.count_padding)
        # zero at padding that needs no computation
        found = torch.zeros(*edited.shape, 2, device=edited.device)
        counted = torch.ones_like(attention_mask) if self.count_padding else attention_mask
        tokens_of_a_rank = mean_over_ranks(counted.sum())
        score = partial(self._score_piece, edited, labels, attention_mask, counted, tokens_of_a_rank, found)
        # looked up for many rows together: the gradient of the table is as large as the vocabulary
        table: Any = self.backbone.get_input_embeddings()
        learned = [*self.backbone.parameters(), *self.classifier.parameters()]
        parameters = [each for each in learned if each.requires_grad and each is not table.weight]
        loss = sum_over_pieces(score, pieces, (condition,), parameters, table=table, ids=edited)
        counts = sum_over_ranks(replaced_token_counts(found, labels, attention_mask))
        return Detection(loss, replaced_token_accuracy(counts))

    def _score_piece(
        self,
        edited: Tensor,
        labels: Tensor,
        mask: Tensor,
        counted: Tensor,
        tokens_of_a_rank: Tensor,
        found: Tensor,
        rows: Rows,
        condition: Tensor,
        words: Tensor,
    ) -> Tensor:
        """The piece's part of the mean over all tokens; writes its logits into `found`."""
        words = words[:, : rows.length]
        logits = self.logits(rows.of(edited), rows.of(mask), condition=condition, words=words)
        found[rows.index, : rows.length] = logits.detach().float()
        mean = replaced_token_detection_loss(logits, rows.of(labels), rows.of(mask), count_padding=self.count_padding)
        return mean * (counted[rows.index].sum() / tokens_of_a_rank)

    def logits(
        self, edited: Tensor, attention_mask: Tensor, *, condition: Tensor, words: Tensor | None = None
    ) -> Tensor:
        """Original-or-replaced logits (rows, tokens, 2), given the condition (rows, width).

        `words` are the word embeddings of `edited` where they have been looked up already.
        """
        with self._reading(condition, words):
            states = self.backbone(input_ids=edited, attention_mask=attention_mask).last_hidden_state
        logits: Tensor = self.classifier(states)
        return logits

    @contextmanager
    def _reading(self, condition: Tensor, words: Tensor | None) -> Iterator[None]:
        """Hooks that put the condition at position 0, the sentence's, as in figure 1, and `words` behind it."""
        model: Any = self.backbone

        def condition_first(_module: nn.Module, _inputs: Any, embedded: Tensor) -> Tensor:
            # torch.cat keeps the gradient of the condition
            return torch.cat([condition.unsqueeze(1).to(embedded.dtype), embedded[:, 1:]], dim=1)

        def looked_up(_module: nn.Module, _inputs: Any, _output: Tensor) -> Tensor | None:
            return words

        handles = [
            model.embeddings.register_forward_hook(condition_first),
            model.get_input_embeddings().register_forward_hook(looked_up),
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()


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
