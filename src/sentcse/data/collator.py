"""Rows of token ids to a padded batch of views."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from sentcse.data.token_cache import TokenIds


class ViewCollator:
    """Pads rows to a batch; a sentence's views are neighbours.

    One column gives each sentence twice: its two views differ by dropout alone (SimCSE, Gao et al. 2021,
    section 3). Two columns give the pairs, three the pairs with a hard negative.

    Args:
        pad_token_id: id that fills the end of shorter texts.
        columns: texts of a row, 1 to 3.
        pad_to_multiple_of: round the number of tokens up to a multiple, which some devices prefer.

    Raises:
        ValueError: an argument is out of range.
    """

    def __init__(self, pad_token_id: int, columns: int, pad_to_multiple_of: int | None = None) -> None:
        if not 1 <= columns <= 3:
            raise ValueError(f"columns must be 1, 2 or 3, got {columns}")
        if pad_to_multiple_of is not None and pad_to_multiple_of < 1:
            raise ValueError(f"pad_to_multiple_of must be at least 1, got {pad_to_multiple_of}")
        self.pad_token_id = pad_token_id
        self.columns = columns
        self.multiple = 1 if pad_to_multiple_of is None else pad_to_multiple_of

    def __call__(self, rows: Sequence[Sequence[TokenIds]]) -> dict[str, Tensor]:
        """Batch of `rows`, each with `columns` texts of shape (tokens,).

        Returns:
            input_ids and attention_mask, int64 of shape (sentences, views, tokens), padded to the longest text.
        """
        longest = max(len(text) for row in rows for text in row)
        tokens = -(-longest // self.multiple) * self.multiple
        input_ids = torch.full((len(rows), self.columns, tokens), self.pad_token_id, dtype=torch.int64)
        attention_mask = torch.zeros_like(input_ids)
        ids, mask = input_ids.numpy(), attention_mask.numpy()
        for number, row in enumerate(rows):
            for column, text in enumerate(row):
                ids[number, column, : len(text)] = text
                mask[number, column, : len(text)] = 1
        if self.columns > 1:
            return {"input_ids": input_ids, "attention_mask": attention_mask}
        return {"input_ids": input_ids.repeat(1, 2, 1), "attention_mask": attention_mask.repeat(1, 2, 1)}


def batches_longest_first(texts: Sequence[TokenIds], pad_token_id: int, *, size: int) -> Iterator[dict[str, Tensor]]:
    """Batches of two equal views of each text, as `ViewCollator` gives them, for what no order matters to.

    Args:
        texts: token ids, each (tokens,).
        pad_token_id: id that fills the end of shorter texts; batches by length have little of it.
        size: texts of a batch; the last may be smaller.
    """
    collate, ordered = ViewCollator(pad_token_id, 1), sorted(texts, key=len, reverse=True)
    for start in range(0, len(ordered), size):
        yield collate([[text] for text in ordered[start : start + size]])
