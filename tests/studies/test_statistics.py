"""Means, bands and differences against scipy and by hand."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from made_runs import Made, grid, make_run, make_runs
from scipy import stats

from sentcse.evaluation.statistics.seeds import holm
from sentcse.studies.collect import collect
from sentcse.studies.part import Part
from sentcse.studies.statistics import cell_statistics, compare_series, mean_curve
from sentcse.studies.study_run import Replicate


def part_of(folder: Path, scores: dict[tuple[str, int], Sequence[float]], *, size: int = 64) -> Part:
    """A part whose STS-B test scores are those given, by method and first seed."""
    for (method, first), values in scores.items():
        for seed, value in enumerate(values, start=first):
            make_run(folder, Made(method, size, seed, scores=(("stsb_test", value),), tests=("stsb",)))
    (part,) = collect([folder]).parts
    return part


def test_mean_and_interval_of_a_cell(tmp_path: Path) -> None:
    values = [70.0, 71.0, 73.0, 74.0]
    part = part_of(tmp_path, {("simcse", 48): values})
    over = cell_statistics(part, "simcse", 64, "stsb_test")
    assert over is not None
    low, high = stats.t.interval(0.95, 3, loc=np.mean(values), scale=stats.sem(values))
    assert (over.mean, over.std, over.low, over.high, over.n) == pytest.approx(
        (72, np.std(values, ddof=1), low, high, 4)
    )
    assert cell_statistics(part, "micse", 64, "stsb_test") is None


def test_differences_are_paired_by_seed(tmp_path: Path) -> None:
    # seeds 48-51 and 49-52: three in common
    part = part_of(tmp_path, {("simcse", 48): [70, 71, 72.5, 73], ("micse", 49): [71.9, 73.6, 74.2, 90]})
    (each,) = compare_series(part, "stsb_test")
    assert (each.series, each.reference) == ("micse", "simcse")
    assert [pair.seed for pair in each.pairs] == [49, 50, 51]
    expected = stats.ttest_rel([71.9, 73.6, 74.2], [71, 72.5, 73])
    assert each.estimate is not None
    assert each.estimate.mean == pytest.approx((0.9 + 1.1 + 1.2) / 3)
    assert each.estimate.p_value == pytest.approx(expected.pvalue)
    assert each.corrected == pytest.approx(expected.pvalue)  # one test
    assert (each.verdict, each.needed) == ("better", None)


def test_the_same_seed_with_other_sentences_is_no_pair(tmp_path: Path) -> None:
    other = (("data.low_shot.seed", 7),)
    make_runs(tmp_path, [Made(seed=48), Made(seed=49), Made("micse", seed=48), Made("micse", seed=49, changes=other)])
    (part,) = collect([tmp_path]).parts
    (each,) = compare_series(part, "stsb_test")
    assert (each.pairs, each.other_sentences, each.verdict) == ((Replicate(48, 48),), (), "not tested")


def test_the_same_seeds_on_another_corpus_are_no_pair(tmp_path: Path) -> None:
    other = (("data", {"source": "other.txt", "sha256": "0", "sentences": 64}),)
    make_runs(tmp_path, [Made(seed=48), Made(seed=49), Made("micse", seed=48), Made("micse", seed=49, results=other)])
    (part,) = collect([tmp_path]).parts
    (each,) = compare_series(part, "stsb_test")
    assert (each.pairs, each.other_sentences) == ((Replicate(48, 48),), (Replicate(49, 49),))


def test_no_undecided_difference_needs_the_runs_that_it_has(tmp_path: Path) -> None:
    """What so many runs did not tell apart needs more of them, at the corrected level too."""
    make_runs(tmp_path, grid(("simcse", "diffcse", "micse"), (64, 500, 1000, 10_000), (48, 49, 50)))
    (part,) = collect([tmp_path]).parts
    undecided = [each for key in part.headline_keys() for each in compare_series(part, key) if each.needed is not None]
    assert len(undecided) > 10
    assert all(each.needed is not None and each.needed > 3 for each in undecided)


@pytest.mark.parametrize(("shift", "verdict"), [(3.0, "better"), (-3.0, "worse"), (0.05, "not told apart")])
def test_verdicts(tmp_path: Path, shift: float, verdict: str) -> None:
    noise = [0.1, -0.2, 0.15, -0.05]
    part = part_of(
        tmp_path, {("simcse", 48): [70, 71, 72, 73], ("micse", 48): [70 + i + shift + e for i, e in enumerate(noise)]}
    )
    (each,) = compare_series(part, "stsb_test")
    assert each.verdict == verdict
    assert (each.needed is not None) == (verdict == "not told apart")
    assert each.needed is None or each.needed > 4


def test_holm_over_all_sizes_and_pairs(tmp_path: Path) -> None:
    make_runs(tmp_path, grid(("simcse", "diffcse", "micse"), (64, 500), range(48, 53)))
    (part,) = collect([tmp_path]).parts
    found = compare_series(part, "sts_avg_test")
    assert [(each.size, each.series, each.reference) for each in found] == [
        (size, series, reference)
        for size in (64, 500)
        for reference, series in itertools.combinations(("simcse", "diffcse", "micse"), 2)
    ]
    raw = [each.estimate.p_value for each in found if each.estimate is not None]
    naive, largest = {}, 0.0
    for rank, index in enumerate(sorted(range(6), key=raw.__getitem__)):
        largest = max(largest, min(1.0, (6 - rank) * raw[index]))
        naive[index] = largest
    assert [each.corrected for each in found] == pytest.approx([naive[index] for index in range(6)])
    assert all((each.corrected < 0.05) == (each.verdict in ("better", "worse")) for each in found)


def test_with_a_reference_the_others_alone_are_compared_and_corrected(tmp_path: Path) -> None:
    make_runs(tmp_path, grid(("simcse", "diffcse", "micse"), (64, 500), range(48, 53)))
    (part,) = collect([tmp_path]).parts
    every = {(each.size, each.series, each.reference): each for each in compare_series(part, "sts_avg_test")}
    found = compare_series(part, "sts_avg_test", "simcse")
    assert [(each.size, each.series, each.reference) for each in found] == [
        (size, series, "simcse") for size in (64, 500) for series in ("diffcse", "micse")
    ]
    raw = [each.estimate.p_value for each in found if each.estimate is not None]
    assert raw == [every[each.size, each.series, "simcse"].estimate.p_value for each in found]  # type: ignore[union-attr]
    assert [each.corrected for each in found] == pytest.approx(list(holm(raw)))
    assert [(each.series, each.reference) for each in compare_series(part, "sts_avg_test", "micse")][:2] == [
        ("simcse", "micse"),
        ("diffcse", "micse"),
    ]
    assert compare_series(part, "sts_avg_test", "of another part") == []


def test_a_single_seed_is_not_tested(tmp_path: Path) -> None:
    part = part_of(tmp_path, {("simcse", 48): [70.0], ("micse", 48): [75.0]})
    (each,) = compare_series(part, "stsb_test")
    assert (each.verdict, each.needed) == ("not tested", None)
    assert math.isnan(each.corrected)
    assert each.estimate is not None
    assert each.estimate.mean == pytest.approx(5)


def test_a_curve_has_the_steps_of_all_runs(tmp_path: Path) -> None:
    make_run(tmp_path, Made(seed=48))
    make_run(tmp_path, Made(seed=49, every=50))
    (part,) = collect([tmp_path]).parts
    runs = part.done()
    curve = mean_curve(runs)
    assert list(curve) == [0, 50, 100]
    assert curve[50].mean == pytest.approx(np.mean([run.dev_curve[50] for run in runs]))
    assert (curve[0].low, curve[0].high) == (79.73, 79.73)
    assert mean_curve([]) == {}
