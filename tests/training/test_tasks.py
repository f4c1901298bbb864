"""Which tasks a configuration names, and that they are loaded as it names them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sentcse.config import TrainConfig
from sentcse.errors import DataError
from sentcse.evaluation.tasks.selection import SelectedTask
from sentcse.training.tasks import configured_tasks, selected_tasks

Configure = Callable[..., TrainConfig]


def test_published_tasks_and_own_pairs_by_part(configure: Configure, inputs: Path) -> None:
    config = configure("evaluation.dev=[stsb,pairs]", "evaluation.test=[sts12,sickr]", "evaluation.select=pairs")
    assert selected_tasks(config, "dev") == [
        SelectedTask("stsb", "dev"),
        SelectedTask("pairs", "dev", inputs / "pairs.tsv"),
    ]
    assert selected_tasks(config, "test") == [SelectedTask("sts12", "test"), SelectedTask("sickr", "test")]


def test_each_part_has_pairs_of_its_own_and_a_root_to_look_in(
    configure: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    config = configure("evaluation.pairs_dev=mine.tsv", "evaluation.pairs_test=other.tsv", f"data_root={tmp_path}")
    found = [selected_tasks(config, part)[0].pairs for part in ("dev", "test")]
    assert found == [tmp_path / "mine.tsv", tmp_path / "other.tsv"]
    Path("mine.tsv").touch()
    assert selected_tasks(config, "dev")[0].pairs == Path("mine.tsv")  # what lies here comes first


def test_own_pairs_are_loaded_line_by_line(configure: Configure, inputs: Path) -> None:
    (task,) = configured_tasks(configure(), "dev")
    rows = [line.split("\t") for line in (inputs / "pairs.tsv").read_text().splitlines()]
    (source,) = task.sources
    assert (task.name, task.split) == ("pairs", "dev")
    assert list(source.gold) == [float(score) for score, *_ in rows]
    assert [list(pair) for pair in zip(source.sentences1, source.sentences2, strict=True)] == [row[1:] for row in rows]


def test_a_file_that_is_not_there(configure: Configure) -> None:
    with pytest.raises(DataError, match=r"/no/such\.tsv does not exist"):
        configured_tasks(configure("evaluation.pairs_test=/no/such.tsv"), "test")


def test_real_tasks_have_the_published_numbers_of_pairs(configure: Configure, real_data: Path) -> None:
    config = configure("evaluation.dev=[stsb]", "evaluation.select=stsb", "evaluation.test=[stsb,sickr]")
    config = config.model_copy(update={"data_root": str(real_data)})
    assert [(task.name, task.pairs) for task in configured_tasks(config, "dev")] == [("stsb", 1500)]
    assert [(task.name, task.pairs) for task in configured_tasks(config, "test")] == [("stsb", 1379), ("sickr", 4927)]
