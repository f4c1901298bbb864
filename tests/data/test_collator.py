from __future__ import annotations

import numpy as np
import pytest
import torch

from sentcse.data.collator import ViewCollator, batches_longest_first


def ids(*numbers: int) -> np.ndarray:
    return np.array(numbers, dtype=np.uint16)


def test_one_column_gives_two_equal_views() -> None:
    batch = ViewCollator(pad_token_id=9, columns=1)([[ids(1, 65_535, 3)], [ids(4)]])
    assert batch["input_ids"].dtype == batch["attention_mask"].dtype == torch.int64
    assert batch["input_ids"].tolist() == [[[1, 65_535, 3]] * 2, [[4, 9, 9]] * 2]
    assert batch["attention_mask"].tolist() == [[[1, 1, 1]] * 2, [[1, 0, 0]] * 2]


def test_views_are_neighbours_when_flattened() -> None:
    batch = ViewCollator(0, columns=3)([[ids(1), ids(2, 2), ids(3)], [ids(4), ids(5), ids(6)]])
    assert batch["input_ids"].shape == (2, 3, 2)
    assert batch["input_ids"].flatten(0, 1)[:, 0].tolist() == [1, 2, 3, 4, 5, 6]
    assert batch["attention_mask"].sum(-1).tolist() == [[1, 2, 1], [1, 1, 1]]


@pytest.mark.parametrize(("multiple", "tokens"), [(None, 5), (1, 5), (5, 5), (8, 8)])
def test_pads_to_a_multiple(multiple: int | None, tokens: int) -> None:
    batch = ViewCollator(0, 1, pad_to_multiple_of=multiple)([[ids(1, 2, 3, 4, 5)], [ids(1)]])
    assert batch["input_ids"].shape == batch["attention_mask"].shape == (2, 2, tokens)


def test_a_padding_id_inside_a_text_is_not_masked() -> None:
    batch = ViewCollator(7, 1)([[ids(7, 7)], [ids(7)]])
    assert batch["attention_mask"][:, 0].tolist() == [[1, 1], [1, 0]]


def test_refuses_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="columns must be 1, 2 or 3, got 4"):
        ViewCollator(0, 4)
    with pytest.raises(ValueError, match="pad_to_multiple_of must be at least 1, got 0"):
        ViewCollator(0, 1, 0)


def test_batches_by_length_hold_each_text_twice() -> None:
    given = [ids(*range(1, length + 1)) for length in (3, 7, 1, 5, 7)]
    batches = list(batches_longest_first(given, 0, size=2))
    lengths = [batch["attention_mask"][:, 0].sum(dim=1).tolist() for batch in batches]
    assert lengths == [[7, 7], [5, 3], [1]]
    for batch in batches:
        assert torch.equal(batch["input_ids"][:, 0], batch["input_ids"][:, 1])
    assert batches[1]["input_ids"][1, 0].tolist() == [*given[0].tolist(), 0, 0]
