from __future__ import annotations

import shutil

import pytest

from sentcse.config.tasks import STS_TASKS, TASKS
from sentcse.data.fetching import manifest
from sentcse.data.fetching.manifest import manifest_entry
from sentcse.errors import DataError
from sentcse.evaluation.tasks import sts
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


ROWS = ["Ein Hund, sagt sie, läuft.,Ein Hund läuft.,4.5", '"Der ""Hund"", der läuft",Die  Frau sitzt,0.0', "x,y,2"]


def translated(folder, rows, monkeypatch):
    path = folder / "senteval" / "STS/stsb-multi-mt/stsb-de-dev.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(f"{row}\r\n" for row in rows).encode())
    entry = manifest_entry("STS/stsb-multi-mt/stsb-de-dev.csv", path.read_bytes())
    monkeypatch.setattr(manifest, "load_manifest", lambda: {entry.path: entry})
    monkeypatch.setitem(sts._STSB, "dev", ("sts-dev.csv", len(rows)))
    return path


def test_sts_b_in_another_language(tmp_path, monkeypatch):
    translated(tmp_path, ['"Ein Hund, sagt sie, läuft.",Ein Hund läuft.,4.5', *ROWS[1:]], monkeypatch)
    task = load_task("stsb_de", "dev", tmp_path)
    (pairs,) = task.sources
    assert (task.name, task.label, pairs.source) == ("stsb_de", "STS-B de", "stsb_de")
    assert pairs.sentences1 == ("Ein Hund, sagt sie, läuft.", 'Der "Hund", der läuft', "x")
    assert pairs.sentences2[1] == "Die Frau sitzt"
    assert pairs.gold.tolist() == [4.5, 0.0, 2.0]
    assert required_files("stsb_zh", "test") == ("STS/stsb-multi-mt/stsb-zh-test.csv",)


def test_a_translation_with_a_comma_too_many_or_no_score_is_named(tmp_path, monkeypatch):
    path = translated(tmp_path, ROWS, monkeypatch)
    with pytest.raises(DataError, match=f"{path}, line 1: expected 3 columns, got 5"):
        load_task("stsb_de", "dev", tmp_path)
    translated(tmp_path, [*ROWS[1:], "a,b,6"], monkeypatch)
    with pytest.raises(DataError, match=f"{path}, line 3: expected a score from 0 to 5, got '6'"):
        load_task("stsb_de", "dev", tmp_path)


def test_a_translation_that_is_missing_names_the_command_that_fetches_it(tmp_path):
    with pytest.raises(DataError, match=r"STS-B de dev.*`python -m sentcse.data download tasks=stsb_de`, or set"):
        load_task("stsb_de", "dev", tmp_path)
