"""Masking: the shares of the 80 / 10 / 10 rule, what is never touched, and reproducibility."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from sentcse.modules.masking import mask_tokens, masked_language_model_labels

GOLDEN = Path(os.environ.get("SENTCSE_GOLDEN", Path(__file__).parents[1] / "golden"))
MASK_ID, VOCABULARY = 4, 1000


def many_tokens() -> tuple[torch.Tensor, torch.Tensor]:
    ids = torch.randint(5, VOCABULARY, (500, 2, 40), generator=torch.Generator().manual_seed(1))
    special = torch.zeros_like(ids, dtype=torch.bool)
    special[..., 0] = special[..., 30:] = True
    return ids, special


def test_shares_follow_the_rule() -> None:
    ids, special = many_tokens()
    masked, selected = mask_tokens(
        ids, special, masking_ratio=0.3, mask_token_id=MASK_ID, vocab_size=VOCABULARY,
        generator=torch.Generator().manual_seed(0),
    )  # fmt: skip
    ordinary, chosen = int((~special).sum()), int(selected.sum())
    assert chosen / ordinary == pytest.approx(0.3, abs=5 * math.sqrt(0.3 * 0.7 / ordinary))
    of_chosen = [float(share[selected].float().mean()) for share in (masked == MASK_ID, masked == ids)]
    assert of_chosen == pytest.approx([0.8, 0.1], abs=5 * math.sqrt(0.8 * 0.2 / chosen) + 1 / VOCABULARY)
    random = masked[selected & (masked != MASK_ID) & (masked != ids)]
    assert len(random) / chosen == pytest.approx(0.1, abs=0.02)
    assert int(random.min()) < 20
    assert int(random.max()) >= VOCABULARY - 20


def test_special_tokens_and_unselected_ones_stay() -> None:
    ids, special = many_tokens()
    before = ids.clone()
    masked, selected = mask_tokens(ids, special, masking_ratio=1.0, mask_token_id=MASK_ID, vocab_size=VOCABULARY)
    assert torch.equal(selected, ~special)
    assert torch.equal(masked[special], ids[special])
    assert torch.equal(ids, before)
    masked, selected = mask_tokens(ids, special, masking_ratio=0.2, mask_token_id=MASK_ID, vocab_size=VOCABULARY)
    assert torch.equal(masked[~selected], ids[~selected])


def test_views_are_masked_independently_and_a_seed_repeats_them() -> None:
    ids, special = many_tokens()
    ids = ids[:, :1].expand(-1, 2, -1)
    first, second, other = (
        mask_tokens(
            ids, special, masking_ratio=0.3, mask_token_id=MASK_ID, vocab_size=VOCABULARY,
            generator=torch.Generator().manual_seed(seed),
        )
        for seed in (7, 7, 8)
    )  # fmt: skip
    assert torch.equal(first[0], second[0])
    assert not torch.equal(first[0], other[0])
    assert not torch.equal(first[1][:, 0], first[1][:, 1])


@pytest.mark.parametrize("ratio", [0.0, 1.5, -0.1, math.nan])
def test_a_ratio_out_of_range_is_refused(ratio: float) -> None:
    ids, special = many_tokens()
    with pytest.raises(ValueError, match="masking_ratio must be in"):
        mask_tokens(ids, special, masking_ratio=ratio, mask_token_id=MASK_ID, vocab_size=VOCABULARY)


@pytest.mark.golden
def test_golden_labels_hold_the_original_at_selected_tokens() -> None:
    golden = load_file(GOLDEN / "simcse_mlm.safetensors")
    selected = golden["mlm_labels"] != -100
    assert bool(selected.any())
    labels = masked_language_model_labels(golden["input_ids"], selected)
    assert torch.equal(labels, golden["mlm_labels"])


def test_it_is_compiled_for_rows_of_any_length() -> None:
    """As by `trainer.compile`, whose second length has every length compiled at once."""
    torch.compiler.reset()
    compiled = torch.compile(mask_tokens, backend="eager", dynamic=True)
    options: dict[str, Any] = {"masking_ratio": 0.5, "mask_token_id": 4, "vocab_size": 60}
    for length in (7, 11):
        ids = torch.randint(5, 60, (3, length))
        special = torch.zeros_like(ids, dtype=torch.bool)
        torch.manual_seed(0)
        expected = mask_tokens(ids, special, **options)
        torch.manual_seed(0)
        assert all(map(torch.equal, compiled(ids, special, **options), expected))
