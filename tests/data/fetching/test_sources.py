from __future__ import annotations

import pytest

from sentcse.config.tasks import GROUPS, TASKS, task_of
from sentcse.data.fetching.manifest import load_manifest
from sentcse.data.fetching.sources import Mirror, addresses, files_of, terms_of
from sentcse.errors import ConfigError
from sentcse.evaluation.tasks.sts import required_files, splits_of


def test_the_files_of_all_data_sets_are_the_manifest() -> None:
    assert sorted(files_of(["full", "stsb_multi_mt"])) == sorted(load_manifest())
    assert not set(files_of(["full"])) & set(files_of(["stsb_multi_mt"]))  # which nobody fetches who does not name it
    assert set(files_of(["sts"])) | set(files_of(["transfer"])) == set(files_of(["full"]))
    assert not set(files_of(["sts"])) & set(files_of(["transfer"]))


def test_every_file_that_an_sts_task_reads_is_listed_with_it() -> None:
    for name, label in ((task.name, task.label) for task in TASKS.values() if task.suite == "sts"):
        files = {file for split in splits_of(name) for file in required_files(name, split)}
        assert files == set(files_of(["sickr" if name == "sickr_full" else name]))
        assert {task_of(file).label for file in files} == {label}


def test_a_data_set_has_terms_told_once() -> None:
    assert len(terms_of(files_of(["full"]))) == len(GROUPS["full"])
    assert terms_of(files_of(["sickr"])) == ["SICK-R: Marelli et al. 2014, CC BY-NC-SA 3.0; zenodo.org/records/2787612"]


def test_addresses() -> None:
    mirrors = [Mirror("http://a", ("MRPC/",), flat=True), Mirror("http://b/data", ("MR/", "SICK/SICK_train"))]
    assert addresses("MRPC/msr_paraphrase_test.txt", mirrors) == ("http://a/msr_paraphrase_test.txt",)
    assert addresses("SICK/SICK_train.txt", mirrors) == ("http://b/data/SICK/SICK_train.txt",)
    assert addresses("SICK/SICK_trial.txt", mirrors) == ()
    assert addresses("STS/stsb-multi-mt/stsb-de-dev.csv") == (
        "https://raw.githubusercontent.com/PhilipMay/stsb-multi-mt/30de0dec4ee199b7f42351d3f1a0b19592955385/data/"
        "stsb-de-dev.csv",
    )
    assert addresses("SST/binary/sentiment-dev") == (
        "https://raw.githubusercontent.com/PrincetonML/SIF/master/data/sentiment-dev",
    )


def test_an_unknown_task_and_an_unknown_file_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"no task 'sts17'; there are sts, transfer, full, stsb_multi_mt, sts12"):
        files_of(["stsb", "sts17"])
    with pytest.raises(ValueError, match="path must lie in the folder of a task, got 'X/y'"):
        task_of("X/y")
