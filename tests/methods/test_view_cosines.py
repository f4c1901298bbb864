from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from sentcse.methods.base import view_cosines


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_cosines_are_float32_under_autocast_too(dtype: torch.dtype) -> None:
    draw = torch.Generator().manual_seed(0)
    z1, z2 = (torch.randn(8, 16, generator=draw).to(dtype) for _ in range(2))
    with torch.autocast("cpu", torch.bfloat16):
        found = view_cosines(z1, z2)
    expected = F.cosine_similarity(z1.double()[:, None], z2.double()[None], dim=-1)
    assert found["positive_cosine"].dtype == torch.float32
    torch.testing.assert_close(found["positive_cosine"].double(), expected.diagonal().mean(), rtol=0, atol=1e-6)
    others = expected[~torch.eye(8, dtype=torch.bool)].mean()
    torch.testing.assert_close(found["negative_cosine"].double(), others, rtol=0, atol=1e-6)


def test_a_single_sentence_has_no_others() -> None:
    assert view_cosines(torch.ones(1, 4), torch.ones(1, 4))["negative_cosine"].isnan()
