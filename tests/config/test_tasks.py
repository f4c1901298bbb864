from __future__ import annotations

import subprocess
import sys
from typing import get_args

from sentcse.config.evaluation import DevTaskName, TaskName
from sentcse.config.tasks import GROUPS, STS_TASKS, SUITE_COLUMNS, TASKS, download_command, label_of, task_of
from sentcse.data.fetching.manifest import load_manifest


def test_the_schema_takes_the_sts_tasks_and_own_pairs() -> None:
    assert set(get_args(TaskName)) == {*STS_TASKS, *GROUPS["stsb_multi_mt"], "pairs"}
    with_dev = {name for name in STS_TASKS if "dev" in TASKS[name].parts}
    assert set(get_args(DevTaskName)) == {*with_dev, *GROUPS["stsb_multi_mt"], "pairs"}


def test_groups_and_columns_are_of_seven_tasks_a_suite() -> None:
    assert [len(GROUPS[group]) for group in ("sts", "transfer", "full")] == [7, 7, 14]
    assert SUITE_COLUMNS["sts"] == ("STS12", "STS13", "STS14", "STS15", "STS16", "STS-B", "SICK-R")
    assert SUITE_COLUMNS["transfer"] == ("MR", "CR", "SUBJ", "MPQA", "SST2", "TREC", "MRPC")
    assert [label_of(name) for name in ("stsb", "sickr_full", "mine")] == ["STS-B", "SICK-R", "mine"]


def test_every_published_file_lies_in_the_folder_of_one_task_of_the_groups() -> None:
    folders = [TASKS[name].folder for group in ("full", "stsb_multi_mt") for name in GROUPS[group]]
    assert all(sum(path.startswith(folder) for folder in folders) == 1 for path in load_manifest())


def test_the_command_that_fetches_a_file() -> None:
    assert task_of("SICK/SICK_trial.txt").name == "sickr"
    german, chinese = (f"STS/stsb-multi-mt/stsb-{code}-dev.csv" for code in ("de", "zh"))
    everything = [f"{TASKS[name].folder}dev.csv" for name in GROUPS["stsb_multi_mt"]]
    command = "python -m sentcse.data download"
    assert download_command(["SICK/SICK_trial.txt"]) == command
    assert download_command(["SICK/SICK_trial.txt", chinese]) == f"{command} tasks=stsb_zh"
    assert download_command([chinese, german]) == f"{command} 'tasks=[stsb_de,stsb_zh]'"
    assert download_command(everything) == f"{command} tasks=stsb_multi_mt"


def test_the_list_imports_nothing_heavy() -> None:
    code = "import sys, sentcse.config.tasks; print({'torch', 'numpy', 'transformers'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "set()\n"
