"""The sentences of a report say what the figures say."""

from __future__ import annotations

from pathlib import Path

from made_runs import Made, grid, make_run, make_runs, make_unfinished
from sentcse.studies.collect import collect
from sentcse.studies.findings import findings, gaps, varied_with_size
from sentcse.studies.part_report import report_part
from sentcse.studies.statistics import differences
from sentcse.studies.wording import number, seeds_listed


def scored(method: str, seed: int, score: float | None, size: int = 64) -> Made:
    return Made(method, size, seed, scores=(("stsb_test", score),), tests=("stsb",))


def test_told_apart_and_not(tmp_path: Path) -> None:
    make_runs(tmp_path, [scored("simcse", 48 + i, 70 + i) for i in range(4)])
    make_runs(tmp_path, [scored("diffcse", 48 + i, 68 + i + (0.1, -0.1)[i % 2]) for i in range(4)])
    make_runs(tmp_path, [scored("micse", 48 + i, 70 + i + (0.2, -0.1)[i % 2]) for i in range(4)])
    (part,) = collect([tmp_path]).parts
    said = findings(differences(part, "stsb_test"))
    assert said[0] == "diffcse is worse than simcse at 64 sentences, by 2.00 points of STS-B test."
    assert said[1].startswith(
        "micse and simcse are not told apart at 64 sentences: the difference is +0.05, 95\u00a0% interval"
    )
    assert said[1].endswith("seeds would be needed.")
    assert said[2].startswith("micse is better than diffcse at 64 sentences, by 2.05 points")


def test_what_is_not_tested_is_said(tmp_path: Path) -> None:
    make_runs(tmp_path, [scored("simcse", 48, 70), scored("micse", 48, 71)])
    (part,) = collect([tmp_path]).parts
    (sentence,) = findings(differences(part, "stsb_test"))
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
    assert "One seed, so neither deviation nor interval: micse at 64." in said
    (collapsed,) = [sentence for sentence in said if sentence.startswith("Without STS-B test")]
    assert "seed49" in collapsed


def test_a_whole_grid_has_no_gaps(tmp_path: Path) -> None:
    make_runs(tmp_path, grid(("simcse", "micse"), (64,), (48, 49)))
    assert report_part(collect([tmp_path]).parts[0]).gaps == ()


def test_settings_that_change_with_the_size(tmp_path: Path) -> None:
    make_run(tmp_path, Made(size=64, changes=(("optimizer.learning_rate", 1e-5),)))
    make_run(tmp_path, Made(size=1000))
    (part,) = collect([tmp_path]).parts
    assert varied_with_size(part) == ["simcse: optimizer.learning_rate is 1e-05 at 64 and 3e-05 at 1,000 sentences."]


def test_words_of_figures() -> None:
    assert (number(-0.001), number(-1.5, sign=True), number(None)) == ("0.00", "\u22121.50", "\u2013")
    assert number(1234.5, 0) == "1,234"
    assert seeds_listed([48, 49, 50, 52, 7 + 50]) == "48\u201350, 52, 57"
