"""A run that was stopped anywhere and started again ends bit for bit as one that was left alone."""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from composing import checked
from pytorch_lightning import Callback, LightningModule, Trainer
from stopping import stopping_at, with_callback

from sentcse.config import TrainConfig
from sentcse.encoder import SentenceEncoder
from sentcse.errors import SentcseError
from sentcse.records.run_folder import RunFolder
from sentcse.records.run_record import read_run
from sentcse.training import run as module
from sentcse.training.dev_evaluation import EvaluationCallback
from sentcse.training.fitting import load_checkpoint
from sentcse.training.run import EncoderRun, train

Configure = Callable[..., TrainConfig]
Settings = Callable[..., list[str]]

LONG = (
    "trainer.max_epochs=24",
    "evaluation.every_n_steps=7",
    "runs.root=runs",
    "data.cache_dir=cache",
    "trainer.threads=1",
)
"""120 steps: time enough to be killed in."""


@pytest.fixture
def stopped() -> Callable[[TrainConfig, int, BaseException], None]:
    """Train, but stop before the step after `step`."""

    def stopped(config: TrainConfig, step: int, fault: BaseException) -> None:
        with stopping_at(module, step, fault):
            train(config)

    return stopped


def outcome(folder: Path) -> tuple[bytes, dict[str, Any]]:
    """Weights, and results without what the clock and the place decide."""
    results = json.loads((folder / "results.json").read_text())
    del results["seconds"]
    del results["config"]["runs"]
    return (folder / "encoder" / "model.safetensors").read_bytes(), results


def metrics(folder: Path) -> list[tuple[str, str, str]]:
    """Step, loss and score of every row."""
    with (folder / "metrics.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    return sorted((row["step"], row["train/loss"], row["val/pairs_spearman"]) for row in rows)


@pytest.mark.parametrize(
    ("more", "steps"),
    [
        # before the first checkpoint; after one in the middle of an epoch; at its end; twice;
        # at an epoch's end and then in the middle of the next
        (["evaluation.every_n_steps=3"], [1]),
        (["evaluation.every_n_steps=3"], [4]),
        (["evaluation.every_n_steps=5"], [5]),
        (["evaluation.every_n_steps=2", "trainer.accumulate_grad_batches=2"], [1, 3, 5]),
        (["evaluation.every_n_steps=1"], [5, 7]),
        (["evaluation.every_n_steps=1", "trainer.accumulate_grad_batches=2"], [3, 4, 5]),
    ],
)
def test_a_stopped_run_goes_on_bit_for_bit(
    configure: Configure,
    stopped: Callable[[TrainConfig, int, BaseException], None],
    more: list[str],
    steps: list[int],
) -> None:
    config, alone = configure(*more), configure(*more, runs="alone")
    for step in steps:
        stopped(config, step, RuntimeError("power cut"))
        assert not RunFolder(config).results.exists()
    train(config)
    train(alone)
    assert outcome(RunFolder(config).path) == outcome(RunFolder(alone).path)
    assert metrics(RunFolder(config).path) == metrics(RunFolder(alone).path)


def test_ctrl_c_is_handed_on(
    configure: Configure, stopped: Callable[[TrainConfig, int, BaseException], None], inputs: Path
) -> None:
    config = configure()
    stopped(config, 3, KeyboardInterrupt())
    assert RunFolder(config).last.is_file()


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


def test_an_interrupted_run_keeps_what_it_continues_from(
    configure: Configure, stopped: Callable[[TrainConfig, int, BaseException], None]
) -> None:
    config, alone = configure("runs.keep=export"), configure(runs="alone")
    stopped(config, 5, RuntimeError("power cut"))
    assert RunFolder(config).last.is_file()
    train(config)
    train(alone)
    assert outcome(RunFolder(config).path) == outcome(RunFolder(alone).path)


def test_a_run_that_is_moved_and_continued_keeps_its_best_step(
    configure: Configure, stopped: Callable[[TrainConfig, int, BaseException], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A project that was moved, another mount point: the best checkpoint is still that of the best step."""
    scores = {0: 50.0, 2: 90.0, 4: 10.0, 6: 30.0, 8: 20.0, 10: 5.0}

    def scripted(callback: EvaluationCallback, pl_module: LightningModule, *, initial: bool) -> dict[str, float]:
        step = pl_module.trainer.global_step
        return {"val/pairs_spearman": scores[step], "val/alignment": 0.0, "val/uniformity": 0.0}

    monkeypatch.setattr(EvaluationCallback, "scores", scripted)
    config, moved = configure(), configure(runs="moved")
    stopped(config, 5, RuntimeError("power cut"))
    Path(config.runs.root).rename(moved.runs.root)
    results = train(moved)
    assert results["best"] == {"step": 2, "pairs_dev": 90.0}
    assert load_checkpoint(RunFolder(moved).best)["global_step"] == 2


def test_a_best_checkpoint_of_another_step_is_refused(configure: Configure) -> None:
    config = configure()
    folder = RunFolder(config)
    train(config)
    folder.results.unlink()
    checkpoint = load_checkpoint(folder.best)
    torch.save({**checkpoint, "global_step": 1}, folder.best)
    with pytest.raises(SentcseError, match=r"holds step 1, but step \d+ was selected"):
        train(config)


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


def test_the_end_is_scored_on_the_device_of_the_training(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lightning leaves the model on the CPU; here a second, pretended device must get it and give it back."""
    config, placed = configure(), []
    move = SentenceEncoder.to
    monkeypatch.setattr(SentenceEncoder, "to", lambda self, device: placed.append(str(device)) or move(self, "cpu"))
    run = EncoderRun(config)
    run.prepare()
    run.folder.create(config)
    run.fit()
    assert str(run.device) == "cpu"
    run.device = torch.device("cuda", 1)
    run.conclude()
    assert placed == ["cuda:1", "cpu"]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_the_end_is_scored_on_the_gpu(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    measure = module.evaluate_encoder

    def noted(encoder: SentenceEncoder, *arguments: Any, **options: Any) -> Any:
        seen.append(encoder.device.type)
        return measure(encoder, *arguments, **options)

    monkeypatch.setattr(module, "evaluate_encoder", noted)
    train(configure("trainer.accelerator=gpu"))
    assert seen == ["cuda"]


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


def test_a_corpus_that_has_changed_is_refused(
    configure: Configure, stopped: Callable[[TrainConfig, int, BaseException], None], tmp_path: Path, inputs: Path
) -> None:
    corpus = tmp_path / "mine.txt"
    corpus.write_text((inputs / "sentences.txt").read_text())
    config = configure(f"data.path={corpus}")
    stopped(config, 5, RuntimeError("power cut"))
    corpus.write_text(corpus.read_text().replace("dog", "cat"))
    RunFolder(config).inputs.unlink()  # as an older version left it: the checkpoint knows its corpus
    with pytest.raises(SentcseError, match=r"The corpus has changed since .* restore it, or .* overwrite=true"):
        train(config)
    train(configure(f"data.path={corpus}", "overwrite=true"))


def test_a_run_that_cannot_start_leaves_no_folder(configure: Configure, tmp_path: Path) -> None:
    config = configure("data.path=/no/such/file.txt")
    with pytest.raises(SentcseError, match="does not exist"):
        train(config)
    assert not (tmp_path / "runs").exists()


def test_a_run_that_fails_says_why_until_it_is_taken_up_again(
    configure: Configure, stopped: Callable[[TrainConfig, int, BaseException], None]
) -> None:
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


def test_a_damaged_checkpoint_gets_a_sentence(
    configure: Configure, stopped: Callable[[TrainConfig, int, BaseException], None]
) -> None:
    config = configure()
    stopped(config, 5, RuntimeError("power cut"))
    last = RunFolder(config).last
    last.write_bytes(last.read_bytes()[:1000])
    with pytest.raises(SentcseError, match=r"last\.ckpt cannot be read .*overwrite=true"):
        train(config)


def test_weights_that_are_not_finite_are_never_saved(configure: Configure) -> None:
    class Spoil(Callback):
        def on_train_batch_start(
            self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
        ) -> None:
            if trainer.global_step == 3:
                for parameter in pl_module.parameters():
                    parameter.data.fill_(float("nan"))

    with with_callback(module, Spoil()), pytest.raises(SentcseError, match=r"NaN|finite"):
        train(configure())
    assert load_checkpoint(RunFolder(configure()).last)["global_step"] == 2


# The rest is done to processes, which is the real thing and slow.


def start(folder: Path, words: list[str]) -> subprocess.Popen[str]:
    folder.mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-m", "sentcse.train", *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # a test run in the background of a shell has Ctrl-C switched off, and children would inherit that
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )


def finish(folder: Path, words: list[str]) -> str:
    process = start(folder, words)
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 0, said
    return said


def stop_at(folder: Path, words: list[str], step: int, how: signal.Signals) -> tuple[int, str]:
    """Start, send a signal once a row of `step` or later is written, return the exit code and what was said."""
    process = start(folder, words)
    path = folder / RunFolder(checked(*words)).path / "metrics.csv"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        if path.is_file() and any(int(line.split(",")[0]) >= step for line in path.read_text().splitlines()[1:-1]):
            process.send_signal(how)
            break
        time.sleep(0.002)
    said, _ = process.communicate(timeout=120)
    assert process.returncode != 0, f"the run was over before it could be stopped at step {step}: {said}"
    return process.returncode, said


@pytest.mark.slow
@pytest.mark.parametrize(
    "more",
    [[], ["trainer.accumulate_grad_batches=2"], ["data.num_workers=2"], ["trainer.precision=bf16"]],
    ids=["plain", "accumulation", "workers", "bf16"],
)
def test_sigkill(settings: Settings, tmp_path: Path, more: list[str]) -> None:
    words = settings(*LONG, *more)
    draw = random.Random(time.time_ns())
    steps = sorted(draw.sample(range(2, 45 if "accumulate" in str(more) else 90), 2))
    print("killed at", steps)  # shown where the test fails
    for step in steps:
        code, said = stop_at(tmp_path / "killed", words, step, signal.SIGKILL)
        assert code == -signal.SIGKILL, said
    finish(tmp_path / "killed", words)
    finish(tmp_path / "alone", words)
    name = RunFolder(checked(*words)).path
    assert outcome(tmp_path / "killed" / name) == outcome(tmp_path / "alone" / name)
    assert "This run is complete" in finish(tmp_path / "killed", words)


@pytest.mark.slow
@pytest.mark.parametrize(("how", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_asked_to_stop(settings: Settings, tmp_path: Path, how: signal.Signals, code: int) -> None:
    words = settings(*LONG)
    found, said = stop_at(tmp_path / "stopped", words, 30, how)
    assert found == code, said
    assert "Traceback" not in said
    assert "The same command continues" in said
    assert "Continuing at step" in finish(tmp_path / "stopped", words)
    finish(tmp_path / "alone", words)
    name = RunFolder(checked(*words)).path
    assert outcome(tmp_path / "stopped" / name) == outcome(tmp_path / "alone" / name)
