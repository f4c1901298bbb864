"""What is given to W&B, with a run that keeps it; and how a run is opened where W&B is in trouble."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import wandb
from wandb_files import parts, read_offline

from sentcse.config import TrainConfig
from sentcse.records.metrics_file import MetricsFile
from sentcse.records.run_folder import RunFolder
from sentcse.training.wandb.run import SUPERSEDED, WandbRun, finish_wandb, put_aside_earlier_parts, start_wandb

Configure = Callable[..., TrainConfig]


class Kept:
    """Of wandb.Run what a logger uses: keeps rows by step and merges what is logged twice at one step."""

    def __init__(self, sync_dir: Path, *, step: int = 0, id: str = "i") -> None:
        self.step, self.id = step, id
        self.settings = SimpleNamespace(sync_dir=str(sync_dir))
        self.rows: dict[int, dict[str, float]] = {}
        self.fault: Exception | None = None

    def log(self, row: dict[str, float], step: int) -> None:
        if self.fault is not None:
            raise self.fault
        assert step >= max(self.rows, default=0), "W&B drops a row of an earlier step"
        self.rows.setdefault(step, {}).update(row)


@pytest.fixture
def metrics(tmp_path: Path) -> MetricsFile:
    """A metrics.csv of six steps: losses at each, scores at every second."""
    file = MetricsFile(tmp_path / "metrics.csv")
    file.append({"val/x": 10.0, "test/x": 5.0}, step=0)
    for step in range(1, 7):
        if step % 2 == 0:
            file.append({"val/x": 10.0 + step}, step=step)
        file.append({"train/loss": 1.0 / step}, step=step)
    return file


def expected(first: int, last: int) -> dict[int, dict[str, float]]:
    rows = {
        step: {"train/loss": 1.0 / step, "step": step, **({"val/x": 10.0 + step} if step % 2 == 0 else {})}
        for step in range(max(first, 1), last + 1)
    }
    return {0: {"val/x": 10.0, "step": 0}, **rows} if first == 0 else rows


def test_rows_of_one_step_are_one_row(metrics: MetricsFile, tmp_path: Path) -> None:
    run = Kept(tmp_path)
    logger = WandbRun(run, metrics.path)  # type: ignore[arg-type]
    logger.log_metrics({"val/x": 1.0, "test/x": 3.0}, step=4)
    logger.log_metrics({"train/loss": 2.0, "epoch": 1}, step=4)
    logger.log_metrics({"train/loss": 2.0})  # Lightning may leave out the step
    logger.log_metrics({"test/x": 3.0}, step=5)
    assert run.rows == {4: {"val/x": 1.0, "train/loss": 2.0, "step": 4}}


@pytest.mark.parametrize("server_has", [0, 1, 3, 4, 5, 7])
def test_a_continued_run_has_every_step_once(metrics: MetricsFile, tmp_path: Path, server_has: int) -> None:
    """Killed after step 6, continued from the checkpoint of step 4; the server had `server_has` rows from step 0 on."""
    metrics.forget_after(4)
    run = Kept(tmp_path, step=server_has)
    logger = WandbRun(run, metrics.path)  # type: ignore[arg-type]
    logger.forget_after(4)
    for step in (5, 6, 7):
        logger.log_metrics({"train/loss": 1.0 / step}, step=step)
        if step % 2 == 0:
            logger.log_metrics({"val/x": 10.0 + step}, step=step)
    assert run.rows == expected(server_has, 7)


@pytest.mark.parametrize("fault", [wandb.errors.CommError("gone"), BrokenPipeError("gone")])
def test_a_fault_while_logging_is_told_and_stops_nothing(
    metrics: MetricsFile, tmp_path: Path, caplog: pytest.LogCaptureFixture, fault: Exception
) -> None:
    run = Kept(tmp_path)
    run.fault = fault
    with caplog.at_level("WARNING", logger="sentcse"):
        WandbRun(run, metrics.path).log_metrics({"train/loss": 1.0}, step=3)  # type: ignore[arg-type]
    assert "W&B lost the row of step 3 (gone); metrics.csv has it." in caplog.text


def test_earlier_parts_are_kept_out_of_sight(tmp_path: Path) -> None:
    names = ["offline-run-1-i", "offline-run-2-i", "offline-run-1-other", "run-1-i"]
    for name in names:
        (tmp_path / name).mkdir()
    put_aside_earlier_parts(Kept(tmp_path / "offline-run-2-i"))  # type: ignore[arg-type]
    assert {path.name for path in tmp_path.iterdir()} == {*names, SUPERSEDED} - {"offline-run-1-i"}
    assert [path.name for path in (tmp_path / SUPERSEDED).iterdir()] == ["offline-run-1-i"]
    put_aside_earlier_parts(Kept(tmp_path / "nowhere" / "offline-run-3-i"))  # type: ignore[arg-type]


@pytest.fixture
def start(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Start a run's W&B without the environment's own settings; it ends with the test."""
    for name in ("WANDB_MODE", "WANDB_API_KEY", "WANDB_DISABLED", "WANDB_DIR", "WANDB_PROJECT"):
        monkeypatch.delenv(name, raising=False)

    def start(*more: str) -> Any:
        config = configure("logger=wandb", *more)
        folder = RunFolder(config)
        folder.create(config)
        return start_wandb(config, folder), folder

    yield start
    finish_wandb(0)


class Unreachable:
    """wandb.init as it is without a server, or without anything."""

    def __init__(self, fault: Exception, *, offline_too: bool = False) -> None:
        self.fault, self.offline_too = fault, offline_too
        self.given: list[dict[str, Any]] = []

    def __call__(self, **arguments: Any) -> Any:
        self.given.append(arguments)
        if self.offline_too or arguments["mode"] == "online":
            raise self.fault
        return SimpleNamespace(step=0, id=arguments["id"], define_metric=lambda *_, **__: None)


@pytest.mark.parametrize(
    "fault",
    [
        wandb.errors.CommError("timed out"),
        wandb.errors.UsageError("No API key configured. Use `wandb login` to log in."),
        OSError("no route to host"),
        TimeoutError("too slow"),
        ValueError("Invalid mode"),
    ],
)
def test_a_wandb_that_is_down_does_not_stop_a_run(
    start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, fault: Exception
) -> None:
    init = Unreachable(fault)
    monkeypatch.setattr(wandb, "init", init)
    with caplog.at_level("WARNING", logger="sentcse"):
        made, _ = start("logger.mode=online")
    assert [each["mode"] for each in init.given] == ["online", "offline"]
    assert [each["resume"] for each in init.given] == ["allow", None]
    assert init.given[0]["id"] == init.given[1]["id"] == made.version
    assert f"W&B cannot be reached ({fault})" in caplog.text

    monkeypatch.setattr(wandb, "init", Unreachable(fault, offline_too=True))
    with caplog.at_level("WARNING", logger="sentcse"):
        assert start("logger.mode=online")[0] is None
        assert start()[0] is None
    assert "the run goes on with metrics.csv alone" in caplog.text


def test_settings_of_the_environment_come_first(start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    init = Unreachable(OSError())
    monkeypatch.setattr(wandb, "init", init)
    _, folder = start()
    assert (init.given[0]["settings"].init_timeout, init.given[0]["settings"].finish_timeout) == (30, 60)
    assert init.given[0]["dir"] == folder.path
    monkeypatch.setenv("WANDB_INIT_TIMEOUT", "7")
    monkeypatch.setenv("WANDB_DIR", "/elsewhere")
    monkeypatch.setenv("WANDB_MODE", "disabled")
    start()
    assert "init_timeout" not in init.given[1]["settings"].model_fields_set
    assert init.given[1]["dir"] is None
    assert init.given[1]["mode"] == "disabled"


def test_offline_needs_no_network_and_leaves_a_file(start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*_: Any, **__: Any) -> None:
        raise OSError("the network was asked for")

    monkeypatch.setattr("requests.Session.request", no_network)
    # whatever the W&B service would do: a proxy that refuses
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    made, folder = start("logger.group=g")
    made.log_metrics({"train/loss": 1.5, "epoch": 0}, step=1)
    finish_wandb(3)
    assert wandb.run is None
    (part,) = parts(folder.path)
    found = read_offline(part)
    assert found.history == {1: {"train/loss": 1.5, "step": 1}}
    assert found.exit_code == 3
    assert found.run["run_id"] == made.version
    assert found.run["run_group"] == "g"
    assert "resume" not in found.run  # W&B would add rows to what it has, instead of replacing it
    axes = {each.get("name", each.get("glob_name")): each.get("step_metric") for each in found.of("metric")}
    assert axes == {"step": None, "train/*": "step", "val/*": "step"}


def test_disabled_writes_nothing(start: Callable[..., Any]) -> None:
    made, folder = start("logger.mode=disabled")
    made.log_metrics({"train/loss": 1.0}, step=1)
    made.forget_after(3)
    assert not (folder.path / "wandb").exists()


def test_finishing_without_wandb(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.delitem(sys.modules, "wandb")
    finish_wandb(0)
    assert "wandb" not in sys.modules
