from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from sentcse.config import TrainConfig
from sentcse.records.run_folder import RunFolder
from sentcse.records.run_lock import is_locked
from sentcse.training.wandb import results as wandb_results
from sentcse.training.whole_run import carry_out

Configure = Callable[..., TrainConfig]


def test_a_run_that_another_process_ends_while_this_one_loads_is_handed_over(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Handing over takes the folder's lock, and a process that holds it already shuts itself out."""
    config = configure("logger=wandb")
    folder = RunFolder(config)
    reported: list[Any] = []

    def loads_too_long(_: RunFolder) -> None:
        folder.create(configure())
        folder.results.write_text(json.dumps({"best": {"step": 7}}))

    def never(*_: Any) -> dict[str, Any]:
        raise AssertionError("a complete run was trained again")

    def hand_over(*_: Any) -> None:
        reported.append(("handed over, locked", is_locked(folder.path)))

    monkeypatch.setattr(wandb_results, "start_wandb", hand_over)
    results = carry_out(
        config,
        prepare=loads_too_long,
        fit=never,
        conclude=never,
        report=lambda found, _: reported.append(found),
    )
    assert results == {"best": {"step": 7}}
    assert reported == [("handed over, locked", True), results]
    assert not is_locked(folder.path)
