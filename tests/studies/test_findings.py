"""The sentences of a report say what the figures say."""

from __future__ import annotations

from pathlib import Path

from made_runs import Made, grid, make_run, make_runs, make_unfinished

from sentcse.studies.collect import collect
from sentcse.studies.findings import findings, gaps, made_differently, varied_with_size
from sentcse.studies.part_report import report_part
from sentcse.studies.statistics import compare_series, mean_curve


def scored(method: str, seed: int, score: float | None, size: int = 64) -> Made:
    return Made(method, size, seed, scores=(("stsb_test", score),), tests=("stsb",))


def test_told_apart_and_not(tmp_path: Path) -> None:
    make_runs(tmp_path, [scored("simcse", 48 + i, 70 + i) for i in range(4)])
    make_runs(tmp_path, [scored("diffcse", 48 + i, 68 + i + (0.1, -0.1)[i % 2]) for i in range(4)])
    make_runs(tmp_path, [scored("micse", 48 + i, 70 + i + (0.2, -0.1)[i % 2]) for i in range(4)])
    (part,) = collect([tmp_path]).parts
    said = findings(compare_series(part, "stsb_test"))
    assert said[0] == "diffcse is worse than simcse at 64 sentences, by 2.00 points of STS-B test."
    assert said[1].startswith(
        "micse and simcse are not told apart at 64 sentences: the difference is +0.050, 95\u00a0% interval"
    )
    assert said[1].endswith("seeds would be needed.")
    assert said[2].startswith("micse is better than diffcse at 64 sentences, by 2.05 points")


def test_what_is_not_tested_is_said(tmp_path: Path) -> None:
    make_runs(tmp_path, [scored("simcse", 48, 70), scored("micse", 48, 71)])
    (part,) = collect([tmp_path]).parts
    (sentence,) = findings(compare_series(part, "stsb_test"))
    assert sentence.startswith("micse and simcse are not tested at 64 sentences")


def test_gaps(tmp_path: Path) -> None:
    make_runs(tmp_path, [scored("simcse", 48, 70), scored("simcse", 49, None), scored("micse", 48, 71)])
    failed = make_unfinished(tmp_path, scored("micse", 49, 0), reason=f"{tmp_path}/x is full.\nReally.")
    stopped = make_unfinished(tmp_path, scored("simcse", 50, 0))
    (part,) = collect([tmp_path]).parts
    said = gaps(part)
    assert f"{failed.name} failed: .../x is full. Really." in said
    assert f"Not finished (interrupted, or still being trained): {stopped.name}." in said
    assert "There is no run of micse at 64 sentences with seed 50." in said
    assert "Means over fewer seeds than the 2 of the others: micse at 64 (1)." in said
    assert "One run, so neither deviation nor interval: micse at 64." in said
    (collapsed,) = [sentence for sentence in said if sentence.startswith("Without STS-B test")]
    assert "seed49" in collapsed


def test_runs_made_differently(tmp_path: Path) -> None:
    here = (("hardware", {"device": "cpu", "threads": 1}), ("precision", "32"))
    there = (("hardware", {"device": "gpu", "gpu": "H200"}), ("precision", "fp16"))
    make_runs(tmp_path, grid(("simcse",), (64,), (48, 49), results=here))
    make_runs(tmp_path, [Made("micse", seed=48, results=here), Made("micse", seed=49, results=there)])
    (part,) = collect([tmp_path]).parts
    assert made_differently(part) == [
        "Not all runs were made alike: precision is 32 for simcse and micse (1 of 2 runs) and fp16 for micse "
        "(1 of 2 runs).",
        "Not all runs were made alike: device is cpu for simcse and micse (1 of 2 runs) and gpu H200 for micse "
        "(1 of 2 runs).",
    ]
    assert set(made_differently(part)) <= set(gaps(part))
    assert [record["precision"] for record in report_part(part).tables["runs"].records] == ["32", "32", "32", "fp16"]


def test_other_sentences_under_one_seed(tmp_path: Path) -> None:
    make_runs(tmp_path, grid(("simcse", "micse"), (64,), (48, 49)))
    changed = make_run(
        tmp_path, Made("micse", seed=50, results=(("data", {"source": "other.txt", "sha256": "0", "sentences": 64}),))
    )
    make_run(tmp_path, Made(seed=50))
    (part,) = collect([tmp_path]).parts
    assert changed.is_dir()
    assert (
        "micse and simcse saw other sentences at 64 with seed 50, so that these runs are no pairs."
        in report_part(part).gaps
    )


def test_runs_that_share_a_split(tmp_path: Path) -> None:
    split = (("data.low_shot.seed", 7),)
    make_runs(tmp_path, [Made(seed=seed, changes=split) for seed in (1, 2, 3)])
    (part,) = collect([tmp_path]).parts
    (said,) = gaps(part)
    assert said.startswith("All runs at 64 sentences saw one split (7)")
    make_run(tmp_path, Made(seed=1, changes=(("data.low_shot.seed", 8),)))
    (part,) = collect([tmp_path]).parts
    assert any(
        sentence.startswith("At 64 sentences 4 pairs of seed and split share 2 splits") for sentence in gaps(part)
    )
    assert part.over == "runs"


def test_runs_without_a_whole_learning_curve(tmp_path: Path) -> None:
    paths = make_runs(tmp_path, grid(("simcse",), (64,), (48, 49, 50)))
    (paths[0] / "metrics.csv").unlink()
    short = (paths[1] / "metrics.csv").read_text().splitlines(keepends=True)
    last = max(index for index, line in enumerate(short) if line.startswith("50,"))
    (paths[1] / "metrics.csv").write_text("".join(short[: last + 1]) + "75,-")
    (part,) = collect([tmp_path]).parts
    assert gaps(part) == [
        f"Without dev scores by step, and so in no learning curve: {paths[0].name}.",
        "The mean curve of simcse at 64 sentences ends at step 50, where the dev scores of a run end: "
        f"{paths[1].name}.",
    ]
    assert list(mean_curve(part.done())) == [0, 25, 50]


def test_a_collapsed_method_is_not_said_to_lack_runs(tmp_path: Path) -> None:
    make_runs(tmp_path, [scored("simcse", seed, 70 + seed) for seed in (48, 49)])
    make_runs(tmp_path, [scored("micse", seed, None) for seed in (48, 49)])
    (part,) = collect([tmp_path]).parts
    (sentence,) = findings(compare_series(part, "stsb_test"))
    assert sentence.endswith("fewer than two pairs of runs with the same seed and sentences have STS-B test.")


def test_a_whole_grid_has_no_gaps(tmp_path: Path) -> None:
    make_runs(tmp_path, grid(("simcse", "micse"), (64,), (48, 49)))
    assert report_part(collect([tmp_path]).parts[0]).gaps == ()


def test_settings_that_change_with_the_size(tmp_path: Path) -> None:
    make_run(tmp_path, Made(size=64, changes=(("optimizer.learning_rate", 1e-5),)))
    make_run(tmp_path, Made(size=1000))
    (part,) = collect([tmp_path]).parts
    assert varied_with_size(part) == ["simcse: optimizer.learning_rate is 1e-05 at 64 and 3e-05 at 1,000 sentences."]


def test_a_difference_that_matters_to_nobody_says_so(tmp_path: Path) -> None:
    make_runs(tmp_path, [scored("simcse", 48 + i, 70 + i) for i in range(4)])
    make_runs(tmp_path, [scored("micse", 48 + i, 70 + i + 0.004 + 0.0004 * (-1) ** i) for i in range(4)])
    report = report_part(collect([tmp_path]).parts[0])
    assert report.findings == (
        "micse is better than simcse at 64 sentences, by 0.004 points of STS-B test: told apart, but less than 0.1 "
        "points.",
    )
    (row,) = (row for row in report.tables["differences"].rows[0])
    assert row[3:5] == ("+0.004", "[0.003, 0.005]")
