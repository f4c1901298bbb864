from __future__ import annotations

from sentcse.evaluation.tasks.loading import load_sts, load_transfer
from sentcse.evaluation.tasks.selection import SelectedTask, resolve_tasks


def test_each_kind_of_task_is_loaded_by_its_own_reader(real_data, tmp_path):
    mine = tmp_path / "mine.tsv"
    mine.write_text("1\ta\tb\n2\tc\td\n")
    selected = resolve_tasks(["trec", "stsb", str(mine)], mode="test", protocol="simcse")
    assert [(task.name, task.label, task.pairs) for task in load_sts(selected, real_data)] == [
        ("stsb", "STS-B", 1379),
        ("mine", "mine", 2),
    ]
    assert [(task.name, task.label) for task in load_transfer(selected, real_data)] == [("trec", "TREC")]


def test_own_pairs_keep_the_name_and_part_that_they_are_selected_by(tmp_path):
    mine = tmp_path / "mine.tsv"
    mine.write_text("1\ta\tb\n2\tc\td\n")
    (task,) = load_sts([SelectedTask("pairs", "dev", mine)], tmp_path)
    assert (task.name, task.label, task.split, task.sources[0].source) == ("pairs", "pairs", "dev", "mine")
