"""What methods share: the weighted sum, views through the encoder, what is scored, and what a checkpoint holds."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import Any

import pytest
import torch
from global_step import METHODS, Step, exact, global_batch, take_step
from tiny_methods import tiny_batch, tiny_encoder
from torch import Tensor

from sentcse.encoder import SentenceEncoder
from sentcse.errors import ConfigError
from sentcse.methods import base
from sentcse.methods.base import Method
from sentcse.methods.building import Origin
from sentcse.methods.objective import Batch, Objective
from sentcse.methods.optimization import AdamWSettings
from sentcse.modules.heads import LinearTanhHead
from sentcse.storage.checkpoint import load_checkpoint_encoder

SENTENCES = ["a man plays music", "the dog runs", "the woman sits in the city"]


class Nearness(Method):
    """A method of two terms; keeps what it logs."""

    def __init__(self, encoder: SentenceEncoder, **options: Any) -> None:
        torch.manual_seed(0)
        super().__init__(encoder, **options)
        self.rows: dict[str, Any] = {}
        self.log = lambda name, value, **_: self.rows.update({name: value})  # type: ignore[method-assign]

    def compute_losses(self, batch: Batch) -> Objective:
        z1, z2 = self.embed(batch).unbind(1)
        return Objective(
            {"near": (z1 - z2).square().mean(), "size": z1.square().mean()}, {"size": -0.5}, {"rows": torch.tensor(5)}
        )


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("head", ["linear_tanh", "none"])
def test_a_view_is_embedded_as_it_is_alone(head: str) -> None:
    method = Nearness(tiny_encoder("avg"), head=head)
    batch = tiny_batch()
    batch["input_ids"][:, 1] = (batch["input_ids"][:, 1] + 7) * batch["attention_mask"][:, 1]
    embedded = method.embed(batch)
    assert embedded.shape == (5, 2, 16)
    assert (method.pool(batch).view(5, 2, 16) == embedded).all() == (head == "none")
    for view in range(2):
        alone = method.head(method.encoder(batch["input_ids"][:, view], batch["attention_mask"][:, view]))
        torch.testing.assert_close(embedded[:, view], alone)


def test_a_method_has_no_score_of_its_own_unless_it_says_so() -> None:
    assert Nearness(tiny_encoder()).score_held_out([], seed=0) == {}


def test_a_backbone_in_eval_mode_is_trained_with_dropout() -> None:
    encoder = tiny_encoder(hidden_dropout_prob=0.5)
    assert not encoder.backbone.training
    first, second = Nearness(encoder, head="none").embed(tiny_batch()).unbind(1)
    assert not torch.equal(first, second)


def test_a_step_logs_the_sum_and_every_term_without_its_weight() -> None:
    method = Nearness(tiny_encoder())
    loss = method.training_step(tiny_batch(), 0)
    assert loss.requires_grad
    logged = method.rows
    assert list(logged) == ["step", "train/loss", "train/near", "train/size", "train/rows"]
    assert logged["step"] == 1
    assert not any(value.requires_grad for value in logged.values() if isinstance(value, Tensor))
    assert logged["train/rows"].dtype == torch.float32
    torch.testing.assert_close(logged["train/loss"], logged["train/near"] - 0.5 * logged["train/size"])


@pytest.mark.parametrize(
    ("pooler", "at_eval", "scored"),
    [("cls_before_pooler", True, "cls"), ("cls_before_pooler", False, "cls_before_pooler"), ("avg", True, "avg")],
)
def test_what_is_scored_is_what_a_checkpoint_opens_to(tmp_path: Path, pooler: str, at_eval: bool, scored: str) -> None:
    method = Nearness(tiny_encoder(pooler), projection_at_eval=at_eval)
    method.record = {"method": "nearness"}
    encoder = method.evaluation_encoder()
    assert (encoder.pooler, encoder.head) == (scored, method.head if at_eval else None)
    assert encoder.backbone is method.encoder.backbone
    method.encoder.dimensions = 5
    assert method.evaluation_encoder().dimensions == 5
    method.encoder.dimensions = None
    checkpoint: dict[str, Any] = {"state_dict": method.state_dict()}
    method.on_save_checkpoint(checkpoint)
    torch.save(checkpoint, tmp_path / "last.ckpt")
    parts = load_checkpoint_encoder(tmp_path / "last.ckpt")
    opened = SentenceEncoder.from_parts(parts)
    assert (opened.pooler, parts.provenance) == (scored, {"method": "nearness"})
    assert (opened.encode(SENTENCES) == encoder.encode(SENTENCES)).all()


def test_it_is_built_with_the_options_of_its_own() -> None:
    given: dict[str, Any] = {"origin": Origin("bert"), "generator": None, "optimizer": AdamWSettings(weight_decay=0.5)}
    built = Nearness.build(tiny_encoder(), projection_at_eval=True, **given)
    assert isinstance(built.evaluation_encoder().head, LinearTanhHead)
    assert built.optimizer_settings.weight_decay == 0.5
    with pytest.raises(TypeError, match="temperature"):
        Nearness.build(tiny_encoder(), temperature=0.05, **given)


@pytest.mark.parametrize("name", METHODS)
def test_parts_that_backward_computes_again_are_those_of_forward(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight sentences three at a time, with dropout and drawn positions: recomputed, and kept."""
    options = {"ami_samples": 10} if name == "micse" else {}
    steps = []
    for again in (True, False):
        if not again:
            monkeypatch.setattr(base, "checkpoint", lambda compute, *arguments, use_reentrant: compute(*arguments))
        method = exact(METHODS[name](dropout=0.2, chunk=3, **options))
        torch.manual_seed(1)
        steps.append(take_step(Step(method), method, global_batch(name)))
        after = torch.rand(())
    assert steps[0].keys() == steps[1].keys()
    for key in steps[0]:
        torch.testing.assert_close(steps[0][key], steps[1][key], rtol=0, atol=0, equal_nan=True, msg=key)
    torch.manual_seed(1)
    assert after != torch.rand(())


@pytest.mark.parametrize("name", ["simcse", "diffcse", "micse"])
def test_parts_and_a_gradient_scaler(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In fp16 a part is computed again as it was, and its gradient is that of float32 but for half precision."""
    options: dict[str, Any] = {"diffcse": {"discriminator_rows": None}, "micse": {"ami_samples": 10}}.get(name, {})
    found = {}
    for way in ("again", "kept", "float32"):
        if way == "kept":
            monkeypatch.setattr(base, "checkpoint", lambda compute, *arguments, use_reentrant: compute(*arguments))
        method = METHODS[name](dropout=0.2, chunk=3, **options)
        scaler = torch.amp.GradScaler("cpu", init_scale=1024.0, enabled=way != "float32")
        optimizer = torch.optim.SGD(method.parameters())
        torch.manual_seed(1)
        with torch.autocast("cpu", torch.float16, enabled=way != "float32"):
            loss = method.objective(global_batch(name)).total()
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        found[way] = {key: each.grad for key, each in method.named_parameters() if each.grad is not None}
    assert found["again"].keys() == found["kept"].keys() == found["float32"].keys()
    torch.testing.assert_close(found["again"], found["kept"], rtol=0, atol=0)
    flat = {way: torch.cat([each.flatten() for each in grads.values()]) for way, grads in found.items()}
    assert torch.nn.functional.cosine_similarity(flat["again"], flat["float32"], dim=0) > 0.99


@pytest.mark.parametrize(
    ("name", "times", "size"),
    [*((name, 1, 3) for name in METHODS), *((name, 32, 32) for name in ("simcse", "diffcse", "micse"))],
)
def test_without_dropout_a_batch_in_parts_is_the_batch(name: str, times: int, size: int) -> None:
    """Eight sentences three at a time, and 256 in eight parts of 32."""
    batch = {key: each.repeat(times, 1, 1) for key, each in global_batch(name).items()}
    whole, parts = (exact(METHODS[name](chunk=chunk)) for chunk in (None, size))
    expected, found = (take_step(Step(method), method, batch) for method in (whole, parts))
    for key in expected:
        torch.testing.assert_close(found[key], expected[key], rtol=1e-6, atol=1e-9, msg=key)


def test_a_part_at_a_time_exists_in_memory() -> None:
    """Of each part, one layer's intermediate states are alive at most: those of the part that is computed."""
    method = METHODS["simcse"](chunk=2)
    alive: weakref.WeakSet[Tensor] = weakref.WeakSet()
    most = []

    def watch(_module: torch.nn.Module, _inputs: Any, output: Tensor) -> None:
        alive.add(output)
        most.append(len(alive))

    method.encoder.backbone.encoder.layer[0].intermediate.register_forward_hook(watch)
    method.compute_losses(global_batch("simcse")).total().backward()
    assert len(most) == 8  # four parts, forward and once more in backward
    assert max(most) == 1


@pytest.mark.parametrize(("name", "refused"), [("simcse", False), ("diffcse", True), ("micse", True)])
def test_hard_negatives_are_refused_where_the_objective_has_no_place_for_them(name: str, refused: bool) -> None:
    """miCSE would compare the attention of views of different sentences, and DiffCSE leave the negatives out."""
    method = METHODS[name]()
    method.check_views(2)
    if not refused:
        method.check_views(3)
        return
    with pytest.raises(ConfigError, match=f"method={name} compares two views.*name two columns in data.columns"):
        method.training_step(global_batch("simcse"), 0)
