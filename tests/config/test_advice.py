"""What is allowed and still worth a sentence."""

from __future__ import annotations

import pytest
from composing import checked

from sentcse.config.advice import advice


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["method.head=batchnorm", "data.batch_size=16"], "statistics from 16 sentences"),
        (["method.head=batchnorm", "data.low_shot.size=8"], "statistics from 8 sentences"),
        (["method.head=batchnorm", "data.low_shot.size=5000"], "The last batch of every epoch has 8 sentences"),
        (["method.head=batchnorm", "data.low_shot.percent=1"], "The last batch of every epoch has 16 sentences"),
        (["trainer.accumulate_grad_batches=4"], "adds no negatives"),
        (
            ["evaluation.select=info_nce", "data.low_shot.size=1000"],
            "selected on 50 held-out sentences, fewer",
        ),
        (["trainer.max_steps=5"], "before the first evaluation"),
    ],
)
def test_each_piece_of_advice(overrides: list[str], words: str) -> None:
    (sentence,) = advice(checked("experiment=simcse_bert", *overrides))
    assert words in sentence


def test_the_published_recipe_needs_none() -> None:
    assert list(advice(checked("experiment=simcse_bert"))) == []


@pytest.mark.parametrize(
    "whole",
    [
        ["data.low_shot.size=64"],
        ["data.low_shot.percent=0.0064"],
        ["data.low_shot.size=65"],
        ["data.low_shot.size=5000", "data.drop_last=true"],
    ],
)
def test_batches_of_the_usual_size_need_none(whole: list[str]) -> None:
    assert list(advice(checked("experiment=simcse_bert", "method.head=batchnorm", *whole))) == []
