from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from sentcse.losses.info_nce import cosine_matrix, info_nce_logits, info_nce_loss


def views(count: int = 3, *, sentences: int = 4, width: int = 5, dtype: torch.dtype = torch.float32) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(sentences, width, generator=generator, dtype=torch.float64).to(dtype) for _ in range(count)]


def cosine(a: Tensor, b: Tensor) -> float:
    dot = sum(float(x) * float(y) for x, y in zip(a, b, strict=True))
    return dot / math.sqrt(sum(float(x) ** 2 for x in a)) / math.sqrt(sum(float(x) ** 2 for x in b))


def naive(z1: Tensor, z2: Tensor, temperature: float, hard: Tensor | None = None, weight: float = 0.0) -> float:
    losses = []
    for i in range(len(z1)):
        logits = [cosine(z1[i], z2[j]) / temperature for j in range(len(z2))]
        if hard is not None:
            logits += [cosine(z1[i], hard[j]) / temperature + (weight if i == j else 0) for j in range(len(hard))]
        losses.append(math.log(sum(math.exp(logit) for logit in logits)) - logits[i])
    return sum(losses) / len(losses)


def test_orthogonal_views_by_hand() -> None:
    z = torch.eye(4)
    expected = math.log(math.exp(2) + 3) - 2
    assert info_nce_loss(z, z, temperature=0.5).item() == pytest.approx(expected, rel=1e-6)


def test_equal_vectors_give_the_logarithm_of_the_batch() -> None:
    z = torch.ones(8, 3)
    assert info_nce_loss(z, z, temperature=0.05).item() == pytest.approx(math.log(8), rel=1e-6)


def test_one_sentence_has_nothing_to_learn_from() -> None:
    z1, z2 = views(2, sentences=1)
    assert info_nce_loss(z1, z2, temperature=0.05).item() == 0


@pytest.mark.parametrize("temperature", [0.05, 1.0])
def test_naive_double_loop(temperature: float) -> None:
    z1, z2, _ = views()
    expected = naive(z1, z2, temperature)
    assert info_nce_loss(z1, z2, temperature=temperature).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("with_hard_negatives", [False, True])
def test_what_is_left_out_has_no_part(with_hard_negatives: bool) -> None:
    z1, z2, third = (each.requires_grad_() for each in views(dtype=torch.float64))
    hard = third if with_hard_negatives else None
    rows, candidates = z1.detach(), [*z2.detach(), *([] if hard is None else hard.detach())]
    left_out = torch.zeros(4, len(candidates), dtype=torch.bool)
    left_out[[0, 1, 3], [1, 0, len(candidates) - 1 - (hard is None)]] = True
    losses = []
    for i, row in enumerate(left_out.tolist()):
        kept = [cosine(rows[i], each) / 0.1 for each, out in zip(candidates, row, strict=True) if not out]
        losses.append(math.log(sum(map(math.exp, kept))) - cosine(rows[i], candidates[i]) / 0.1)
    loss = info_nce_loss(z1, z2, temperature=0.1, hard_negatives=hard, left_out=left_out)
    assert loss.item() == pytest.approx(sum(losses) / 4, rel=1e-10)
    loss.backward()
    assert all(each.grad.isfinite().all() for each in (z1, z2))


def test_nothing_left_out_is_the_same_bit_for_bit() -> None:
    z1, z2, hard = views()
    plain = info_nce_loss(z1, z2, temperature=0.05, hard_negatives=hard)
    masked = info_nce_loss(z1, z2, temperature=0.05, hard_negatives=hard, left_out=torch.zeros(4, 8, dtype=torch.bool))
    assert torch.equal(plain, masked)


def test_a_row_without_any_negative_is_0_without_a_gradient() -> None:
    z1, z2, _ = views()
    z1.requires_grad_()
    loss = info_nce_loss(z1, z2, temperature=0.05, left_out=~torch.eye(4, dtype=torch.bool))
    loss.backward()
    assert loss.item() == 0
    assert z1.grad is not None
    assert not z1.grad.any()


@pytest.mark.parametrize("weight", [0.0, 0.7, -1.0])
def test_naive_double_loop_with_hard_negatives(weight: float) -> None:
    z1, z2, hard = views()
    loss = info_nce_loss(z1, z2, temperature=0.1, hard_negatives=hard, hard_negative_weight=weight)
    assert loss.item() == pytest.approx(naive(z1, z2, 0.1, hard, weight), rel=1e-5)


def test_the_weight_changes_nothing_but_the_own_hard_negative() -> None:
    z1, z2, hard = views()
    plain = info_nce_logits(z1, z2, temperature=0.1, hard_negatives=hard)
    weighted = info_nce_logits(z1, z2, temperature=0.1, hard_negatives=hard, hard_negative_weight=0.7)
    assert plain.shape == (4, 8)
    torch.testing.assert_close(weighted - plain, torch.cat([torch.zeros(4, 4), 0.7 * torch.eye(4)], dim=1))


def test_further_candidates_are_negatives_only() -> None:
    """Negatives gathered from other processes come behind the own ones."""
    z1, z2, more = views()
    loss = info_nce_loss(z1, torch.cat([z2, more]), temperature=0.1)
    assert loss.item() == pytest.approx(naive(z1, torch.cat([z2, more]), 0.1), rel=1e-5)


def test_length_of_the_vectors_does_not_matter() -> None:
    z1, z2, _ = views()
    scaled = info_nce_loss(z1 * torch.tensor([[1e-3], [1.0], [5.0], [1e3]]), 7 * z2, temperature=0.05)
    torch.testing.assert_close(scaled, info_nce_loss(z1, z2, temperature=0.05))


def test_one_direction_only() -> None:
    z1, z2, _ = views()
    assert not torch.isclose(info_nce_loss(z1, z2, temperature=0.1), info_nce_loss(z2, z1, temperature=0.1))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_inputs_are_computed_in_float32(dtype: torch.dtype) -> None:
    z1, z2, hard = views(dtype=dtype)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = info_nce_loss(z1, z2, temperature=0.05, hard_negatives=hard)
    exact = info_nce_loss(z1.float(), z2.float(), temperature=0.05, hard_negatives=hard.float())
    assert loss.dtype == torch.float32
    assert torch.equal(loss, exact)


def test_float16_does_not_overflow() -> None:
    z = torch.full((2, 64), 300.0, dtype=torch.float16)  # the square of its norm is beyond float16
    assert info_nce_loss(z, z, temperature=0.05).item() == pytest.approx(math.log(2), rel=1e-5)


def test_gradient() -> None:
    z1, z2, hard = (z.requires_grad_() for z in views(dtype=torch.float64))

    def loss(z1: Tensor, z2: Tensor, hard: Tensor) -> Tensor:
        return info_nce_loss(z1, z2, temperature=0.2, hard_negatives=hard, hard_negative_weight=0.7)

    assert torch.autograd.gradcheck(loss, (z1, z2, hard))


def test_a_zero_vector_gives_a_finite_gradient() -> None:
    z1, z2, _ = views()
    z1[0] = 0
    z1.requires_grad_()
    info_nce_loss(z1, z2, temperature=0.05).backward()
    assert torch.isfinite(z1.grad).all()


def test_cosine_matrix_lies_within_one() -> None:
    z = views(1, sentences=50)[0]
    assert cosine_matrix(z, z).abs().max() <= 1 + 1e-6


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
def test_wrong_temperatures(temperature: float) -> None:
    z1, z2, _ = views()
    with pytest.raises(ValueError, match="temperature must be above 0, got"):
        info_nce_loss(z1, z2, temperature=temperature)


def test_shapes_that_do_not_fit_are_refused() -> None:
    z1, z2, _ = views()
    with pytest.raises(Exception, match="z2"):
        info_nce_loss(z1, z2[:, :3], temperature=0.05)


@pytest.mark.parametrize("sentences", [64, 36, 20, 2])
def test_a_short_batch_has_fewer_negatives(sentences: int) -> None:
    """Where all vectors are alike, the loss is the logarithm of the number of candidates."""
    vectors = torch.ones(sentences, 8)
    loss = info_nce_loss(vectors, vectors, temperature=0.05)
    assert loss.item() == pytest.approx(math.log(sentences), abs=1e-5)
