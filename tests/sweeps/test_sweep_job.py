from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from composing import compose

from sentcse.sweeps import sweep_job
from sentcse.sweeps.slots import VISIBLE
from sentcse.sweeps.sweep_job import own_gpu, see_gpus_of_parent, tell_gpus_to_jobs


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine with two GPUs."""
    monkeypatch.setattr(sweep_job, "gpu_count", lambda: 2)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr("sentcse.sweeps.slots.slot_folder", lambda: tmp_path)


def values(*overrides: str) -> dict[str, Any]:
    return compose("experiment=simcse_bert", *overrides)


@pytest.mark.usefixtures("gpus")
def test_each_job_has_a_gpu_of_its_own() -> None:
    given = values()
    with own_gpu(given, "joblib") as first, own_gpu(given, "joblib") as second:
        assert first["trainer"]["devices"] == [0]
        assert second["trainer"]["devices"] == [1]
    with own_gpu(given, "basic") as again:
        assert again["trainer"]["devices"] == [0]
    assert given["trainer"]["devices"] == 1
    assert {**first, "trainer": given["trainer"]} == given


@pytest.mark.usefixtures("gpus")
def test_a_gpu_may_be_shared() -> None:
    given = values("runs.jobs_per_gpu=2")
    with own_gpu(given, "joblib") as a, own_gpu(given, "joblib") as b, own_gpu(given, "joblib") as c:
        assert [each["trainer"]["devices"] for each in (a, b, c)] == [[0], [1], [0]]


@pytest.mark.usefixtures("gpus")
@pytest.mark.parametrize("overrides", [["trainer.accelerator=cpu"], ["trainer.devices=[1]"]])
def test_who_names_a_device_gets_it(overrides: list[str]) -> None:
    with own_gpu(values(*overrides), "joblib") as placed:
        assert placed == values(*overrides)


@pytest.mark.usefixtures("gpus")
def test_slurm_deals_out_gpus_itself() -> None:
    with own_gpu(values(), "submitit_slurm") as placed:
        assert placed == values()


@pytest.mark.usefixtures("gpus")
def test_one_gpu_is_held_and_leaves_the_configuration_as_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sweep_job, "gpu_count", lambda: 1)
    with own_gpu(values(), "joblib") as placed:
        assert placed == values()
        assert [path.name for path in tmp_path.iterdir()] == ["0.0.lock"]


@pytest.mark.parametrize("seen", ["1,2", None, ""])
def test_a_job_of_submitit_local_sees_the_gpus_of_the_sweep(monkeypatch: pytest.MonkeyPatch, seen: str | None) -> None:
    monkeypatch.setenv(sweep_job.GPUS_OF_SWEEP, "")
    if seen is None:
        monkeypatch.delenv(VISIBLE, raising=False)
    else:
        monkeypatch.setenv(VISIBLE, seen)
    tell_gpus_to_jobs()
    monkeypatch.setenv(VISIBLE, "0")  # submitit's local executor, in the process of the job
    see_gpus_of_parent()
    assert os.environ.get(VISIBLE) == seen
