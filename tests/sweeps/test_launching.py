from __future__ import annotations

import pytest
from composing import checked

from sentcse.errors import ConfigError
from sentcse.records.run_folder import RunFolder
from sentcse.records.sweep_record import Job
from sentcse.sweeps.launching import Launching, kind_of, launching, refuse_ddp

JOBLIB = "hydra_plugins.hydra_joblib_launcher.joblib_launcher.JoblibLauncher"
LOCAL = "hydra_plugins.hydra_submitit_launcher.submitit_launcher.LocalLauncher"
SLURM = "hydra_plugins.hydra_submitit_launcher.submitit_launcher.SlurmLauncher"


def job(*overrides: str) -> Job:
    config = checked("experiment=simcse_bert", *overrides)
    return Job(1, overrides, {}, config, RunFolder(config), None)


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        ("hydra._internal.core_plugins.basic_launcher.BasicLauncher", "basic"),
        (JOBLIB, "joblib"),
        (LOCAL, "submitit_local"),
        (SLURM, "submitit_slurm"),
        ("hydra_plugins.somebody.Launcher", "other"),
    ],
)
def test_launchers_by_name(target: str, kind: str) -> None:
    assert kind_of(target) == kind


def test_threads_are_shared_out(monkeypatch: pytest.MonkeyPatch) -> None:
    joblib = pytest.importorskip("joblib")
    monkeypatch.setattr(joblib, "cpu_count", lambda: 16)
    four = launching({"_target_": JOBLIB, "n_jobs": 4}, jobs=60, max_batch_size=None)
    assert four == Launching("joblib", 4, 16)
    assert four.overrides(job().config) == ["++trainer.threads=4", "++trainer.progress=false"]
    assert four.overrides(job("trainer.threads=2", "trainer.progress=false").config) == []
    three = launching({"_target_": JOBLIB, "n_jobs": 4}, jobs=3, max_batch_size=None)
    assert three.overrides(job("trainer.progress=false").config) == ["++trainer.threads=5"]
    assert launching({"_target_": JOBLIB, "n_jobs": 4}, jobs=60, max_batch_size=2).width == 2
    assert launching({"_target_": LOCAL}, jobs=60, max_batch_size=None).width == 16


def test_one_after_the_other_shares_nothing() -> None:
    assert Launching("basic", 1, 1).overrides(job().config) == []
    assert Launching("submitit_slurm", 1, 1).overrides(job().config) == ["++trainer.progress=false"]


@pytest.mark.parametrize(
    "several", ["trainer.devices=2", "trainer.devices=[0,1]", "trainer.devices=auto", "trainer.num_nodes=2"]
)
def test_several_processes_a_run_are_refused_but_on_slurm(several: str) -> None:
    for kind in ("basic", "joblib", "submitit_local"):
        with pytest.raises(ConfigError, match=r"use hydra/launcher=submitit_slurm, by which submitit starts"):
            refuse_ddp([job(), job(several)], kind)  # type: ignore[arg-type]
    refuse_ddp([job(several)], "submitit_slurm")


@pytest.mark.parametrize("one", ["trainer.devices=1", "trainer.devices=[3]"])
def test_one_process_a_run_is_not(one: str) -> None:
    alone = [job(one), job("trainer.devices=auto", "trainer.accelerator=cpu")]
    refuse_ddp(alone, "basic")
    with pytest.raises(ConfigError, match="submitit_slurm"):
        refuse_ddp([*alone, job("trainer.devices=2")], "basic")  # type: ignore[arg-type]
