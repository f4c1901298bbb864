"""What is said before a reproduction begins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sweeping import complete
from tiny import tiny_checkpoint

from sentcse.config import TrainConfig
from sentcse.config.commands import ReproduceConfig
from sentcse.records.run_folder import RunFolder
from sentcse.sweeps.reproduction_cost import missing, pending, room, time_needed, what_is_there
from sentcse.sweeps.reproduction_plan import Planned, plan_reproduction
from sentcse.training import pace
from sentcse.training.pace import Pace

PACE = Pace(timed_steps=5, seconds_a_step=0.5, steps=7200, seconds_an_evaluation=8.0, evaluations=58, test_share=2.0)


def planned(
    tmp_path: Path, *words: str, recipe: str = "simcse_bert", seeds: int = 2, transfer: bool = False
) -> Planned:
    places = [f"runs.root={tmp_path}/runs", f"data_root={tmp_path}/data", *words]
    config = ReproduceConfig(recipes=[recipe], seeds=seeds, overrides=places, transfer=transfer)
    return plan_reproduction(config)[0]


def here(tmp_path: Path) -> list[str]:
    """Settings by which model and corpus are on this machine."""
    tiny_checkpoint(tmp_path / "tiny")
    (tmp_path / "few.txt").write_text("a\nb\n")
    return [f"encoder.name_or_path={tmp_path}/tiny", f"data.path={tmp_path}/few.txt"]


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    files = "51 evaluation files"
    models = ["the model bert-base-uncased", "the model distilbert-base-uncased"]
    found = missing(planned(tmp_path, recipe="diffcse_bert", seeds=1))
    assert found[:3] == [*models, "the corpus wiki1m_for_simcse.txt"]
    assert found[3].endswith(files[2:])
    assert len(missing(planned(tmp_path, *here(tmp_path), seeds=1))) == 1


def test_what_is_done_is_counted(tmp_path: Path) -> None:
    each = planned(tmp_path, *here(tmp_path))
    complete(each.configs[0].model_dump(by_alias=True))
    assert pending(each) == [each.configs[1]]
    (said,) = what_is_there([each])
    assert said.startswith("simcse_bert: 2 runs, 1 done; to be fetched: ")


def test_the_disk_of_runs_that_are_not_begun(tmp_path: Path) -> None:
    each = planned(tmp_path, *here(tmp_path))
    (said,) = room([each])
    assert "for 2 new runs" in said
    complete(each.configs[0].model_dump(by_alias=True))
    (said,) = room([each])
    assert "for 1 new run " in said


def test_the_time_of_what_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run: 7200 steps of half a second, 60 evaluations of 8 s: 4080 s."""
    timed: list[Any] = []

    def time_steps(config: TrainConfig, steps: int) -> Pace:
        timed.append((RunFolder(config).path.name, steps))
        return PACE

    monkeypatch.setattr(pace, "time_steps", time_steps)
    each = planned(tmp_path, *here(tmp_path), seeds=3)
    complete(each.configs[0].model_dump(by_alias=True))
    (said,) = time_needed([each], 5, fetch=True)
    assert said.startswith("Time: simcse_bert about 2.3 h for 2 runs: 7,200 steps of 0.5 s (5 steps timed here)")
    assert timed == [(RunFolder(each.configs[1]).path.name, 5)]
    *_, total = time_needed([each, each], 5, fetch=True)
    assert total == "Time: about 4.5 h for all, one run after another."


def test_what_the_time_leaves_out_is_said(tmp_path: Path) -> None:
    *_, last = time_needed([planned(tmp_path, transfer=True)], 5, fetch=False)
    assert last == "Time: the classifiers of the transfer tasks come on top; they were not timed."


def test_what_is_not_here_is_not_timed_in_a_dry_run(tmp_path: Path) -> None:
    (said,) = time_needed([planned(tmp_path)], 5, fetch=False)
    assert said.startswith("Time: simcse_bert is timed when that is there")
    each = planned(tmp_path, seeds=1)
    complete(each.configs[0].model_dump(by_alias=True))
    assert list(time_needed([each], 5, fetch=False)) == []
