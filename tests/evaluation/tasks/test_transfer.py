from __future__ import annotations

import shutil

import numpy as np
import pytest

from sentcse.config.tasks import TASKS, TRANSFER_TASKS
from sentcse.errors import DataError
from sentcse.evaluation.tasks.transfer import load_transfer_task, sorted_by_length, transfer_files
from sentcse.evaluation.tasks.transfer_files import Examples

# as SentEval's README gives them
ROWS = {
    "mr": {"all": 10662},
    "cr": {"all": 3775},
    "subj": {"all": 10000},
    "mpqa": {"all": 10606},
    "sst2": {"train": 67349, "dev": 872, "test": 1821},
    "trec": {"train": 5452, "test": 500},
    "mrpc": {"train": 4076, "test": 1725},
}
DIVISIONS = dict.fromkeys(("mr", "cr", "subj", "mpqa"), "nested") | {"sst2": "split", "trec": "folds", "mrpc": "folds"}


@pytest.mark.parametrize("name", TRANSFER_TASKS)
def test_real_tasks_have_their_published_sizes(real_data, name):
    task = load_transfer_task(name, real_data)
    assert {part: len(examples) for part, examples in task.parts.items()} == ROWS[name]
    assert (task.label, task.division) == (TASKS[name].label, DIVISIONS[name])
    for examples in task.parts.values():
        assert set(examples.labels.tolist()) == set(range(task.classes))
        lengths = [len(sentence.split()) for sentence in examples.columns[0]]
        assert lengths == sorted(lengths)


def test_rows_stand_as_senteval_sorts_them(real_data):
    """SentEval's binary.py: loadFile, then sorted by length and class."""

    def load(file):
        with (real_data / "senteval" / file).open(encoding="latin-1") as lines:
            return [line.split() for line in lines.read().splitlines()]

    positive, negative = load("CR/custrev.pos"), load("CR/custrev.neg")
    samples, labels = positive + negative, [1] * len(positive) + [0] * len(negative)
    ordered = sorted(zip(samples, labels, strict=True), key=lambda z: (len(z[0]), z[1]))
    examples = load_transfer_task("cr", real_data).parts["all"]
    assert list(examples.columns[0]) == [" ".join(words) for words, _ in ordered]
    assert examples.labels.tolist() == [label for _, label in ordered]


def test_pairs_are_sorted_by_both_lengths_then_class_then_place():
    examples = Examples(
        (("b b", "a", "c", "d", "e"), ("x", "y y", "z", "w", "v")), np.array([0, 0, 1, 0, 0], dtype=np.int64)
    )
    found = sorted_by_length(examples)
    assert found.columns == (("d", "e", "c", "a", "b b"), ("w", "v", "z", "y y", "x"))
    assert found.labels.tolist() == [0, 0, 1, 0, 0]


@pytest.mark.parametrize("name", TRANSFER_TASKS)
def test_every_file_cut_short_is_refused_by_name(real_data, tmp_path, name):
    files = transfer_files(name)
    for file in files:
        (tmp_path / "senteval" / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(real_data / "senteval" / file, tmp_path / "senteval" / file)
    for file in files:
        path = tmp_path / "senteval" / file
        whole = path.read_bytes()
        path.chmod(0o644)
        # half of it, as an interrupted download leaves it: 5,020 rows of SUBJ once scored 99.6
        path.write_bytes(b"".join(whole.splitlines(keepends=True)[: whole.count(b"\n") // 2]))
        for level in ("exact", "none"):
            with pytest.raises(DataError, match=path.name):
                load_transfer_task(name, tmp_path, level=level)
        path.write_bytes(whole)
    assert sum(len(part) for part in load_transfer_task(name, tmp_path).parts.values()) == sum(ROWS[name].values())


@pytest.mark.parametrize("name", TRANSFER_TASKS)
def test_a_missing_file_is_named_with_the_remedy(tmp_path, name):
    with pytest.raises(DataError, match=rf"senteval/.*is missing .*{TASKS[name].label}.*SENTCSE_DATA"):
        load_transfer_task(name, tmp_path)


def test_unknown_tasks_are_refused():
    with pytest.raises(DataError, match="no transfer task 'sst5'"):
        transfer_files("sst5")
