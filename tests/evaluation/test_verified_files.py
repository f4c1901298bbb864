"""Files that are not the published ones stop an evaluation, or are recorded where they may be scored."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import pytest

from sentcse.config.commands import EvaluationSettings
from sentcse.errors import DataError
from sentcse.evaluation.scores.scoring import load_tasks
from sentcse.evaluation.tasks.sts import load_task

DEV = "STS/STSBenchmark/sts-dev.csv"


@pytest.fixture
def copied(real_data: Path, tmp_path: Path) -> Path:
    """STS-B dev and SICK dev as copies that may be damaged."""
    for file in (DEV, "SICK/SICK_trial.txt"):
        (tmp_path / "senteval" / file).parent.mkdir(parents=True)
        shutil.copyfile(real_data / "senteval" / file, tmp_path / "senteval" / file)
    return tmp_path


def load(root: Path, **options):
    return load_tasks(
        EvaluationSettings(encoder="any", tasks=["stsb", "sickr"], mode="dev", data_root=str(root), **options)
    )


def test_whole_files_are_recorded_as_such(copied):
    assert load(copied).data == {"verify": "exact", "differ": {}}


def test_every_damaged_file_is_named_at_once(copied):
    for path in copied.rglob("*.*"):
        content = path.read_bytes()
        # a letter in the last sentence: every row can still be read
        path.write_bytes(content[:-10] + bytes([content[-10] ^ 2]) + content[-9:])
    with pytest.raises(DataError, match=r"sts-dev\.csv has 1500 rows as published, but other content") as caught:
        load(copied)
    assert [name in str(caught.value) for name in (DEV, "SICK_trial.txt")] == [True, True]
    with pytest.raises(DataError, match=r"sts-dev\.csv"):
        load_task("stsb", "dev", copied)
    assert load_task("stsb", "dev", copied, level="none").pairs == 1500


def test_another_tokenisation_is_scored_only_where_it_is_asked_for(copied, caplog):
    path = copied / "senteval" / DEV
    path.write_bytes(path.read_bytes().replace(b" .\n", b".\n"))
    with pytest.raises(DataError, match="verify=text"):
        load(copied)
    with caplog.at_level(logging.WARNING, logger="sentcse"):
        loaded = load(copied, verify="text")
    assert loaded.data == {"verify": "text", "differ": {DEV: "text"}}
    assert f"1 evaluation files are not the published ones: {DEV} (text)" in caplog.text
    assert [task.pairs for task in loaded.sts] == [1500, 500]


def test_the_wrong_number_of_rows_is_never_scored_and_not_warned_of_first(copied, caplog):
    path = copied / "senteval" / DEV
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    with pytest.raises(DataError, match=r"sts-dev\.csv: expected 1500 rows, got 1499"):
        load(copied, verify="none")
    assert caplog.text == ""
