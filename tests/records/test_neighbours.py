from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from composing import checked
from sweeping import made, results

from sentcse.config import TrainConfig
from sentcse.records.neighbours import nearest_run, note
from sentcse.records.run_folder import RunFolder


@pytest.fixture
def new(tmp_path: Path) -> Callable[..., TrainConfig]:
    """The configuration of a run that has no folder yet, as `made` makes folders."""
    return lambda *more: checked("experiment=micse_bert", f"runs.root={tmp_path}", *more)


def test_more_steps_and_another_batch_size_name_the_run_that_was_there(
    tmp_path: Path, new: Callable[..., TrainConfig]
) -> None:
    before = made(tmp_path, "trainer.max_steps=100")
    found = nearest_run(new("trainer.max_steps=200"))
    assert found is not None
    assert found.differing == {"trainer.max_steps": (100, 200)}
    assert note(found) == (
        f"This is a new run: {before.path}, which is not complete, differs from it in trainer.max_steps (100, here "
        "200) and stays as it is; its own settings would continue it."
    )
    found = nearest_run(new("data.batch_size=32", "trainer.gradient_clip_val=null", "trainer.max_steps=100"))
    assert found is not None
    assert found.differing == {"data.batch_size": (64, 32), "trainer.gradient_clip_val": (1.0, None)}
    # how many epochs differs, too, but for the run of 100 steps it has no effect
    found = nearest_run(new())
    assert found is not None
    assert found.differing == {"trainer.max_steps": (100, None)}


def test_a_complete_one_is_said_to_be_complete(tmp_path: Path, new: Callable[..., TrainConfig]) -> None:
    made(tmp_path, results=results())
    found = nearest_run(new("encoder.pooler=avg", "method.head=none"))
    assert found is not None
    assert "which is complete, differs from it in " in note(found)
    assert note(found).endswith("encoder.pooler (cls, here avg) and stays as it is.")


@pytest.mark.parametrize(
    "more",
    [
        [],  # the same run
        ["name=other", "trainer.max_steps=200"],
        ["seed=7", "trainer.max_steps=200"],
        ["data.low_shot.seed=7", "data.low_shot.size=100"],
        ["runs.root=elsewhere", "trainer.max_steps=200"],
        ["trainer.max_steps=200", "data.batch_size=32", "data.max_length=64", "optimizer.eps=1e-7"],
        ["data.num_workers=2", "trainer.threads=1", "runs.keep=best"],  # the same run
    ],
)
def test_none_is_near(tmp_path: Path, new: Callable[..., TrainConfig], more: list[str]) -> None:
    made(tmp_path)
    assert nearest_run(new(*more)) is None


def test_the_nearest_is_named_and_of_several_the_newest(tmp_path: Path, new: Callable[..., TrainConfig]) -> None:
    paths = [made(tmp_path, *more).path for more in (["trainer.max_steps=100"], ["data.max_length=64"])]
    made(tmp_path, "trainer.max_steps=100", "data.max_length=64")
    for path, time in zip(paths, (2, 1), strict=True):
        os.utime(path / "config.yaml", (time, time))
    found = nearest_run(new())
    assert found is not None
    assert found.run.path == paths[0]
    os.utime(paths[1] / "config.yaml", (3, 3))
    found = nearest_run(new())
    assert found is not None
    assert found.run.path == paths[1]


def test_what_cannot_be_read_is_nobodys_neighbour(tmp_path: Path, new: Callable[..., TrainConfig]) -> None:
    config = new("trainer.max_steps=200")
    damaged, newer = made(tmp_path, "trainer.max_steps=100"), made(tmp_path)
    (damaged.path / "config.yaml").write_text("name: [")
    text = (newer.path / "config.yaml").read_text()
    (newer.path / "config.yaml").write_text(f"{text}of_a_later_version: 1\n")
    assert nearest_run(config) is None
    (newer.path / "config.yaml").write_text(text)
    found = nearest_run(config)
    assert found is not None
    assert found.run.path == newer.path
    assert not RunFolder(config).path.exists()
