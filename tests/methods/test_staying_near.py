"""The penalty on what training has changed, in every method: nothing at the start, its gradient, and what it is of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from pytorch_lightning import Trainer
from tiny import tiny_bert, tiny_checkpoint
from tiny_methods import NO_DROPOUT, tiny_batch, tiny_encoder, tiny_generator
from torch.utils.data import DataLoader

from sentcse.errors import ConfigError, SentcseError
from sentcse.losses import similarity_distance
from sentcse.methods import DiffCSE, Method, MiCSE, SimCSE
from sentcse.methods.objective import Objective
from sentcse.modules.lora import LoRA

KINDS = ("weights", "similarities")
AMI = {"ami_layers": [0, 1], "ami_samples": 3, "ami_minimum_support": 2}
NOISE = {"hidden_dropout_prob": 0.3, "attention_probs_dropout_prob": 0.3}
MAKE: dict[str, Callable[..., Method]] = {
    "simcse": lambda encoder, **options: SimCSE(encoder, **options),
    "diffcse": lambda encoder, **options: DiffCSE(
        encoder, tiny_generator(), tiny_bert(seed=1, **NO_DROPOUT), **options
    ),
    "micse": lambda encoder, **options: MiCSE(encoder, **AMI, **options),
}


def made(name: str, *, dropout: bool = False, **options: Any) -> Method:
    torch.manual_seed(0)
    return MAKE[name](tiny_encoder(**(NOISE if dropout else {})), **options)


def stepped(method: Method) -> Objective:
    """The objective of a step, whose gradients are there."""
    found: list[Objective] = []
    method._log_step = lambda loss, objective, size: found.append(objective)  # type: ignore[method-assign]
    torch.manual_seed(3)
    method.training_step(tiny_batch(), 0).backward()
    return found[0]


def gradients(method: Method) -> dict[str, torch.Tensor]:
    return {name: each.grad.clone() for name, each in method.named_parameters() if each.grad is not None}


def move(method: Method, by: float = 0.05) -> None:
    """Take every weight a step away, the same each time."""
    torch.manual_seed(7)
    with torch.no_grad():
        for parameter in method.parameters():
            parameter.add_(by * torch.randn_like(parameter))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", MAKE)
def test_it_is_zero_at_the_start(name: str, kind: Any) -> None:
    method = made(name, stay_near=kind)
    plain = made(name)
    found, expected = stepped(method), stepped(plain)
    assert found.losses["stay_near"].item() == pytest.approx(0, abs=1e-12)
    torch.testing.assert_close(found.total(), expected.total())
    assert set(found.losses) == {*expected.losses, "stay_near"}


@pytest.mark.parametrize("name", MAKE)
def test_off_changes_nothing(name: str) -> None:
    """To the bit, with dropout: loss and gradients are those of a penalty that weighs nothing."""
    off, on = made(name, dropout=True), made(name, dropout=True, stay_near="similarities", stay_near_weight=0.0)
    assert off.start is None
    assert torch.equal(stepped(off).total(), stepped(on).total())
    found = gradients(on)
    assert all(torch.equal(each, found[key]) for key, each in gradients(off).items())


@pytest.mark.parametrize("name", MAKE)
def test_weights_are_pulled_back_by_the_way_that_they_went(name: str) -> None:
    method, plain = made(name, stay_near="weights", stay_near_weight=0.3), made(name)
    start = {key: each.detach().clone() for key, each in plain.encoder.backbone.named_parameters()}
    move(method)
    move(plain)
    objective = stepped(method)
    stepped(plain)
    ways = {key: each.detach() - start[key] for key, each in plain.encoder.backbone.named_parameters()}
    expected = sum(float(way.square().sum()) for way in ways.values()) / 2
    assert objective.losses["stay_near"].item() == pytest.approx(expected, rel=1e-5)
    assert objective.weights["stay_near"] == 0.3
    without, found = gradients(plain), gradients(method)
    for key, gradient in found.items():
        way = ways.get(key.removeprefix("encoder.backbone."))
        # the head, and what a method has beside the encoder, is not held
        pull = torch.zeros_like(gradient) if way is None or not key.startswith("encoder.") else 0.3 * way
        torch.testing.assert_close(gradient, without.get(key, torch.zeros_like(gradient)) + pull, rtol=1e-4, atol=1e-6)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("chunk", [None, 2])
@pytest.mark.parametrize("name", ["simcse", "micse"])
def test_similarities_are_of_first_views_before_the_head(name: str, chunk: int | None) -> None:
    method = made(name, stay_near="similarities", stay_near_weight=2.0, chunk=chunk)
    plain = made(name, chunk=chunk)
    start = tiny_encoder()
    move(method)
    move(plain)
    objective = stepped(method)
    first = [each[:, 0] for each in tiny_batch().values()]
    expected = similarity_distance(plain.encoder(*first), start(*first).detach())
    torch.testing.assert_close(objective.losses["stay_near"], expected)
    assert expected.item() > 1e-4
    stepped(plain)
    (2 * expected).backward()
    found = gradients(method)
    for key, gradient in gradients(plain).items():
        torch.testing.assert_close(found[key], gradient)


@pytest.mark.parametrize("kind", KINDS)
def test_the_start_is_none_of_the_methods_weights(kind: Any) -> None:
    method, plain = made("simcse", stay_near=kind), made("simcse")
    assert list(method.state_dict()) == list(plain.state_dict())
    assert len(list(method.parameters())) == len(list(plain.parameters()))


def test_adapters_go_with_similarities_alone() -> None:
    pytest.importorskip("peft")
    with pytest.raises(ConfigError, match=r"stay_near=weights holds .* which encoder.lora does not move"):
        made("simcse", stay_near="weights").adapt(LoRA(rank=2))
    method = made("simcse", stay_near="similarities")
    method.adapt(LoRA(rank=2, dropout=0.0))
    assert stepped(method).losses["stay_near"].item() == pytest.approx(0, abs=1e-12)
    move(method)
    assert stepped(method).losses["stay_near"].item() > 1e-4


def test_another_word_is_refused() -> None:
    with pytest.raises(ValueError, match="stay_near must be weights, similarities or None, got 'weight'"):
        SimCSE(tiny_encoder(), stay_near="weight")  # type: ignore[arg-type]


def one_step(method: Method, folder: Path) -> Path:
    trainer = Trainer(
        max_steps=1, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False
    )
    trainer.fit(method, DataLoader([tiny_batch()], batch_size=None))
    trainer.save_checkpoint(folder / "mine.ckpt")
    return folder / "mine.ckpt"


@pytest.mark.parametrize("kind", KINDS)
def test_a_method_of_a_checkpoint_stays_near_what_training_began_with(kind: Any, tmp_path: Path) -> None:
    name = tiny_checkpoint(tmp_path / "encoder")
    torch.manual_seed(0)
    method = SimCSE.from_pretrained(name, dropout=0.0, stay_near=kind)
    path = one_step(method, tmp_path)
    again = SimCSE.load_from_checkpoint(path)
    expected, found = stepped(method).losses["stay_near"], stepped(again).losses["stay_near"]
    assert expected.item() > 0
    torch.testing.assert_close(found, expected)


def test_a_checkpoint_that_does_not_know_its_start_says_so(tmp_path: Path) -> None:
    path = one_step(made("simcse", stay_near="weights"), tmp_path)
    with pytest.raises(SentcseError, match=r"does not say which encoder its training began with.* stay_near=None"):
        SimCSE.load_from_checkpoint(path)
    assert SimCSE.load_from_checkpoint(path, stay_near=None).start is None
