from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from sweeping import results as done

from sentcse.config import TrainConfig
from sentcse.records.contents import Results
from sentcse.records.run_folder import RunFolder
from sentcse.records.run_lock import is_locked
from sentcse.training.frame import Run
from sentcse.training.wandb import results as wandb_results

Configure = Callable[..., TrainConfig]


def test_a_run_that_another_process_ends_while_this_one_loads_is_handed_over(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Handing over takes the folder's lock, and a process that holds it already shuts itself out."""
    config = configure("logger=wandb")
    folder = RunFolder(config)
    reported: list[Any] = []

    class Late(Run[TrainConfig]):
        def prepare(self) -> None:
            self.folder.create(configure())
            self.folder.results.write_text(json.dumps(done()))

        def fit(self) -> None:
            raise AssertionError("a complete run was trained again")

        def conclude(self) -> Results:
            raise AssertionError("a complete run was scored again")

        def report(self, results: Results) -> None:
            reported.append(results)

    def hand_over(*_: Any) -> None:
        reported.append(("handed over, locked", is_locked(folder.path)))

    monkeypatch.setattr(wandb_results, "start_wandb", hand_over)
    results = Late(config).carry_out()
    assert results == done()
    assert reported == [("handed over, locked", True), results]
    assert not is_locked(folder.path)
