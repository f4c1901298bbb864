from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from sentcse.config import TrainConfig
from sentcse.records.run_folder import RunFolder, fingerprint
from sentcse.training.wandb import state as wandb_state
from sentcse.training.wandb.state import handed_over, note_handed_over, owes_wandb

Configure = Callable[..., TrainConfig]


def run_id(
    config: TrainConfig, folder: RunFolder, environment: dict[str, str], *, sweep: str | None, offline: bool = True
) -> str:
    return wandb_state.run_id(config, folder, environment, sweep=sweep, offline=offline)


@pytest.fixture
def folder(configure: Configure) -> RunFolder:
    folder = RunFolder(configure())
    folder.create(configure())
    return folder


def test_one_id_for_a_run_and_its_continuations(configure: Configure, folder: RunFolder) -> None:
    first = run_id(configure(), folder, {}, sweep=None)
    assert re.fullmatch(f"{fingerprint(configure())}-[0-9a-f]{{8}}", first)
    assert run_id(configure(), RunFolder(configure()), {"WANDB_RUN_ID": "later"}, sweep="s") == first


def test_a_run_that_is_made_again_is_another_one(configure: Configure, folder: RunFolder) -> None:
    first = run_id(configure(), folder, {}, sweep=None)
    note_handed_over(folder)
    folder.clear()
    folder.create(configure())
    assert not handed_over(folder)
    assert run_id(configure(), folder, {}, sweep=None) != first


def test_the_environment_may_name_a_run_but_not_all_jobs_of_a_sweep(configure: Configure, folder: RunFolder) -> None:
    assert run_id(configure(), folder, {"WANDB_RUN_ID": "mine"}, sweep=None) == "mine"
    folder.wandb.unlink()
    assert run_id(configure(), folder, {"WANDB_RUN_ID": "mine"}, sweep="s") != "mine"


def test_results_are_handed_over_once(configure: Configure, folder: RunFolder) -> None:
    first = run_id(configure(), folder, {}, sweep=None)
    assert not handed_over(folder)
    note_handed_over(folder)
    assert handed_over(folder)
    assert run_id(configure(), folder, {}, sweep=None) == first


def test_a_run_owes_what_wandb_has_not(configure: Configure, folder: RunFolder) -> None:
    assert not owes_wandb(configure(), folder)
    assert owes_wandb(configure("logger=wandb"), folder)
    note_handed_over(folder)
    assert not owes_wandb(configure("logger=wandb"), folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}"])
def test_a_damaged_file_is_made_anew(configure: Configure, folder: RunFolder, text: str) -> None:
    folder.wandb.write_text(text)
    assert not handed_over(folder)
    made = run_id(configure(), folder, {}, sweep=None)
    assert run_id(configure(), folder, {}, sweep=None) == made


@pytest.mark.parametrize(
    ("part", "marker", "uploaded"),
    [
        ("offline-run-1-{}", "run-{}.wandb", False),
        ("offline-run-1-{}", "run-{}.wandb.synced", True),
        ("offline-run-1-{}", "run-{}.wandb.syncstate", True),
        ("run-1-{}", "run-{}.wandb", True),
        ("run-1-other", "run-other.wandb", False),
    ],
)
@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_run_that_a_server_has_seen_is_continued_offline_as_another_one(
    configure: Configure, folder: RunFolder, tmp_path: Path, part: str, marker: str, uploaded: bool, elsewhere: bool
) -> None:
    environment = {"WANDB_DIR": str(tmp_path / "elsewhere")} if elsewhere else {}
    first = run_id(configure(), folder, environment, sweep=None)
    place = (tmp_path / "elsewhere" if elsewhere else folder.path) / "wandb" / part.format(first)
    place.mkdir(parents=True)
    (place / marker.format(first)).touch()
    assert run_id(configure(), folder, environment, sweep=None, offline=False) == first
    second = run_id(configure(), folder, environment, sweep=None)
    assert (second != first) is uploaded
    assert run_id(configure(), folder, environment, sweep=None) == second
