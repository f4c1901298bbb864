from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from pytorch_lightning.plugins import TorchSyncBatchNorm
from torch import Tensor, nn

from sentcse.modules.heads import HEADS, BatchNormHead, DenseHead, DenseLayer, LinearTanhHead, initialise_linear


def rows(count: int = 12, width: int = 6) -> Tensor:
    return torch.randn(count, width, generator=torch.Generator().manual_seed(0))


def test_linear_tanh_by_hand() -> None:
    head = LinearTanhHead(2)
    with torch.no_grad():
        head.dense.weight.copy_(torch.tensor([[1.0, 2.0], [0.0, -1.0]]))
        head.dense.bias.copy_(torch.tensor([0.5, 0.0]))
    expected = torch.tanh(torch.tensor([[1 * 0.1 + 2 * 0.2 + 0.5, -0.2]]))
    torch.testing.assert_close(head(torch.tensor([[0.1, 0.2]])), expected)


@pytest.mark.usefixtures("float64")
def test_batchnorm_head_by_hand() -> None:
    """Two normalisations over the batch, the second without weights (published code of DiffCSE)."""
    head, x = BatchNormHead(6), rows()
    first, _, _, second, _ = head.net
    hidden = x @ first.weight.T
    hidden = (hidden - hidden.mean(0)) / torch.sqrt(hidden.var(0, unbiased=False) + 1e-5)
    projected = hidden.clamp(min=0) @ second.weight.T
    projected = (projected - projected.mean(0)) / torch.sqrt(projected.var(0, unbiased=False) + 1e-5)
    torch.testing.assert_close(head(x), projected, rtol=1e-4, atol=1e-5)
    assert first.weight.shape == (12, 6)
    assert first.bias is None
    assert [name for name, _ in head.named_parameters()] == [
        f"net.{n}" for n in ("0.weight", "1.weight", "1.bias", "3.weight")
    ]


def test_batchnorm_head_refuses_a_batch_of_one() -> None:
    with pytest.raises(ValueError, match="more than 1 value"):
        BatchNormHead(6)(rows(1))


@pytest.mark.parametrize("name", sorted(HEADS))
def test_heads_start_like_the_encoder(name: str) -> None:
    torch.manual_seed(0)
    for layer in HEADS[name](200).modules():
        if isinstance(layer, nn.Linear):
            assert layer.weight.std().item() == pytest.approx(0.02, rel=0.05)
            assert layer.bias is None or not layer.bias.any()


def test_initialise_linear_leaves_other_layers_alone() -> None:
    norm = nn.LayerNorm(3)
    initialise_linear(nn.Sequential(norm, nn.Linear(3, 3)))
    assert torch.equal(norm.weight, torch.ones(3))


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("name", sorted(HEADS))
def test_dense_layers_compute_what_the_head_computes_in_eval_mode(name: str) -> None:
    torch.manual_seed(1)
    head = HEADS[name](6)
    for _ in range(5):  # running statistics far from their start
        head(3 * torch.randn(20, 6) + 1)
    head.eval()
    exported = DenseHead(head.dense_layers())
    torch.testing.assert_close(exported(rows()), head(rows()), rtol=1e-5, atol=1e-6)
    again = DenseHead(exported.dense_layers())
    assert torch.equal(again(rows()), exported(rows()))


@pytest.mark.usefixtures("without_float64")
def test_heads_are_exported_from_a_device_without_float64() -> None:
    head = BatchNormHead(6)
    head(rows())
    assert [layer.weight.dtype for layer in head.eval().dense_layers()] == [torch.float32] * 2
    with pytest.raises(AssertionError, match="no float64"):  # so the test can fail
        rows().double()


def test_dense_head_may_change_the_width() -> None:
    widths = [6, 4, 3]
    layers = [DenseLayer(torch.ones(out, into), torch.zeros(out), "identity") for into, out in pairwise(widths)]
    x = rows()
    torch.testing.assert_close(DenseHead(layers)(x), (4 * x.sum(1, keepdim=True)).expand(-1, 3))


def test_dense_head_does_not_share_memory_with_its_source() -> None:
    head = LinearTanhHead(3)
    exported = DenseHead(head.dense_layers())
    before = exported.weights[0].clone()
    with torch.no_grad():
        head.dense.weight.add_(1)
    assert torch.equal(exported.weights[0], before)


def test_a_head_that_was_synchronised_over_gpus_is_exported_too() -> None:
    """Lightning takes SyncBatchNorm back at the end, but not to BatchNorm1d."""
    head = BatchNormHead(6)
    head(rows())
    plain = head.eval().dense_layers()
    layers = TorchSyncBatchNorm()
    reverted = layers.revert(layers.apply(head))
    for one, other in zip(reverted.dense_layers(), plain, strict=True):
        torch.testing.assert_close(one.weight, other.weight)
        torch.testing.assert_close(one.bias, other.bias)


def test_batchnorm_takes_its_statistics_from_both_views_of_however_few_sentences() -> None:
    torch.manual_seed(0)
    head = HEADS["batchnorm"](8).train()
    rows = torch.randn(2 * 2, 8, requires_grad=True)
    projected = head(rows)
    # the last layer normalises without affine: mean 0 over the batch, and variance 1 but for its epsilon
    torch.testing.assert_close(projected.mean(0), torch.zeros(8), atol=1e-5, rtol=0)
    assert (projected.var(0, unbiased=False) <= 1.0001).all()
    projected.square().sum().backward()
    assert rows.grad is not None
    assert rows.grad.isfinite().all()
