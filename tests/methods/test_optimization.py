"""What every model is trained with, against closed forms and through a Trainer."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from pytorch_lightning import Trainer
from pytorch_lightning.plugins import MixedPrecision
from torch import Tensor, nn
from torch.utils.data import DataLoader

from sentcse.methods.optimization import AdamWSettings, TrainedModule, build_adamw, build_schedule, clip_gradients


class Fit(TrainedModule):
    """A linear layer and a normalisation; notes the gradient that each step was made with."""

    def __init__(self, settings: AdamWSettings) -> None:
        super().__init__(optimizer=settings)
        self.net = nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4), nn.Linear(4, 1, bias=False))
        self.norms: list[float] = []
        self.rates: list[float] = []
        self.fused: list[bool] = []

    def configure_optimizers(self) -> Any:
        configured = super().configure_optimizers()
        configured["optimizer"].register_step_post_hook(self.note)
        return configured

    def note(self, optimizer: torch.optim.Optimizer, *_: Any) -> None:
        gradients = [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        self.norms.append(math.sqrt(sum(float(gradient.double().square().sum()) for gradient in gradients)))
        self.rates.append(optimizer.param_groups[0]["lr"])
        self.fused.append(bool(optimizer.defaults["fused"]))

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        loss: Tensor = 1000 * self.net(batch).square().mean()
        return loss


def trained(
    clip: float | None = None,
    precision: Any = "32-true",
    plugins: Sequence[Any] = (),
    kind: type[Fit] = Fit,
    **settings: Any,
) -> Fit:
    """Five steps."""
    torch.manual_seed(0)
    module = kind(AdamWSettings(**settings))
    trainer = Trainer(
        max_epochs=1,
        accelerator="cpu",
        precision=precision,
        plugins=list(plugins),
        gradient_clip_val=clip,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(module, DataLoader(torch.randn(10, 4), batch_size=2))  # type: ignore[arg-type]
    return module


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_gradients_are_clipped_by_their_common_norm(precision: str) -> None:
    """The published scripts clip at 1; Lightning refuses to clip before a fused optimiser under autocast."""
    free, clipped = trained(precision=precision), trained(clip=0.5, precision=precision)
    assert all(norm > 1 for norm in free.norms)
    assert clipped.norms == pytest.approx([0.5] * 5, rel=1e-3)
    assert all(clipped.fused)


def test_what_is_small_is_not_clipped() -> None:
    assert trained(clip=1e9).norms == trained().norms


@pytest.mark.parametrize(("device", "fused"), [("cpu", True), ("cuda", True), ("mps", True), ("xpu", False)])
def test_where_the_optimiser_is_fused(device: str, fused: bool) -> None:
    module = SimpleNamespace(device=torch.device(device))
    assert TrainedModule._can_fuse.fget(module) is fused  # type: ignore[attr-defined]


def scaled_step(module: nn.Module, batch: Tensor, *, clip: float, fused: bool, scale: float = 1024.0) -> Tensor:
    """The weights after a step under a gradient scaler; not fused it is the usual one: unscale, clip, step."""
    optimizer = build_adamw(module, AdamWSettings(learning_rate=0.1), fused=fused)
    scaler = torch.amp.GradScaler("cpu", init_scale=scale)
    scaler.scale(100 * module(batch).square().mean()).backward()
    if fused:
        clip_gradients(module.parameters(), clip, scaler=scaler)
    else:
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(module.parameters(), clip)
    scaler.step(optimizer)
    scaler.update()
    assert scaler.get_scale() == (scale if bool(batch.isfinite().all()) else scale / 2)
    return torch.cat([each.detach().flatten() for each in module.parameters()])


@pytest.mark.parametrize("clip", [0.5, 1e6])
def test_multiples_of_the_loss_scale_are_clipped_as_what_they_are_multiples_of(clip: float) -> None:
    # AdamW would undo the clipping of a first step: eps, which is large beside the clipped gradients, does not let it
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
    batch = torch.randn(16, 4)
    usual, ours = (scaled_step(copy.deepcopy(module), batch, clip=clip, fused=fused) for fused in (False, True))
    torch.testing.assert_close(ours, usual, rtol=1e-6, atol=1e-7)
    (100 * module(batch).square().mean()).backward()
    before = torch.cat([each.grad.flatten() for each in module.parameters()])  # type: ignore[union-attr]
    clip_gradients(module.parameters(), clip)
    after = torch.cat([each.grad.flatten() for each in module.parameters()])  # type: ignore[union-attr]
    torch.testing.assert_close(after, before * min(1.0, clip / float(before.norm())), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("fused", [True, False])
def test_a_step_whose_gradients_are_not_finite_is_left_out(fused: bool) -> None:
    torch.manual_seed(0)
    module = nn.Linear(4, 1)
    before = torch.cat([each.detach().flatten() for each in module.parameters()])
    batch = torch.tensor([[1.0, math.inf, 0.0, 2.0]])
    assert torch.equal(scaled_step(module, batch, clip=1.0, fused=fused), before)


def test_another_optimiser_under_a_gradient_scaler_is_clipped_as_well() -> None:
    """Lightning has unscaled its gradients before."""

    class Plain(Fit):
        def configure_optimizers(self) -> Any:
            optimizer = torch.optim.SGD(self.parameters(), lr=1e-3)
            optimizer.register_step_post_hook(self.note)
            return optimizer

    plugin = MixedPrecision("16-mixed", "cpu", torch.amp.GradScaler("cpu", init_scale=1024.0))
    plugin.autocast_context_manager = lambda: torch.autocast("cpu", enabled=False)  # type: ignore[method-assign]
    found = trained(clip=0.5, precision=None, plugins=[plugin], kind=Plain)
    assert found.norms == pytest.approx([0.5] * 5, rel=1e-3)


def test_a_run_under_a_gradient_scaler_takes_the_steps_of_one_without() -> None:
    plugin = MixedPrecision("16-mixed", "cpu", torch.amp.GradScaler("cpu", init_scale=1024.0))
    plugin.autocast_context_manager = lambda: torch.autocast("cpu", enabled=False)  # type: ignore[method-assign]
    free, scaled = trained(clip=0.5, eps=0.1), trained(clip=0.5, precision=None, plugins=[plugin], eps=0.1)
    assert all(scaled.fused)
    for ours, theirs in zip(scaled.parameters(), free.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)
    assert scaled.norms == pytest.approx([0.5] * 5, rel=1e-3)  # the fused step leaves them unscaled


def test_biases_and_normalisations_do_not_decay() -> None:
    module = Fit(AdamWSettings())
    module.net[2].weight.requires_grad_(False)
    decayed, free = build_adamw(module, AdamWSettings(weight_decay=0.1)).param_groups
    assert (decayed["weight_decay"], free["weight_decay"]) == (0.1, 0.0)
    assert [id(p) for p in decayed["params"]] == [id(module.net[0].weight)]
    assert {id(p) for p in free["params"]} == {id(module.net[0].bias), *map(id, module.net[1].parameters())}


@pytest.mark.parametrize(
    ("settings", "factors"),
    [
        ({}, [1, 0.8, 0.6, 0.4, 0.2]),
        ({"warmup_steps": 2}, [0, 0.5, 1, 2 / 3, 1 / 3]),
        ({"schedule": "constant"}, [1, 1, 1, 1, 1]),
        ({"schedule": "constant", "warmup_steps": 4}, [0, 0.25, 0.5, 0.75, 1]),
    ],
)
def test_the_learning_rate_of_every_step(settings: dict[str, Any], factors: list[float]) -> None:
    assert trained(learning_rate=1e-3, **settings).rates == pytest.approx([1e-3 * factor for factor in factors])


def test_the_schedule_ends_at_zero_and_stays_there() -> None:
    optimizer = build_adamw(nn.Linear(2, 2), AdamWSettings(learning_rate=1.0))
    schedule = build_schedule(optimizer, AdamWSettings(learning_rate=1.0), total_steps=3)
    rates = []
    for _ in range(5):
        optimizer.step()
        schedule.step()
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates == pytest.approx([2 / 3, 1 / 3, 0, 0, 0])


def test_without_the_fused_kernel_torch_chooses_and_makes_no_loop() -> None:
    # False would be a loop over the parameters on a GPU, some thousand launches a step
    assert build_adamw(nn.Linear(2, 2), AdamWSettings(), fused=False).defaults["fused"] is None
    assert build_adamw(nn.Linear(2, 2), AdamWSettings(), fused=True).defaults["fused"] is True
