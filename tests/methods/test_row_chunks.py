"""The discriminator some rows at a time: the same loss, the same gradients, fewer activations."""

from __future__ import annotations

import gc
import weakref

import pytest
import torch
from tiny_methods import tiny_batch, tiny_diffcse
from torch import Tensor

from sentcse.methods import DiffCSE, row_chunks
from sentcse.methods.objective import Objective
from sentcse.methods.row_chunks import Rows, split_rows, sum_over_pieces


def exact(method: DiffCSE) -> DiffCSE:
    """In float64, but for the generator, which predicts whole numbers."""
    method.double().generator.float()
    return method


def step(method: DiffCSE) -> tuple[Objective, dict[str, Tensor | None]]:
    torch.manual_seed(1)
    objective = method.compute_losses(tiny_batch())
    objective.total().backward()
    return objective, {name: each.grad for name, each in method.named_parameters()}


@pytest.mark.parametrize("count_padding", [False, True])
@pytest.mark.parametrize("condition", ["after_head", "before_head"])
@pytest.mark.parametrize(("rows", "looked_up"), [(1, 64), (3, 4), (3, 6), (4, 1), (10, 64), (64, 64)])
def test_loss_metrics_and_every_gradient_as_in_one_pass(
    rows: int, looked_up: int, condition: str, count_padding: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_chunks, "ROWS_LOOKED_UP", looked_up)
    whole, expected = step(exact(tiny_diffcse(None, condition=condition, count_padding=count_padding)))
    pieces, found = step(exact(tiny_diffcse(rows, condition=condition, count_padding=count_padding)))
    torch.testing.assert_close(pieces.losses, whole.losses)
    torch.testing.assert_close(pieces.metrics, whole.metrics)
    assert found.keys() == expected.keys()
    for name, gradient in expected.items():
        # gradients that are zero in exact arithmetic (attention's key bias) differ by rounding
        torch.testing.assert_close(found[name], gradient, rtol=1e-4, atol=1e-6, msg=lambda text, name=name: name + text)
    assert found["discriminator.embeddings.word_embeddings.weight"] is not None


def test_gradients_accumulate_over_steps_and_scale_with_the_loss() -> None:
    method = exact(tiny_diffcse(3))
    _, once = step(method)
    first = {name: gradient.clone() for name, gradient in once.items() if gradient is not None}
    torch.manual_seed(1)
    (2 * method.compute_losses(tiny_batch()).total()).backward()
    for name, each in method.named_parameters():
        torch.testing.assert_close(each.grad, 3 * first[name], rtol=1e-4, atol=1e-5)


def test_dropout_depends_on_the_seed_alone() -> None:
    first, gradients = step(tiny_diffcse(3, dropout=0.3))
    again, same = step(tiny_diffcse(3, dropout=0.3))
    assert torch.equal(first.total(), again.total())
    assert all(torch.equal(gradients[name], same[name]) for name in same)  # type: ignore[arg-type]


def test_without_gradients() -> None:
    method = exact(tiny_diffcse(3))
    with torch.no_grad():
        torch.manual_seed(1)
        found = method.compute_losses(tiny_batch())
    assert not found.losses["rtd"].requires_grad
    torch.testing.assert_close(found.total(), step(method)[0].total().detach())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_under_autocast(dtype: torch.dtype) -> None:
    found = {}
    for rows in (None, 3):
        method = tiny_diffcse(rows)
        torch.manual_seed(1)
        with torch.autocast("cpu", dtype):
            loss = method.compute_losses(tiny_batch()).losses["rtd"]
        loss.backward()
        assert method.rtd_head.weight.grad is not None
        assert method.rtd_head.weight.grad.dtype == torch.float32
        found[rows] = method.rtd_head.weight.grad
    torch.testing.assert_close(found[3], found[None], rtol=0.05, atol=5e-3)


def test_a_frozen_discriminator_still_teaches_the_encoder() -> None:
    frozen, whole = exact(tiny_diffcse(3)), exact(tiny_diffcse(None))
    for method in (frozen, whole):
        method.discriminator.requires_grad_(False)
    _, found = step(frozen)
    _, expected = step(whole)
    assert found["discriminator.embeddings.word_embeddings.weight"] is None
    torch.testing.assert_close(found["head.net.0.weight"], expected["head.net.0.weight"], rtol=1e-4, atol=1e-6)


class Saved:
    """What autograd keeps of a tensor; gone as soon as its graph is."""

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor


def test_activations_of_one_piece_exist_at_a_time() -> None:
    weight = torch.randn(4, 4, requires_grad=True)
    rows = torch.randn(12, 4, requires_grad=True)
    table, ids = torch.nn.Embedding(7, 4), torch.randint(7, (12, 3))
    alive: weakref.WeakSet[Saved] = weakref.WeakSet()
    held = []

    def pack(tensor: Tensor) -> Saved:
        saved = Saved(tensor)
        alive.add(saved)
        return saved

    def loss_of(chunk: Tensor, words: Tensor) -> Tensor:
        return ((chunk + words.sum(dim=1)) @ weight).tanh().square().sum()

    def part(_piece: Rows, chunk: Tensor, words: Tensor) -> Tensor:
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda saved: saved.tensor):
            loss = loss_of(chunk, words)
        gc.collect()
        held.append(len(alive))
        return loss

    pieces = split_rows(torch.ones(12, 3), 3, cut_padding=True)
    loss = sum_over_pieces(part, pieces, [rows], [weight], table=table, ids=ids)
    assert len(held) == 4
    assert held[0] > 0
    assert set(held) == {held[0]}
    loss.backward()
    expected = torch.autograd.grad(loss_of(rows, table(ids)), [rows, weight, table.weight])
    for tensor, gradient in zip((rows, weight, table.weight), expected, strict=True):
        torch.testing.assert_close(tensor.grad, gradient)


@pytest.mark.parametrize(("half", "looked_up"), [(False, [6, 6, 2]), (True, 2 * [3, 3, 3, 3, 2])])
def test_words_of_some_rows_exist_at_a_time(half: bool, looked_up: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """In half precision those of a piece, which backward looks up once more."""
    monkeypatch.setattr(row_chunks, "ROWS_LOOKED_UP", 6)
    table, ids = torch.nn.Embedding(7, 4), torch.randint(7, (14, 3))
    alive: weakref.WeakSet[Tensor] = weakref.WeakSet()
    rows, most = [], []

    def note(_module: torch.nn.Module, _inputs: object, words: Tensor) -> None:
        gc.collect()
        alive.add(words)
        rows.append(len(words))
        most.append(len(alive))

    table.register_forward_hook(note)
    pieces = split_rows(torch.ones(14, 3), 3, cut_padding=True)
    condition = torch.randn(14, 4, requires_grad=True)
    with torch.autocast("cpu", torch.float16, enabled=half):
        loss = sum_over_pieces(
            lambda _piece, chunk, words: (chunk * words.sum(dim=1)).sum(), pieces, [condition], [], table=table, ids=ids
        )
    loss.backward()
    assert sorted(rows) == sorted(looked_up)
    assert max(most) <= 2  # that of before, until the next is there


def test_pieces_cover_every_row_once_and_cut_common_padding() -> None:
    mask = (torch.arange(6) < torch.tensor([6, 2, 3, 1, 5])[:, None]).long()
    pieces = split_rows(mask, 2, cut_padding=True)
    assert [(piece.index.tolist(), piece.length) for piece in pieces] == [([3, 1], 2), ([2, 4], 5), ([0], 6)]
    assert [piece.length for piece in split_rows(mask, 2, cut_padding=False)] == [6, 6, 6]
    left = mask.flip(1)
    assert all(piece.length == 6 for piece in split_rows(left, 2, cut_padding=True))
