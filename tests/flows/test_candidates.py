"""The candidates of docs/studies/few_sentences: losses by hand and by a loop, the methods, and through the command."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from itertools import permutations
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from tiny import tiny_bert
from tiny_methods import tiny_batch, tiny_encoder, tiny_generator
from torch import Tensor
from torch.nn import functional as F

from sentcse.methods import DiffCSE, MiCSE, SimCSE

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "studies" / "few_sentences"
NOISE = {"hidden_dropout_prob": 0.3, "attention_probs_dropout_prob": 0.3}


@pytest.fixture(scope="module")
def candidates() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        module: ModuleType = __import__("candidates")
        yield module
    sys.modules.pop("candidates")


def drawn(count: int, *, sentences: int = 4, width: int = 3) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(sentences, width, generator=generator, dtype=torch.float64) for _ in range(count)]


def cosine(a: Tensor, b: Tensor) -> float:
    return float(a @ b) / float(a.norm()) / float(b.norm())


def test_off_dropout_by_a_loop(candidates: Any) -> None:
    z1, z2, quiet = drawn(3)
    losses = []
    for i in range(4):
        positive = math.exp(cosine(z1[i], z2[i]) / 0.2)
        negatives = sum(math.exp(cosine(quiet[i], quiet[j]) / 0.2) for j in range(4) if j != i)
        losses.append(-math.log(positive / (positive + negatives)))
    found = candidates.off_dropout_loss(z1, z2, quiet, temperature=0.2)
    assert found.item() == pytest.approx(sum(losses) / 4, rel=1e-9)


def test_off_dropout_by_hand_and_without_a_negative(candidates: Any) -> None:
    z = torch.eye(4)
    found = candidates.off_dropout_loss(z, z, z, temperature=0.5)
    assert found.item() == pytest.approx(math.log(math.exp(2) + 3) - 2, rel=1e-6)
    left_out = ~torch.eye(4, dtype=torch.bool)
    assert candidates.off_dropout_loss(z, z, z, temperature=0.5, left_out=left_out).item() == 0


def test_dimensions_by_a_loop(candidates: Any) -> None:
    z1, z2 = drawn(2)
    a, b = ((z - z.mean(0)) / (z.var(0, unbiased=False) + 1e-5).sqrt() for z in (z1, z2))
    losses = []
    for c in range(3):
        logits = [sum(float(a[n, c]) * float(b[n, k]) for n in range(4)) / 4 / 0.7 for k in range(3)]
        losses.append(math.log(sum(math.exp(logit) for logit in logits)) - logits[c])
    assert candidates.dimension_loss(z1, z2, temperature=0.7).item() == pytest.approx(sum(losses) / 3, rel=1e-9)


def test_dimensions_do_not_depend_on_scale_shift_or_order(candidates: Any) -> None:
    z1, z2 = drawn(2)
    expected = candidates.dimension_loss(z1, z2, temperature=0.7).item()
    order = torch.tensor([2, 0, 3, 1])
    moved = candidates.dimension_loss((1000 * z1 + 7)[order], (1000 * z2 - 3)[order], temperature=0.7).item()
    assert moved == pytest.approx(expected, rel=1e-4)
    # one sentence: nothing varies, and every dimension is as likely
    assert candidates.dimension_loss(z1[:1], z2[:1], temperature=5.0).item() == pytest.approx(math.log(3))


def test_normalisation_is_that_of_batchnorm(candidates: Any) -> None:
    (rows,) = drawn(1)
    torch.testing.assert_close(
        candidates.normalized_over_batch(rows), torch.nn.BatchNorm1d(3, affine=False).double()(rows)
    )


def test_consistency_by_a_loop_and_for_equal_rankings(candidates: Any) -> None:
    cosines = drawn(1, width=4)[0].tanh()
    p, q = (cosines / 0.3).softmax(1), (cosines.T / 0.3).softmax(1)
    divergence = 0.0
    for i in range(4):
        for j in range(4):
            middle = (p[i, j] + q[i, j]) / 2
            divergence += float(p[i, j] * (p[i, j] / middle).log() + q[i, j] * (q[i, j] / middle).log()) / 2
    found = candidates.ranking_consistency_loss(cosines, temperature=0.3)
    assert found.item() == pytest.approx(divergence / 4, rel=1e-9)
    symmetric = cosines + cosines.T
    assert candidates.ranking_consistency_loss(symmetric, temperature=0.3).item() == pytest.approx(0, abs=1e-12)
    opposite = torch.tensor([[0.0, 400.0], [-400.0, 0.0]], dtype=torch.float64)
    assert candidates.ranking_consistency_loss(opposite, temperature=1.0).item() == pytest.approx(math.log(2))


def test_list_net_by_a_loop(candidates: Any) -> None:
    student, teacher = drawn(2, width=4)
    losses = []
    for i in range(4):
        others = [j for j in range(4) if j != i]
        top = [math.exp(float(teacher[i, j])) for j in others]
        given = [math.exp(float(student[i, j])) for j in others]
        losses.append(-sum(t / sum(top) * math.log(g / sum(given)) for t, g in zip(top, given, strict=True)))
    assert candidates.list_net_loss(student, teacher).item() == pytest.approx(sum(losses) / 4, rel=1e-9)


def test_list_net_has_its_least_where_the_student_agrees(candidates: Any) -> None:
    student, teacher = (each.requires_grad_() for each in drawn(2, width=4))
    candidates.list_net_loss(student, teacher.detach()).backward()
    assert student.grad is not None
    assert student.grad.diagonal().eq(0).all()
    agreed = teacher.detach().clone().requires_grad_()
    candidates.list_net_loss(agreed, teacher.detach()).backward()
    torch.testing.assert_close(agreed.grad, torch.zeros_like(agreed))


def test_list_mle_is_a_likelihood_of_orders(candidates: Any) -> None:
    """Over all orders of the three others the probabilities add up to 1, and that of one order is a product by hand."""
    student = drawn(1, width=4)[0]
    total = 0.0
    for order in permutations(range(3)):
        row = torch.tensor([float(order.index(place)) for place in range(3)])
        teacher = torch.zeros(4, 4)
        teacher[~torch.eye(4, dtype=torch.bool)] = -row.repeat(4)
        total += math.exp(-first_row_loss(candidates, student, teacher))
    assert total == pytest.approx(1, rel=1e-6)


def first_row_loss(candidates: Any, student: Tensor, teacher: Tensor) -> float:
    """Of row 0 alone: four times the mean, less what the other rows give by the formula."""
    whole = 4 * candidates.list_mle_loss(student, teacher).item()
    for i in range(1, 4):
        others = [j for j in range(4) if j != i]
        order = sorted(others, key=lambda j: -float(teacher[i, j]))
        for place, chosen in enumerate(order):
            left = sum(math.exp(float(student[i, j])) for j in order[place:])
            whole -= math.log(left) - float(student[i, chosen])
    return whole


def trained(method: Any, batch: dict[str, Tensor] | None = None) -> tuple[dict[str, Tensor], Tensor]:
    """Losses, and the gradient of the word embeddings."""
    torch.manual_seed(3)
    objective = method.compute_losses(tiny_batch() if batch is None else batch)
    objective.total().backward()
    return objective.losses, method.encoder.backbone.embeddings.word_embeddings.weight.grad


@pytest.mark.usefixtures("float64")
def test_simcse_plus_plus_without_its_terms_is_simcse(candidates: Any) -> None:
    torch.manual_seed(0)
    plain = candidates.SimCSEPlusPlus(tiny_encoder(**NOISE), off_dropout=False, dimension_weight=0.0)
    torch.manual_seed(0)
    losses, gradient = trained(plain)
    torch.manual_seed(0)
    expected, of_simcse = trained(SimCSE(tiny_encoder(**NOISE)))
    assert set(losses) == {"info_nce"}
    torch.testing.assert_close(losses["info_nce"], expected["info_nce"])
    torch.testing.assert_close(gradient, of_simcse)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("chunk", [None, 2])
def test_negatives_have_no_dropout_and_positives_have(candidates: Any, chunk: int | None) -> None:
    torch.manual_seed(0)
    method = candidates.SimCSEPlusPlus(tiny_encoder(**NOISE), head="none", chunk=chunk)
    quiet = method.pool_without_dropout(tiny_batch())
    torch.testing.assert_close(quiet, method.pool_without_dropout(tiny_batch()))
    assert all(module.training for module in method.modules())
    losses, gradient = trained(method)
    torch.manual_seed(3)
    z1, z2 = method.embed(tiny_batch()).unbind(1)
    assert not torch.allclose(z1, z2)
    expected = candidates.off_dropout_loss(z1, z2, quiet, temperature=0.05)
    torch.testing.assert_close(losses["info_nce"], expected)
    torch.testing.assert_close(losses["dimensions"], candidates.dimension_loss(z1, z2, temperature=5.0))
    assert gradient.abs().sum() > 0
    assert all(module.training for module in method.modules())


@pytest.mark.usefixtures("float64")
def test_pieces_give_the_gradient_of_the_whole(candidates: Any) -> None:
    found = []
    for chunk in (None, 2):
        torch.manual_seed(0)
        found.append(trained(candidates.SimCSEPlusPlus(tiny_encoder(), chunk=chunk))[1])
    torch.testing.assert_close(*found)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("distillation", ["listnet", "listmle"])
def test_the_teacher_is_the_start_and_stays(candidates: Any, distillation: str) -> None:
    torch.manual_seed(0)
    method = candidates.RankCSE(tiny_encoder(), head="none", distillation=distillation)
    before = method.teacher_cosines(tiny_batch())
    start = tiny_encoder()(*(tiny_batch()[name][:, 0] for name in ("input_ids", "attention_mask")))
    torch.testing.assert_close(before, F.normalize(start, dim=1) @ F.normalize(start, dim=1).T)
    losses, gradient = trained(method)
    assert gradient.abs().sum() > 0
    # of one start, both views without dropout: consistent, and the order is that of the teacher
    assert losses["consistency"].item() == pytest.approx(0, abs=1e-12)
    with torch.no_grad():
        for parameter in method.parameters():
            parameter.add_(0.1)
    torch.testing.assert_close(method.teacher_cosines(tiny_batch()), before)
    assert not any("teacher" in name for name in method.state_dict())
    assert len(list(method.parameters())) == len(list(method.encoder.parameters()))


def test_the_teacher_may_have_another_pooler(candidates: Any) -> None:
    method = candidates.RankCSE(tiny_encoder(), teacher_pooler="avg")
    vectors = F.normalize(tiny_encoder("avg")(*(each[:, 0] for each in tiny_batch().values())), dim=1)
    torch.testing.assert_close(method.teacher_cosines(tiny_batch()), (vectors @ vectors.T).detach())


def test_an_unknown_distillation_is_named(candidates: Any) -> None:
    with pytest.raises(ValueError, match="listnet or listmle, got 'listwise'"):
        candidates.RankCSE(tiny_encoder(), distillation="listwise")


AMI = {"ami_layers": [0, 1], "ami_samples": 3, "ami_minimum_support": 2}


@pytest.mark.parametrize("chunk", [None, 2])
def test_both_terms_are_those_of_their_papers(candidates: Any, chunk: int | None) -> None:
    batch = tiny_batch()
    batch["input_ids"][:, 1] = (batch["input_ids"][:, 1] + 7) * batch["attention_mask"][:, 1]
    parts = {"generator": tiny_generator(), "discriminator": tiny_bert(seed=1)}

    def losses_of(method: Any) -> dict[str, Tensor]:
        torch.manual_seed(3)
        objective = method.compute_losses(batch)
        return {**objective.losses, "total": objective.total()}

    def seeded(make: Any, **options: Any) -> dict[str, Tensor]:
        torch.manual_seed(0)
        return losses_of(make(tiny_encoder(), chunk=chunk, **options))

    both = seeded(candidates.DiffMiCSE, **parts, **AMI, rtd_weight=0.7, ami_weight=0.3)
    rtd = seeded(DiffCSE, **parts)
    ami = seeded(MiCSE, **AMI)
    torch.testing.assert_close(both["ami"], ami["ami"])
    torch.testing.assert_close(both["info_nce"], rtd["info_nce"])
    torch.testing.assert_close(both["rtd"], rtd["rtd"])
    torch.testing.assert_close(both["total"], both["info_nce"] + 0.7 * both["rtd"] - 0.3 * both["ami"])


TRAINED = {
    "simcseplusplus": ("SimCSEPlusPlus", "+method.off_dropout=true", "+method.dimension_weight=0"),
    "rankcse": ("RankCSE", "+method.distillation=listmle", "+method.distillation_weight=1"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", TRAINED)
def test_the_command_takes_them(name: str, tmp_path: Path) -> None:
    chosen, *options = TRAINED[name]
    old = ROOT / "tests" / "old" / "files"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "sentcse.train", "~method", f"+method._target_=candidates.{chosen}", *options),
            *("data=text", f"data.path={old / 'sentences.txt'}", "data.cache_dir=cache", "data.batch_size=8"),
            *(f"encoder.name_or_path={old / 'tiny'}", "trainer.accelerator=cpu", "trainer.precision=32"),
            *("trainer.progress=false", "trainer.max_steps=2", "evaluation=embedded", f"name={name}"),
            *(f"evaluation.pairs_dev={old / 'pairs.tsv'}", f"evaluation.pairs_test={old / 'pairs.tsv'}"),
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(FOLDER)]), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert [path.parent.name for path in tmp_path.glob(f"runs/{name}_seed42_*/results.json")]
