from __future__ import annotations

import shutil

import pytest

from sentcse.config.tasks import STS_TASKS, TASKS
from sentcse.errors import DataError
from sentcse.evaluation.tasks.sts import load_task, required_files, splits_of

# SemEval's and STS-B's published sizes; STS13 without SMT
SCORED = {"sts12": 3108, "sts13": 1500, "sts14": 3750, "sts15": 3000, "sts16": 1186, "stsb": 1379, "sickr": 4927}


@pytest.mark.parametrize(
    ("name", "split", "pairs"),
    [
        *((name, "test", pairs) for name, pairs in SCORED.items()),
        ("stsb", "dev", 1500),
        ("stsb", "train", 5749),
        ("sickr", "dev", 500),
        ("sickr", "train", 4500),
        ("sickr_full", "test", 9927),
    ],
)
def test_real_tasks_have_their_published_sizes(real_data, name, split, pairs):
    task = load_task(name, split, real_data)
    assert (task.pairs, task.label, task.split) == (pairs, TASKS[name].label, split)
    assert all(source.gold.min() >= 0 and source.gold.max() <= 5 for source in task.sources)


def test_sources_stand_in_sentevals_order(real_data):
    assert [source.source for source in load_task("sts13", "test", real_data).sources] == ["FNWN", "headlines", "OnWN"]


@pytest.mark.parametrize("name", STS_TASKS)
def test_a_missing_file_is_named_with_the_remedy(tmp_path, name):
    with pytest.raises(DataError, match=rf"senteval/.*is missing .*{TASKS[name].label} test.*SENTCSE_DATA"):
        load_task(name, "test", tmp_path)


@pytest.mark.parametrize("name", STS_TASKS)
def test_every_file_cut_short_is_refused_by_name(real_data, tmp_path, name):
    files = required_files(name, "test")
    for file in files:
        (tmp_path / "senteval" / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(real_data / "senteval" / file, tmp_path / "senteval" / file)
    for file in files:
        path = tmp_path / "senteval" / file
        whole = path.read_bytes()
        path.write_bytes(b"".join(whole.splitlines(keepends=True)[:-1]))
        with pytest.raises(DataError, match=path.name):
            load_task(name, "test", tmp_path)
        path.write_bytes(whole)
    assert load_task(name, "test", tmp_path).pairs == SCORED[name]


def test_required_files():
    assert required_files("stsb", "dev") == ("STS/STSBenchmark/sts-dev.csv",)
    assert required_files("sickr", "dev") == ("SICK/SICK_trial.txt",)
    assert len(required_files("sickr_full", "test")) == 3
    assert required_files("sts13", "test")[:2] == (
        "STS/STS13-en-test/STS.input.FNWN.txt",
        "STS/STS13-en-test/STS.gs.FNWN.txt",
    )


def test_unknown_tasks_and_splits_are_refused():
    with pytest.raises(DataError, match="no STS task 'sts17'"):
        splits_of("sts17")
    with pytest.raises(DataError, match="sts12 has no split 'dev'; it has test"):
        required_files("sts12", "dev")
