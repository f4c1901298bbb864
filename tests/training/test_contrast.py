"""InfoNCE at its two ends, and what is said of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from sentcse.config import TrainConfig
from sentcse.losses import info_nce_loss
from sentcse.training.contrast import ROWS, Row, diagnosis
from sentcse.training.run import train

Configure = Callable[..., TrainConfig]


def same(info_nce: float, positive: float = 0.9, negative: float = 0.5, candidates: int = 64) -> list[Row]:
    return [Row(info_nce, positive, negative, candidates)] * ROWS


def test_what_lies_between_is_not_spoken_of() -> None:
    assert diagnosis(same(0.2), temperature=0.05) is None
    assert diagnosis([*same(0.0)[1:], Row(0.2, 0.9, 0.5, 64)], temperature=0.05) is None
    assert diagnosis([*same(4.2)[1:], Row(0.2, 0.9, 0.5, 64)], temperature=0.05) is None
    assert diagnosis(same(0.01, candidates=1), temperature=0.05) is None  # the logarithm of 1 is 0


@pytest.mark.parametrize(
    ("rows", "temperature", "cause"),
    [
        (same(1e-4, candidates=2), 0.05, "told from 2 candidates only; set a larger data.batch_size"),
        (same(0.0001, candidates=1), 0.05, "no negative is left beside any positive"),
        (same(1e-4), 0.001, "method.temperature=0.001 makes any difference"),
        (same(1e-4, positive=0.9999), 0.05, "nearly one (mean cosine 0.9999)"),
        (same(1e-4), None, "told from all 64 candidates, as is usual late in a run"),
    ],
)
def test_near_zero(rows: list[Row], temperature: float | None, cause: str) -> None:
    said = diagnosis(rows, temperature=temperature)
    assert said is not None
    assert said.startswith("InfoNCE is near 0 (0.0001, the mean of 10 logged steps)")
    assert cause in said


@pytest.mark.parametrize(
    ("cosines", "temperature", "cause"),
    [
        ((0.99, 0.99), 0.05, "which is a collapse; set a lower optimizer.learning_rate"),
        ((0.9, 0.1), 5.0, "and method.temperature=5 hides it"),
        ((0.2, 0.2), 0.05, "are no nearer than others (0.20); look whether the columns"),
    ],
)
def test_chance_is_what_equal_cosines_give(cosines: tuple[float, float], temperature: float, cause: str) -> None:
    vectors = torch.ones(64, 3)
    chance = float(info_nce_loss(vectors, vectors, temperature=0.05))
    assert chance == pytest.approx(math.log(64))
    said = diagnosis(same(chance, *cosines), temperature=temperature)
    assert said is not None
    assert said.startswith("InfoNCE is 4.16 over 10 logged steps, where chance is ln(64) = 4.16: ")
    assert cause in said


def test_a_run_is_told_once(configure: Configure, caplog: pytest.LogCaptureFixture) -> None:
    train(configure("method.temperature=100", "trainer.max_epochs=4"))
    assert caplog.text.count("InfoNCE is 2.08 over 10 logged steps, where chance is ln(8) = 2.08") == 1


def test_masked_duplicates_are_no_candidates(
    configure: Configure, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "same.txt").write_text("the dog runs\n" * 24)
    train(configure(f"data.path={tmp_path}/same.txt", "data.duplicates=mask", "trainer.max_steps=3"))
    assert "no negative is left beside any positive" in caplog.text


def test_hard_negatives_are_candidates_as_well(
    configure: Configure, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [f"a dog {number}\tthe dog {number}\ta city {number}\n" for number in range(16)]
    (tmp_path / "pairs.tsv").write_text("one\ttwo\tthree\n" + "".join(rows))
    words = (f"data.path={tmp_path}/pairs.tsv", "data.columns=[one,two,three]", "trainer.max_steps=4")
    train(configure("method.temperature=100", *words))
    assert "chance is ln(16) = 2.77" in caplog.text
