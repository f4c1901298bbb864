"""Start and trained encoders are compared on the same resamples; what is measured is what other rooms measure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tiny_methods import tiny_encoder

from sentcse.evaluation.scores.label_free import label_free_scores
from sentcse.evaluation.scores.spearman import spearman
from sentcse.evaluation.statistics.seeds import holm
from sentcse.evaluation.statistics.significance import bootstrap_spearman, percentile_interval
from sentcse.worth.scores import GENERAL, OWN, Change, Measured, compare, comparison_tasks, corrected, measure

TEXTS = ["a man plays music", "the dog runs", "the woman sits in the city", "a dog sits", "the man runs in the city"]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    rows = [(str(score), TEXTS[score % 5], TEXTS[(score * 3 + 1) % 5]) for score in range(5)]
    path = tmp_path / "own.tsv"
    path.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
    return path


def measured(own: Path, seed: int) -> Measured:
    import torch

    torch.manual_seed(seed)
    encoder = tiny_encoder("avg", hidden_dropout_prob=0.2)
    for weight in encoder.parameters():
        weight.data += 0.05 * seed * torch.randn(weight.shape, generator=torch.Generator().manual_seed(seed))
    ids = [np.array(encoder.tokenizer(text)["input_ids"], dtype=np.uint16) for text in TEXTS]
    found = measure(encoder, comparison_tasks(own), ids, TEXTS, seed=1, batch_size=3)
    free = label_free_scores(encoder, ids, temperature=0.05, seed=1)
    assert found.info_nce.mean() == pytest.approx(free["info_nce"], rel=1e-5)
    assert found.shape == pytest.approx(free["alignment_uniformity"], rel=1e-6)
    assert found.cosines.shape == (10,)
    return found


def test_tasks_are_the_users_pairs_and_both_parts_of_the_embedded_ones(own: Path) -> None:
    assert [(task.name, task.pairs) for task in comparison_tasks(own)] == [(OWN, 5), (GENERAL, 300)]
    assert [task.name for task in comparison_tasks(None)] == [GENERAL]


def test_changes_are_paired_and_corrected(own: Path) -> None:
    start, first, second = (measured(own, seed) for seed in range(3))
    found = compare(start, [first, second, start], resamples=200, seed=3)
    for each, outcome in zip((first, second), found, strict=False):
        change, sts = outcome.general, each.sts[GENERAL]
        draws = [
            bootstrap_spearman(one.cosines, sts.gold, resamples=200, seed=(3, *GENERAL.encode()))
            for one in (start.sts[GENERAL], sts)
        ]
        assert (change.before, change.after) == (start.sts[GENERAL].all, sts.all)
        assert (change.low, change.high) == pytest.approx(percentile_interval(draws[1] - draws[0]))
        assert outcome.agreement == pytest.approx(spearman(start.cosines, each.cosines))
        assert outcome.shape == (start.shape, each.shape)
        assert outcome.info_nce.low <= outcome.info_nce.difference <= outcome.info_nce.high
        assert outcome.own is not None
    same = found[2]
    assert (same.general.difference, same.general.low, same.general.high, same.general.told) == (0, 0, 0, False)
    assert (same.info_nce.low, same.agreement) == (0, pytest.approx(100))
    p = [each.general.p for each in found]
    assert [each.general.p_holm for each in found] == holm(p).tolist()


def test_without_pairs_there_is_no_change_on_them(own: Path) -> None:
    start = measured(own, 0)
    alone = start._replace(sts={GENERAL: start.sts[GENERAL]})
    (only,) = compare(alone, [alone], resamples=100, seed=0)
    assert only.own is None


def test_a_collapsed_encoder_has_no_interval_and_does_not_count() -> None:
    nan = float("nan")
    known, none = Change(1, 2, 0.5, 1.5, 0.02, nan), Change(1, nan, nan, nan, nan, nan)
    first, second, third = corrected([known, none, known])
    assert (first.p_holm, third.p_holm) == (0.04, 0.04)
    assert np.isnan(second.p_holm)
    assert not second.told
    assert first.told
