"""Ranks with a part of a batch each take the step of one rank with the whole batch, with and without recomputation."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import global_step
import pytest
import torch
from global_step import METHODS, SENTENCES, SHARDED, Step, exact, global_batch, part_of, take_step
from torch import Tensor

from sentcse.methods.global_batch import gather_rows, mean_over_ranks, own_rows, part_of_mean, ranks, sum_over_ranks

Steps = dict[str, dict[str, Tensor]]
RANKS = 2


GPUS = pytest.mark.skipif(torch.cuda.device_count() < RANKS, reason=f"needs {RANKS} CUDA GPUs")


@pytest.fixture(scope="module", params=["gloo", pytest.param("nccl", marks=GPUS)])
def of_two_ranks(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> list[Steps]:
    """What each of two processes that share a step found: on the CPU through gloo, on a GPU each through NCCL."""
    return shared_steps(tmp_path_factory.mktemp("ranks"), RANKS, request.param)


def shared_steps(folder: Path, ranks: int, backend: str, *names: str) -> list[Steps]:
    """What each of so many processes that share a step found, of all methods or of those that are named."""
    helpers = Path(global_step.__file__).parent
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(helpers), os.environ.get("PYTHONPATH", "")])}
    started = [
        subprocess.Popen(
            [sys.executable, global_step.__file__, str(rank), str(ranks), str(folder), backend, *names],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(ranks)
    ]
    for process in started:
        _, said = process.communicate(timeout=300)
        assert process.returncode == 0, said
    return [torch.load(folder / f"{rank}.pt") for rank in range(ranks)]


@pytest.mark.parametrize("chunk", [None, 3])
@pytest.mark.parametrize("name", METHODS)
def test_loss_gradients_statistics_and_metrics_as_of_one_rank(
    name: str, chunk: int | None, of_two_ranks: list[Steps]
) -> None:
    check_against_one_rank(name, [steps[f"{name}/{chunk}"] for steps in of_two_ranks])


def test_four_ranks_take_the_step_of_one_with_hard_negatives(tmp_path: Path) -> None:
    """As the published supervised recipe has it, 4 x 128 sentences; here 4 x 2."""
    of_four = shared_steps(tmp_path, 4, "gloo", "simcse")
    for chunk in (None, 3):
        check_against_one_rank("simcse", [steps[f"simcse/{chunk}"] for steps in of_four])


def check_against_one_rank(name: str, found: list[dict[str, Tensor]]) -> None:
    method = exact(METHODS[name]())
    expected = take_step(Step(method), method, global_batch(name))
    assert all(each.keys() == expected.keys() for each in found)
    torch.testing.assert_close(sum(each["loss"] for each in found) / len(found), expected["loss"], rtol=1e-7, atol=0)
    for key in expected.keys() - {"loss"}:
        # a rank's share of all tokens is float32
        for each in found:
            torch.testing.assert_close(each[key], expected[key], rtol=1e-5, atol=1e-9, msg=lambda m, k=key: f"{k}: {m}")


@pytest.mark.parametrize("name", SHARDED)
def test_the_same_with_the_weights_shared_out_over_the_ranks(name: str, of_two_ranks: list[Steps]) -> None:
    """FSDP2 averages gradients over the ranks as DDP does, which brings a gathered row's gradient back."""
    method = exact(SHARDED[name]())
    expected = take_step(Step(method), method, global_batch(name))
    found = [steps[f"{name}/sharded"] for steps in of_two_ranks]
    torch.testing.assert_close(sum(each["loss"] for each in found) / RANKS, expected["loss"], rtol=1e-7, atol=0)
    gradients = [key for key in expected if key.startswith("grad.")]
    assert gradients
    for key in gradients:
        for each in found:
            torch.testing.assert_close(each[key], expected[key], rtol=1e-5, atol=1e-9, msg=lambda m, k=key: f"{k}: {m}")
    parts = [int(steps[f"{name}/part"]["weights"]) for steps in of_two_ranks]
    assert sum(parts) == sum(each.numel() for each in method.parameters())
    assert max(parts) < 1.1 * min(parts)


@pytest.mark.parametrize(("name", "left_out"), [("simcse_masked", 5), ("diffcse_masked", 4), ("micse_masked", 4)])
def test_duplicates_on_two_ranks_are_found(name: str, left_out: int, of_two_ranks: list[Steps]) -> None:
    # sentences 1 and 6, and 2 and 7, each way; and the hard negative of 3
    assert [steps[f"{name}/None"]["metric.masked_negatives"].item() for steps in of_two_ranks] == [left_out] * RANKS


def test_without_gathering_each_rank_has_its_own_negatives(of_two_ranks: list[Steps]) -> None:
    losses, gradients = [], []
    for rank in range(RANKS):
        method = exact(METHODS["simcse"]())
        alone = take_step(Step(method), method, part_of(global_batch("simcse"), rank, RANKS))
        torch.testing.assert_close(of_two_ranks[rank]["apart"]["loss"], alone["loss"], rtol=1e-10, atol=0)
        losses.append(alone["loss"])
        gradients.append(alone["grad.head.dense.weight"])
    torch.testing.assert_close(of_two_ranks[0]["apart"]["grad.head.dense.weight"], sum(gradients) / RANKS)
    # more negatives make the task harder
    assert of_two_ranks[0]["simcse/None"]["loss"] > max(losses)


def test_one_process_is_a_batch_of_its_own() -> None:
    rows = torch.randn(SENTENCES, 4, requires_grad=True)
    assert ranks() == 1
    assert gather_rows(rows) is rows
    assert torch.equal(own_rows(rows, SENTENCES), rows)
    assert torch.equal(mean_over_ranks(rows), rows)
    assert not sum_over_ranks(rows).requires_grad


def test_a_mean_over_nothing_is_0_with_a_gradient_of_0() -> None:
    nothing = torch.zeros(0, requires_grad=True)
    mean = part_of_mean(nothing.sum(), torch.tensor(0))
    mean.backward()
    assert mean.item() == 0
    assert nothing.grad is not None
    assert part_of_mean(torch.tensor(6.0), torch.tensor(4)).item() == 1.5
