from __future__ import annotations

import pytest

from sentcse.data.fetching.manifest import load_manifest
from sentcse.errors import ConfigError
from sentcse.evaluation.tasks.selection import SelectedTask, resolve_tasks, senteval_files


@pytest.mark.parametrize(
    ("tasks", "mode", "protocol", "expected"),
    [
        (["sts"], "test", "simcse", [f"sts{year}" for year in range(12, 17)] + ["stsb", "sickr"]),
        (["sts"], "fasttest", "mteb", [f"sts{year}" for year in range(12, 17)] + ["stsb", "sickr_full"]),
        (["sts"], "dev", "simcse", ["stsb", "sickr"]),
        (["sickr", "stsb", "sickr"], "dev", "mteb", ["sickr", "stsb"]),
        (["transfer"], "test", "simcse", ["mr", "cr", "subj", "mpqa", "sst2", "trec", "mrpc"]),
        (["full"], "dev", "simcse", ["stsb", "sickr", "mr", "cr", "subj", "mpqa", "sst2", "trec", "mrpc"]),
        (
            ["trec", "stsb", "transfer"],
            "fasttest",
            "mteb",
            ["trec", "stsb", "mr", "cr", "subj", "mpqa", "sst2", "mrpc"],
        ),
    ],
)
def test_groups_and_protocols(tasks, mode, protocol, expected):
    split = "dev" if mode == "dev" else "test"
    assert resolve_tasks(tasks, mode=mode, protocol=protocol) == tuple(SelectedTask(name, split) for name in expected)


@pytest.mark.parametrize(
    ("tasks", "mode", "protocol", "said"),
    [
        (["sts17"], "test", "simcse", "there is no task 'sts17'"),
        (["stsb,sts12"], "test", "simcse", r"\.parquet\. A list is written tasks=\[stsb,sts12\]\.$"),
        (["sts12"], "dev", "simcse", "sts12 has no split 'dev'"),
        (["sts"], "fast", "simcse", "^mode must be one of test, dev, fasttest, got 'fast'"),
        (["sts"], "test", "beir", "^protocol must be one of simcse, mteb, got 'beir'"),
        (["sickr", "sickr_full"], "test", "simcse", "share a column"),
    ],
)
def test_what_does_not_exist_is_refused(tasks, mode, protocol, said):
    with pytest.raises(ConfigError, match=said):
        resolve_tasks(tasks, mode=mode, protocol=protocol)


@pytest.mark.parametrize(
    ("tasks", "said"),
    [
        (["sts", "mine/STS-B.csv"], "mine/STS-B.csv would share the name of the task STS-B"),
        (["mine/stsb.tsv"], "mine/stsb.tsv would share the name of the task STS-B"),
        (["mine/SICKR_full.tsv"], "mine/SICKR_full.tsv would share the name of the task SICK-R"),
        (["mr.csv"], "mr.csv would share the name of the task MR"),
        (["avg.csv"], "avg.csv would share the name of the column avg"),
        (["Uniformity.tsv"], "Uniformity.tsv would share the name of the column uniformity"),
        (["news/test.tsv", "forum/Test.csv"], "forum/Test.csv would share the name of news/test.tsv"),
    ],
)
def test_own_files_are_told_apart_by_their_names(tasks, said):
    with pytest.raises(ConfigError, match=f"^tasks: {said}, and scores are told apart by it: rename the file"):
        resolve_tasks(tasks, mode="test", protocol="simcse")
    assert len(resolve_tasks(["stsb", "news.tsv", "forum.tsv", "news.tsv"], mode="test", protocol="simcse")) == 3


def files_of(tasks, *, mode="test", protocol="simcse"):
    return senteval_files(resolve_tasks(tasks, mode=mode, protocol=protocol))


def test_files_to_fetch():
    assert files_of(["stsb", "mine.tsv"], mode="dev") == ("STS/STSBenchmark/sts-dev.csv",)
    assert len(files_of(["sts"], protocol="mteb")) == 2 * (5 + 3 + 6 + 5 + 5) + 1 + 3


def test_files_of_transfer_tasks():
    assert files_of(["trec", "mr"], mode="dev") == (
        "TREC/train_5500.label",
        "TREC/TREC_10.label",
        "MR/rt-polarity.pos",
        "MR/rt-polarity.neg",
    )
    full = files_of(["full"])
    assert set(files_of(["transfer"])) <= set(full)
    assert set(full) <= set(load_manifest())
