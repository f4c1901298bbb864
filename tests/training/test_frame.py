from __future__ import annotations

import errno
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from run_outcomes import metrics, outcome
from stopping import Stop
from sweeping import results as done

from sentcse.config import TrainConfig
from sentcse.encoder import SentenceEncoder
from sentcse.errors import SentcseError
from sentcse.records.contents import Results
from sentcse.records.run_folder import RunFolder
from sentcse.records.run_lock import is_locked
from sentcse.records.run_record import read_run
from sentcse.training import frame
from sentcse.training.frame import Run
from sentcse.training.run import EncoderRun, train
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


@pytest.mark.parametrize(
    ("keep", "kept"), [("all", ["best.ckpt", "last.ckpt"]), ("best", ["best.ckpt"]), ("export", [])]
)
def test_what_a_complete_run_keeps(configure: Configure, keep: str, kept: list[str]) -> None:
    first = train(configure(f"runs.keep={keep}"))
    folder = RunFolder(configure())
    assert sorted(path.name for path in folder.checkpoints.iterdir()) == kept
    assert SentenceEncoder.from_pretrained(folder.encoder).encode(["a dog"]).shape == (1, 16)
    assert train(configure()) == first  # nothing of it is needed to know that the run is complete
    train(configure("runs.keep=export"))  # given later, it frees what earlier runs hold
    assert not list(folder.checkpoints.iterdir())


def test_an_interrupted_run_keeps_what_it_continues_from(configure: Configure, stopped: Stop) -> None:
    config, alone = configure("runs.keep=export"), configure(runs="alone")
    stopped(config, 5, RuntimeError("power cut"))
    assert RunFolder(config).last.is_file()
    train(config)
    train(alone)
    assert outcome(RunFolder(config).path) == outcome(RunFolder(alone).path)


def test_what_is_there_is_deleted_only_for_what_can_be_trained(configure: Configure) -> None:
    train(configure())
    folder = RunFolder(configure())
    before = folder.results.read_bytes()
    with pytest.raises(SentcseError):
        train(configure("overwrite=true", "data.cache_dir=/dev/null/cache"))
    assert folder.results.read_bytes() == before
    assert train(configure("overwrite=true"))["best"] == json.loads(before)["best"]


def test_a_run_that_another_process_completes_meanwhile_is_left_alone(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = configure("runs.keep=export")
    prepare = EncoderRun.prepare

    def slow(run: EncoderRun) -> None:
        prepare(run)
        with monkeypatch.context() as other:
            other.setattr(EncoderRun, "prepare", prepare)
            train(config)

    monkeypatch.setattr(EncoderRun, "prepare", slow)
    written = train(config)
    folder = RunFolder(config)
    assert written == folder.finished()
    assert len(metrics(folder.path)) > 5
    assert not list(folder.checkpoints.iterdir())


def test_a_complete_run_says_so_and_does_nothing(
    configure: Configure, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = train(configure())
    folder = RunFolder(configure())
    before = {path: path.stat().st_mtime_ns for path in folder.path.rglob("*")}
    with monkeypatch.context() as patch, caplog.at_level("INFO", logger="sentcse"):
        patch.setattr(EncoderRun, "prepare", None)  # nothing is loaded
        assert train(configure()) == first
    assert "This run is complete" in caplog.text
    assert {path: path.stat().st_mtime_ns for path in folder.path.rglob("*")} == before
    again = train(configure("overwrite=true"))
    assert folder.results.stat().st_mtime_ns > before[folder.results]
    assert again["best"] == first["best"]


def test_a_run_that_cannot_start_leaves_no_folder(configure: Configure, tmp_path: Path) -> None:
    config = configure("data.path=/no/such/file.txt")
    with pytest.raises(SentcseError, match="does not exist"):
        train(config)
    assert not (tmp_path / "runs").exists()


def test_a_run_that_fails_says_why_until_it_is_taken_up_again(configure: Configure, stopped: Stop) -> None:
    config = configure()
    stopped(config, 5, RuntimeError("power cut"))
    run = read_run(RunFolder(config).path)
    assert (run.status, run.reason) == ("failed", "RuntimeError: power cut")
    stopped(config, 5, KeyboardInterrupt())
    assert read_run(RunFolder(config).path).status == "interrupted"
    with pytest.raises(SentcseError):
        train(configure("data.cache_dir=/dev/null/cache"))  # cannot be prepared, and is the same run
    assert read_run(RunFolder(config).path).status == "failed"
    train(config)
    assert read_run(RunFolder(config).path).status == "done"
    assert not RunFolder(config).failure.exists()


def test_a_further_process_leaves_the_folder_alone(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    did: list[str] = []
    monkeypatch.setattr(frame.rank_zero_only, "rank", 1)
    monkeypatch.setattr(frame.logging.getLogger("sentcse"), "level", 0)  # restored afterwards
    monkeypatch.setattr(EncoderRun, "prepare", lambda run: did.append("prepare"))
    monkeypatch.setattr(EncoderRun, "fit", lambda run: did.append("fit"))
    folder = RunFolder(configure())
    folder.create(configure())
    before = sorted(folder.path.rglob("*"))
    assert train(configure("overwrite=true")) == {}
    assert did == ["prepare", "fit"]
    assert sorted(folder.path.rglob("*")) == before
    # of a finished run, its first process trains nothing either
    folder.results.write_text(json.dumps(done()))
    assert train(configure()) == {}
    assert did == ["prepare", "fit"]


def test_a_new_run_beside_a_near_one_says_so_once_and_not_in_a_sweep(
    configure: Configure, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Short(Run[TrainConfig]):
        def prepare(self) -> None:
            """Nothing is needed."""

        def fit(self) -> None:
            raise RuntimeError("power cut")

        def conclude(self) -> Results:
            raise AssertionError("it was not trained")

        def report(self, results: Results) -> None:
            raise AssertionError("it was not trained")

    def begin(*more: str) -> str:
        caplog.clear()
        with pytest.raises(RuntimeError):
            Short(configure(*more)).carry_out()
        return caplog.text

    assert "This is a new run" not in begin()
    said = begin("data.batch_size=16")
    assert said.count("This is a new run") == 1
    assert "differs from it in data.batch_size (8, here 16)" in said
    assert "This is a new run" not in begin("data.batch_size=16")  # it goes on
    monkeypatch.setattr(frame, "sweep_name", lambda: "low_shot_1234abcd")
    assert "This is a new run" not in begin("data.batch_size=4")


class Broken(Run[TrainConfig]):
    """Meets a fault while it trains."""

    fault: Exception

    def prepare(self) -> None:
        pass

    def fit(self) -> None:
        raise self.fault

    def conclude(self) -> Results:
        raise AssertionError("what failed was concluded")

    def report(self, results: Results) -> None:
        pass


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (OSError(errno.ENOSPC, "full"), "No space left on device"),
        (Exception(f"Read-only (os error {errno.EROFS})"), "Read-only file system"),
        (FileNotFoundError(errno.ENOENT, "gone", "{}/curves.png"), "curves.png or its folder was deleted meanwhile"),
    ],
)
def test_what_the_disk_refuses_is_a_sentence_wherever_it_is_met(
    configure: Configure, fault: Exception, said: str
) -> None:
    run = Broken(configure())
    if isinstance(fault, FileNotFoundError):
        fault.filename = fault.filename.format(run.folder.path)
    run.fault = fault
    with pytest.raises(SentcseError, match=f"cannot be written .*{said}.*the same command continues"):
        run.carry_out()


def test_a_file_of_another_folder_that_is_missing_is_a_defect(configure: Configure) -> None:
    run = Broken(configure())
    run.fault = FileNotFoundError(errno.ENOENT, "gone", "/elsewhere")
    with pytest.raises(FileNotFoundError):
        run.carry_out()


@pytest.mark.parametrize(("more", "calls"), [([], 0), (["data.chunk=3"], 1)])
def test_freed_memory_goes_back_where_a_batch_is_computed_in_parts(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, more: list[str], calls: int
) -> None:
    """And is kept elsewhere, where giving it back takes more time than it saves memory."""
    called: list[None] = []
    monkeypatch.setattr(frame, "give_freed_memory_back", lambda: called.append(None))
    train(configure("trainer.max_steps=2", *more))
    assert len(called) == calls
