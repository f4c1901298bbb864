from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hydra.core.global_hydra import GlobalHydra
from sweeping import results

from sentcse.command.composed import announce_loading, run_command
from sentcse.config import check_config
from sentcse.errors import ConfigError, DataError
from sentcse.records.run_folder import RunFolder
from sentcse.sweeps.sweep_job import run_sweep_job

HEAVY = {"torch", "transformers", "pytorch_lightning", "datasets", "sklearn", "scipy", "matplotlib", "wandb"}
"""Packages whose import takes seconds: an answer that needs none of them comes at once."""
IMPORT = "import time:"
"""Begins each line of python -X importtime."""


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., int]:
    """`run_command` on a command line, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(job: Callable[[dict[str, Any]], None], *words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["sentcse-train", *words])
        GlobalHydra.instance().clear()
        return run_command(job, "train", run_sweep_job)

    return run


def command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`python -m WORDS` in a folder; the names of all that it imports are on standard error, too."""
    call = [sys.executable, "-X", "importtime", "-m", *words]
    return subprocess.run(call, cwd=folder, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["sentcse.train", "--help"], 0, "python -m sentcse.train experiment=quickstart"),
        (["sentcse.train", "experiment=quickstart", "method.temprature=1", "seed=-1"], 2, "did you mean method.temper"),
        (["sentcse.generator", "masking_ratio=2"], 2, "masking_ratio must be"),
        (["sentcse.evaluate", "encodr=x"], 2, "did you mean encoder?"),
    ],
)
def test_an_answer_waits_for_no_heavy_import_and_leaves_nothing_behind(
    tmp_path: Path, words: list[str], code: int, said: str
) -> None:
    done = command(tmp_path, *words)
    assert done.returncode == code
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith(IMPORT)}
    assert "omegaconf" in imported
    assert imported.isdisjoint(HEAVY)


def test_the_wait_for_the_imports_is_announced_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as before_the_import:
        before_the_import.delitem(sys.modules, "torch", raising=False)
        announce_loading()
    assert capsys.readouterr() == ("", "Loading torch and transformers ...\n")
    monkeypatch.setitem(sys.modules, "torch", sys)
    announce_loading()
    assert capsys.readouterr() == ("", "")


def test_a_wrong_configuration_names_all_its_faults(tmp_path: Path) -> None:
    words = ["sentcse.train", "data=text", "methd.x=1", "trainer.accelerator=cpu", "trainer.precision=fp16"]
    done = command(tmp_path, *words)
    errors = [line for line in done.stderr.splitlines() if not line.startswith(IMPORT)]
    assert done.returncode == 2
    assert done.stdout == ""
    assert [line.split(" ")[1] for line in errors] == ["methd", "data.path", "trainer.precision=fp16"]
    assert all(line.startswith("error: ") for line in errors)


def test_the_job_gets_resolved_plain_values(run: Callable[..., int]) -> None:
    seen: list[dict[str, Any]] = []
    assert run(seen.append, "seed=7", "data=text", "runs.root=here") == 0
    (values,) = seen
    assert values["data"]["low_shot"] == {"size": None, "percent": None, "seed": 7, "official": False}
    assert type(values["data"]["low_shot"]) is dict
    assert "hydra" not in values
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["experiment=simcse_bart"],
            "experiment=simcse_bart: there is no such file in configs/experiment/; did you mean ",
        ),
        (["data=xyz"], "data=xyz: there is no such file in configs/data/. (known: "),
        (
            ["generator=distilbert-base-uncased"],
            "generator=distilbert-base-uncased: there is no such file in configs/generator/; for a checkpoint of this "
            "name set generator.name_or_path=distilbert-base-uncased.",
        ),
        (["trainer=5"], "trainer=5: there is no such file in configs/trainer/; choose one of "),
        (["--multirun", "--cfg", "hydra"], "Only one of --run, --multirun, --cfg"),
        (["seed=[1"], "seed=[1 cannot be read as key=value"),
        (["data.path=a=b"], "data.path=a=b cannot be read as key=value"),
        (["data_root=${nothing.there}"], "data_root takes its value from nothing.there, which is not there: set"),
        (["data_root=${oc.env:NO_SUCH_VARIABLE_HERE}"], "data_root: "),
        (["justaword"], "justaword is not of the form key=value: write justaword=VALUE"),
        (["seed=1,2"], "seed=1,2 names several values, which only -m "),
        (["data=null"], "data=null chooses nothing: leave it out, or choose one of default, embedded, "),
        (["+encoder=bert_base"], "encoder appears more than once in the final defaults list: choose it once"),
    ],
)
def test_what_cannot_be_composed(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    assert run(lambda values: None, *words) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"error: {sentence}")
    assert "Traceback" not in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(("fault", "code"), [(DataError("no data"), 1), (ConfigError("one\ntwo"), 2)])
def test_faults_are_printed_line_by_line(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str], fault: Exception, code: int
) -> None:
    def job(values: dict[str, Any]) -> None:
        raise fault

    assert run(job) == code
    assert capsys.readouterr().err == "".join(f"error: {line}\n" for line in str(fault).splitlines())


def test_a_defect_keeps_its_traceback(run: Callable[..., int]) -> None:
    def job(values: dict[str, Any]) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(job)


def test_interrupted(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    def job(values: dict[str, Any]) -> None:
        raise KeyboardInterrupt

    assert run(job) == 130
    assert "Interrupted. The same command continues from the last checkpoint, or begins" in capsys.readouterr().err


def test_a_training_that_is_interrupted_says_what_it_keeps(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    def job(values: dict[str, Any]) -> None:
        raise KeyboardInterrupt("Nothing is kept.")

    assert run(job) == 130
    assert capsys.readouterr().err == "Interrupted. Nothing is kept.\n"


def complete(values: dict[str, Any]) -> None:
    """What a job leaves behind."""
    config = check_config(values)
    folder = RunFolder(config)
    folder.create(config)
    folder.results.write_text(json.dumps(results()))


def test_a_sweep_goes_on_after_a_failed_job(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[int] = []

    def job(values: dict[str, Any]) -> None:
        seen.append(values["seed"])
        if values["seed"] == 2:
            raise DataError("job 2 has no data")
        complete(values)

    assert run(job, "-m", "seed=1,2,3") == 1
    assert seen == [1, 2, 3]
    said = capsys.readouterr()
    assert "error: job 2 has no data" in said.err
    assert "3 jobs: 2 done, 1 failed" in said.out


@pytest.mark.parametrize("defect", [ZeroDivisionError("a defect"), SystemExit(3)])
def test_a_sweep_goes_on_after_a_defect(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str], defect: BaseException
) -> None:
    seen: list[int] = []

    def job(values: dict[str, Any]) -> None:
        seen.append(values["seed"])
        if values["seed"] == 1:
            raise defect
        complete(values)

    assert run(job, "-m", "seed=1,2") == 1
    assert seen == [1, 2]
    said = capsys.readouterr()
    if isinstance(defect, Exception):
        assert "Traceback" in said.err
        assert "ZeroDivisionError: a defect" in said.out
    else:
        assert "It ended its process with 3." in said.out


def test_a_sweep_without_faults(run: Callable[..., int]) -> None:
    seen: list[int] = []

    def job(values: dict[str, Any]) -> None:
        seen.append(values["seed"])
        complete(values)

    assert run(job, "-m", "seed=1,2") == 0
    assert seen == [1, 2]


def test_a_sweep_whose_settings_are_wrong_says_so_once_and_leaves_nothing(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(complete, "-m", "seed=1,2,3", "methd.x=1") == 2
    assert capsys.readouterr().err == "error: methd is not a known setting; did you mean method?\n"
    assert list(Path.cwd().iterdir()) == []


def test_a_closed_pipe_is_no_fault(tmp_path: Path) -> None:
    words = f"{sys.executable} -m sentcse.train --cfg job experiment=quickstart"
    done = subprocess.run(f"{words} | head -1", shell=True, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr
