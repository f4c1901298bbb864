"""The runs that are compared: their order, and what is missing of the grid."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_runs import Made, grid, make_run, make_runs, make_unfinished

from sentcse.studies.collect import collect
from sentcse.studies.part import in_order_of_seeds
from sentcse.studies.study_run import Replicate


def test_a_grid_is_sorted_by_method_size_and_seed(tmp_path: Path) -> None:
    make_runs(tmp_path, grid(("micse", "simcse", "diffcse"), (1000, 64), (49, 48)))
    (part,) = collect([tmp_path]).parts
    assert (part.series, part.sizes) == (("simcse", "diffcse", "micse"), (64, 1000))
    assert (part.replicates, part.over) == ((Replicate(48, 48), Replicate(49, 49)), "seeds")
    order = [(part.names[run.record.name], run.size, run.record.seed) for run in part.runs]
    assert order == [(m, n, s) for m in ("simcse", "diffcse", "micse") for n in (64, 1000) for s in (48, 49)]
    assert (part.missing(), part.not_done()) == ([], [])


def test_splits_of_one_seed(tmp_path: Path) -> None:
    changes = [(("data.low_shot.seed", split),) for split in (48, 49, 50)]
    make_runs(tmp_path, [Made(seed=1, changes=each) for each in changes])
    make_runs(tmp_path, [Made("micse", seed=1, changes=each) for each in changes[:2]])
    (part,) = collect([tmp_path]).parts
    assert part.over == "splits"
    assert part.missing() == [("micse", 64, [Replicate(1, 50)])]


def test_what_is_missing_of_the_grid(tmp_path: Path) -> None:
    make_runs(tmp_path, [Made(seed=48), Made(seed=49), Made(seed=48, size=500), Made("micse", seed=48)])
    make_unfinished(tmp_path, Made("micse", seed=49), reason="The loss is not finite.")
    (part,) = collect([tmp_path]).parts
    both = [Replicate(48, 48), Replicate(49, 49)]
    assert part.missing() == [("simcse", 500, both[1:]), ("micse", 500, both)]
    (failed,) = part.not_done()
    assert (failed.record.status, failed.record.reason) == ("failed", "The loss is not finite.")
    assert part.values("micse", 64, "stsb_test") == [part.done("micse", 64)[0].scores["stsb_test"]]


def test_a_collapsed_run_has_no_score_and_no_average(tmp_path: Path) -> None:
    make_run(tmp_path, Made(scores=(("stsb_test", None),)))
    make_run(tmp_path, Made(seed=49))
    (part,) = collect([tmp_path]).parts
    assert len(part.values("simcse", 64, "stsb_test")) == 1
    assert len(part.values("simcse", 64, "sts_avg_test")) == 1
    assert [run.record.seed for run in part.without_score("sts_avg_test")] == [48]


def test_scores_and_their_order(tmp_path: Path) -> None:
    make_run(tmp_path, Made())
    (part,) = collect([tmp_path]).parts
    assert part.score_keys()[0] == "stsb_dev"
    assert part.score_keys()[-2:] == ("sickr_test", "sts_avg_test")
    assert part.headline_keys() == ("stsb_dev", "stsb_test", "sts_avg_test")
    (run,) = part.runs
    tests = [score for key, score in run.scores.items() if key.endswith("_test") and key != "sts_avg_test"]
    assert run.scores["sts_avg_test"] == pytest.approx(sum(filter(None, tests)) / 7)
    assert part.untrained("stsb_dev") == 79.73
    assert run.outcome("alignment") == run.curves["val/alignment"][run.record.best_step or 0]


def test_runs_of_a_budget_in_epochs_are_named_after_them(tmp_path: Path) -> None:
    make_runs(tmp_path, [Made(steps=None), Made(seed=49, steps=None)])
    (part,) = collect([tmp_path]).parts
    assert part.label == "1 epoch"
    make_run(tmp_path, Made(size=500, steps=None, changes=(("trainer.max_epochs", 3),)))
    (part,) = collect([tmp_path]).parts
    assert part.label == "budget in epochs"  # recipes set them by the size


def test_what_is_compared_where_sts_b_is_not_scored(tmp_path: Path) -> None:
    make_run(tmp_path, Made(tests=("sts13", "sts12")))
    (part,) = collect([tmp_path]).parts
    assert part.score_keys() == ("stsb_dev", "sts12_test", "sts13_test")  # in the order of the tables of papers
    assert part.headline_keys() == ("stsb_dev", "sts12_test")
    assert part.primary_key() == "sts12_test"


def test_an_untrained_score_that_runs_disagree_on_is_none(tmp_path: Path) -> None:
    make_run(tmp_path, Made(results=(("initial", {"stsb_dev": 70.0, "stsb_test": 60.0}),)))
    make_run(tmp_path, Made(seed=49, results=(("initial", {"stsb_dev": 70.009, "stsb_test": 60.02}),)))
    (part,) = collect([tmp_path]).parts
    assert [part.untrained(key) for key in ("stsb_dev", "stsb_test", "sickr_dev")] == [70.0, None, None]


@pytest.mark.parametrize(
    ("pairs", "over"),
    [
        ([(48, 48), (49, 49)], "seeds"),
        ([(1, 48), (1, 49)], "splits"),
        ([(1, 7), (2, 7)], "seeds"),
        ([(1, 7), (2, 7), (1, 8)], "runs"),
    ],
)
def test_what_means_are_over(tmp_path: Path, pairs: list[tuple[int, int]], over: str) -> None:
    make_runs(tmp_path, [Made(seed=seed, changes=(("data.low_shot.seed", split),)) for seed, split in pairs])
    (part,) = collect([tmp_path]).parts
    assert part.over == over
    assert part.splits_of_their_own == any(seed != split for seed, split in pairs)


def test_a_whole_corpus_misses_no_splits(tmp_path: Path) -> None:
    """Seeds of the whole corpus are replicates without a split, beside those of a low-shot size."""
    make_runs(tmp_path, [Made(seed=48), Made(seed=49), Made("micse", seed=48), Made("micse", seed=49)])
    make_runs(tmp_path, [Made(size=None, seed=48), Made("micse", size=None, seed=48), Made(size=None, seed=49)])
    (part,) = collect([tmp_path]).parts
    assert part.sizes == (64, 16_979)
    assert part.missing() == [("micse", 16_979, [Replicate(49, None)])]


def test_replicates_are_sorted_with_whole_corpora_first() -> None:
    shuffled = [Replicate(2, 1), Replicate(1, 9), Replicate(1, None), Replicate(1, 0)]
    assert sorted(shuffled, key=in_order_of_seeds) == [
        Replicate(1, None), Replicate(1, 0), Replicate(1, 9), Replicate(2, 1),
    ]  # fmt: skip


def test_runs_of_an_unknown_size_come_last(tmp_path: Path) -> None:
    make_unfinished(tmp_path, Made(size=None))
    make_runs(tmp_path, [Made(size=500), Made("micse", size=64)])
    (part,) = collect([tmp_path]).parts
    assert [(part.names[run.record.name], run.size) for run in part.runs] == [
        ("simcse", 500), ("simcse", None), ("micse", 64),
    ]  # fmt: skip
    assert part.sizes == (64, 500)
