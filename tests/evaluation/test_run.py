from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from sentcse.errors import ConfigError, DataError
from sentcse.evaluation import run
from sentcse.evaluation.evaluator import evaluate_encoder
from sentcse.evaluation.run import collect_results, resolve_tasks, run_evaluation, senteval_files
from sentcse.evaluation.table import format_results
from sentcse.evaluation.tasks import LABELS, STS_TASKS

SENTENCES = ("a cat", "a cat sits", "dogs run far", "rain", "sun and rain")


@pytest.fixture
def pairs_file(tmp_path):
    path = tmp_path / "mine.tsv"
    rows = [(4.5, 0, 1), (1.0, 0, 2), (0.2, 1, 3), (3.9, 3, 4), (2.0, 2, 4), (4.8, 1, 0)]
    path.write_text(
        "score\tsentence1\tsentence2\n" + "".join(f"{g}\t{SENTENCES[i]}\t{SENTENCES[j]}\n" for g, i, j in rows)
    )
    return path


@pytest.fixture
def opened(monkeypatch, make_encoder):
    """Lets SentenceEncoder.from_pretrained give a fake, and says what it was asked for."""
    asked = []
    vectors = dict(zip(SENTENCES, np.random.default_rng(0).normal(size=(5, 4)), strict=True))

    def open_fake(source, *, pooler=None, max_length=None):
        asked.append((source, pooler))
        return make_encoder(vectors if source == "good" else lambda _: [1.0, 1.0])

    monkeypatch.setattr(run.SentenceEncoder, "from_pretrained", open_fake)
    return asked


def test_results_are_written_and_returned(tmp_path, pairs_file, opened):
    results = run_evaluation(
        "good", pooler="avg", tasks=[str(pairs_file)], data_root=tmp_path, bootstrap=200, output=tmp_path / "out"
    )
    assert opened == [("good", "avg")]
    assert json.loads((tmp_path / "out" / "results.json").read_text()) == results
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["results.json"]
    task = results["tasks"]["mine"]
    assert (task["pairs"], task["collapsed"], task["truncated"]) == (6, False, 0)
    low, high = task["ci95"]
    assert low <= task["spearman"]["all"] <= high
    assert task["sources"] == {"mine": {"spearman": task["spearman"]["all"], "pairs": 6}}
    assert (results["protocol"], results["encoder"], results["pooler"], results["max_length"]) == (
        "simcse",
        "good",
        "avg",
        512,
    )
    assert results["average"] == {"sts": None}
    assert set(results["versions"]) == {"python", "sentcse", "torch", "transformers", "numpy", "scipy"}
    assert results["seconds"] >= 0


def test_a_collapsed_encoder_is_null_and_flagged(tmp_path, pairs_file, opened):
    results = run_evaluation("constant", tasks=[str(pairs_file)], data_root=tmp_path, bootstrap=50, output=tmp_path)
    task = json.loads((tmp_path / "results.json").read_text())["tasks"]["mine"]
    assert (task["collapsed"], task["spearman"]) == (True, {"all": None, "mean": None, "wmean": None})
    assert "ci95" not in task
    assert "* collapsed" in format_results(results)


def test_the_terminal_table_shows_how_it_was_scored(tmp_path, pairs_file, opened):
    results = run_evaluation("good", tasks=[str(pairs_file)], data_root=tmp_path, bootstrap=50)
    text = format_results(results)
    assert "protocol simcse, mode test, pooler avg, at most 512 tokens (0 of 5 sentences cut)" in text
    assert "95 % from" in text
    long = "/a/very/long/folder/of/runs/simcse_bert/encoder"
    assert f"\n...{long[-29:]} " in format_results({**results, "encoder": long})
    assert "Pairs: mine test 6" in text


def test_the_average_has_an_interval_when_all_seven_are_scored(make_encoder, make_task):
    generator = np.random.default_rng(0)
    tasks = []
    for name in STS_TASKS:
        rows = [(f"{name} {i}", f"{name} {i} again", float(g)) for i, g in enumerate(generator.uniform(0, 5, 30))]
        tasks.append(replace(make_task(name, rows), label=LABELS[name]))
    evaluation = evaluate_encoder(make_encoder(lambda _: generator.normal(size=3)), tasks)
    results = collect_results(evaluation, resamples=400)
    scores = [task["spearman"]["all"] for task in results["tasks"].values()]
    low, high = results["average"]["sts_ci95"]
    assert results["average"]["sts"] == pytest.approx(np.mean(scores))
    assert low < results["average"]["sts"] < high
    # seven independent tasks: narrower than any one of them by about the root of seven
    assert high - low < min(task["ci95"][1] - task["ci95"][0] for task in results["tasks"].values()) / 2
    fewer = collect_results(replace(evaluation, sts={"sts12": evaluation.sts["sts12"]}), resamples=400)
    assert fewer["average"] == {"sts": None}
    assert fewer["tasks"]["STS12"]["ci95"] == results["tasks"]["STS12"]["ci95"]


def test_missing_data_is_told_before_the_encoder_is_opened(tmp_path, opened):
    with pytest.raises(DataError, match=r"sts-dev\.csv is missing"):
        run_evaluation("good", tasks=["stsb"], mode="dev", data_root=tmp_path)
    assert opened == []


@pytest.mark.parametrize(
    ("tasks", "mode", "protocol", "expected"),
    [
        (["sts"], "test", "simcse", [f"sts{year}" for year in range(12, 17)] + ["stsb", "sickr"]),
        (["sts"], "fasttest", "mteb", [f"sts{year}" for year in range(12, 17)] + ["stsb", "sickr_full"]),
        (["sts"], "dev", "simcse", ["stsb", "sickr"]),
        (["sickr", "stsb", "sickr"], "dev", "mteb", ["sickr", "stsb"]),
    ],
)
def test_groups_and_protocols(tasks, mode, protocol, expected):
    split = "dev" if mode == "dev" else "test"
    assert resolve_tasks(tasks, mode=mode, protocol=protocol) == tuple((name, split) for name in expected)


@pytest.mark.parametrize(
    ("tasks", "mode", "protocol", "said"),
    [
        (["sts17"], "test", "simcse", "there is no task 'sts17'"),
        ([], "test", "simcse", "^tasks is empty"),
        (["sts12"], "dev", "simcse", "sts12 has no split 'dev'"),
        (["sts"], "fast", "simcse", "^mode must be one of test, dev, fasttest, got 'fast'"),
        (["sts"], "test", "beir", "^protocol must be one of simcse, mteb, got 'beir'"),
        (["sickr", "sickr_full"], "test", "simcse", "share a column"),
    ],
)
def test_what_does_not_exist_is_refused(tasks, mode, protocol, said):
    with pytest.raises(ConfigError, match=said):
        resolve_tasks(tasks, mode=mode, protocol=protocol)


def test_files_to_fetch():
    assert senteval_files(["stsb", "mine.tsv"], mode="dev", protocol="simcse") == ("STS/STSBenchmark/sts-dev.csv",)
    assert len(senteval_files(["sts"], mode="test", protocol="mteb")) == 2 * (5 + 3 + 6 + 5 + 5) + 1 + 3
