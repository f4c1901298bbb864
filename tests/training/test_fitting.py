"""Begun, stopped, continued: a run that was stopped anywhere ends bit for bit as one that was left alone."""

from __future__ import annotations

import logging
import math
import signal
import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from pytorch_lightning.utilities.exceptions import SIGTERMException
from run_outcomes import metrics, outcome
from stopping import Stop, StopAt, with_callback

from sentcse.config import TrainConfig
from sentcse.errors import DataError, SentcseError
from sentcse.records.metrics_file import MetricsFile
from sentcse.records.run_folder import RunFolder
from sentcse.training import run as module
from sentcse.training.dev_evaluation import EvaluationCallback
from sentcse.training.fitting import (
    TERMINATED,
    WEIGHTS,
    WHOLE,
    check_continuation,
    later_best,
    load_checkpoint,
    load_selected,
    quiet_lightning,
    start_or_continue,
)
from sentcse.training.last_checkpoint import LastCheckpoint
from sentcse.training.run import EncoderRun, train

Configure = Callable[..., TrainConfig]


@pytest.mark.parametrize(
    ("written", "more", "steps"),
    [
        # before the first checkpoint; after one in the middle of an epoch; at its end; twice;
        # at an epoch's end and then in the middle of the next
        (3, ["evaluation.every_n_steps=3"], [1]),
        (3, ["evaluation.every_n_steps=3"], [4]),
        (5, ["evaluation.every_n_steps=5"], [5]),
        (2, ["evaluation.every_n_steps=2", "trainer.accumulate_grad_batches=2"], [1, 3, 5]),
        (1, ["evaluation.every_n_steps=1"], [5, 7]),
        (1, ["evaluation.every_n_steps=1", "trainer.accumulate_grad_batches=2", "data.chunk=3"], [3, 4, 5]),
        (1, ["evaluation.every_n_steps=1", "trainer.accumulate_grad_batches=2", "data.length_window=2"], [3, 4]),
        # between evaluations; several of them, and what they selected, behind the last checkpoint; with an average
        (1, ["evaluation.every_n_steps=4"], [1, 3, 5, 6]),
        (3, ["evaluation.every_n_steps=1"], [5, 8]),
        (5, ["evaluation.every_n_steps=2"], [4, 9]),
        (2, ["evaluation.every_n_steps=1", "callbacks.early_stopping=2"], [3]),
        (2, ["evaluation.every_n_steps=3", "callbacks.ema=0.5"], [3, 7]),
        (2, ["evaluation.every_n_steps=2", "callbacks.ema=0.5", "encoder.lora.rank=2", "data.chunk=3"], [3, 7]),
        (2, ["evaluation.every_n_steps=3", "method.stay_near=weights", "method.stay_near_weight=1"], [3]),
        (2, ["evaluation.every_n_steps=3", "method.stay_near=similarities", "method.stay_near_weight=5"], [7]),
        (4, ["evaluation.every_n_steps=1", "evaluation.select=info_nce", "evaluation.held_out.share=0.25"], [3, 7]),
    ],
)
def test_a_stopped_run_goes_on_bit_for_bit(
    configure: Configure,
    stopped: Stop,
    monkeypatch: pytest.MonkeyPatch,
    written: int,
    more: list[str],
    steps: list[int],
) -> None:
    """`written`: steps between two writes of the last checkpoint, for the minutes."""
    monkeypatch.setattr(LastCheckpoint, "_is_time", lambda last, trainer: trainer.global_step % written == 0)
    config, alone = configure(*more), configure(*more, runs="alone")
    for step in steps:
        stopped(config, step, RuntimeError("power cut"))
        assert not RunFolder(config).results.exists()
    train(config)
    train(alone)
    assert outcome(RunFolder(config).path) == outcome(RunFolder(alone).path)
    assert metrics(RunFolder(config).path) == metrics(RunFolder(alone).path)


def test_ctrl_c_is_handed_on(configure: Configure, stopped: Stop, inputs: Path) -> None:
    config = configure()
    stopped(config, 3, KeyboardInterrupt())
    assert RunFolder(config).last.is_file()


@pytest.mark.parametrize("fault", [KeyboardInterrupt(), SIGTERMException()])
def test_before_the_first_checkpoint_a_signal_says_that_nothing_is_kept(
    configure: Configure, caplog: pytest.LogCaptureFixture, fault: BaseException
) -> None:
    config = configure("trainer.save_last_minutes=5", "overwrite=true")
    handler = signal.getsignal(signal.SIGINT)
    with with_callback(module, StopAt(3, fault)), pytest.raises((KeyboardInterrupt, SystemExit)) as stopped:
        train(config)
    signal.signal(signal.SIGINT, handler)  # Lightning ignores Ctrl-C once it has had one
    said = caplog.text if isinstance(fault, SIGTERMException) else str(stopped.value)
    assert (
        "Nothing is kept of 3 steps, as no checkpoint was written yet: the command without overwrite=true begins anew."
        in said
    )
    assert not RunFolder(config).last.exists()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["evaluation.every_n_steps=11"], "The run ends at step 10, before the first evaluation at step 11: "),
        (["evaluation.every_n_steps=10"], None),
        (["evaluation.every_n_steps=7", "trainer.accumulate_grad_batches=2"], "every_n_steps=1 scores it five times"),
        (["evaluation.every_n_steps=11", "trainer.max_steps=10"], "The run ends at step 10"),  # of its settings
    ],
)
def test_a_run_that_is_scored_at_its_end_alone_says_so_once(
    configure: Configure, caplog: pytest.LogCaptureFixture, more: list[str], said: str | None
) -> None:
    train(configure(*more))
    notes = [line for line in caplog.messages if "before the first evaluation" in line]
    assert len(notes) == (said is not None)
    assert said is None or said in notes[0]


def test_another_exit_than_ctrl_c_stays_that_exit(configure: Configure) -> None:
    """Lightning makes one exit of both."""
    with with_callback(module, StopAt(3, SystemExit(3))), pytest.raises(SystemExit) as stopped:
        train(configure())
    assert stopped.value.code == 3


def test_sigterm_ends_with_the_code_of_a_shell(configure: Configure, caplog: pytest.LogCaptureFixture) -> None:
    fault = StopAt(3, SIGTERMException())
    with with_callback(module, fault), pytest.raises(SystemExit) as stopped, caplog.at_level("WARNING", "sentcse"):
        train(configure())
    assert stopped.value.code == TERMINATED == 143
    assert "Stopped by SIGTERM. The same command continues" in caplog.text
    assert load_checkpoint(RunFolder(configure()).last)["global_step"] == 3


def test_the_selected_checkpoint_is_that_of_the_selected_step(tmp_path: Path) -> None:
    folder: Any = SimpleNamespace(best=tmp_path / "best.ckpt")
    torch.save({**dict.fromkeys(WEIGHTS), "global_step": 4, "state_dict": {"w": torch.arange(3)}}, folder.best)
    assert torch.equal(load_selected(folder, step=4)["state_dict"]["w"], torch.arange(3))
    for other in (3, 6):
        with pytest.raises(SentcseError, match=rf"best\.ckpt holds step 4, but step {other} was selected: .*overwrite"):
            load_selected(folder, step=other)


@pytest.mark.parametrize(
    ("mode", "scores", "step", "found"),
    [
        ("max", {2: 10.0, 4: 30.0}, 2, {"step": 4, "score": 30.0}),
        ("max", {2: 10.0, 4: 30.0}, 4, None),
        ("min", {2: 10.0, 4: math.nan}, 3, {"step": 4, "score": math.inf}),
        # rows that somebody has deleted
        ("max", {2: 10.0}, 2, None),
    ],
)
def test_what_was_selected_behind_the_last_checkpoint_stays_selected(
    tmp_path: Path, mode: Any, scores: dict[int, float], step: int, found: dict[str, float] | None
) -> None:
    folder: Any = SimpleNamespace(best=tmp_path / "best.ckpt", metrics=tmp_path / "metrics.csv")
    evaluation = EvaluationCallback([], select="stsb")
    evaluation.mode = mode
    assert later_best(folder, evaluation, 0) is None
    torch.save({**dict.fromkeys(WEIGHTS), "global_step": 4}, folder.best)
    for at, score in scores.items():
        MetricsFile(folder.metrics).append({"val/stsb_spearman": score}, at)
    assert later_best(folder, evaluation, step) == found
    assert later_best(folder, EvaluationCallback([], select="last"), 0) is None


def test_a_run_that_is_trained_otherwise_behind_its_last_checkpoint_keeps_what_it_selected(
    configure: Configure, stopped: Stop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a GPU: step 4 was the best, was not kept in last.ckpt, and scores less when it is made again."""
    monkeypatch.setattr(LastCheckpoint, "_is_time", lambda last, trainer: trainer.global_step == 2)
    scores, again = {0: 50.0, 2: 10.0, 4: 90.0}, {4: 1.0, 6: 30.0, 8: 20.0, 10: 5.0}
    config = configure()
    for place, given in enumerate((scores, again)):

        def scripted(callback: EvaluationCallback, pl_module: Any, *, initial: bool, given: Any = given) -> Any:
            step = pl_module.trainer.global_step
            return {"val/pairs_spearman": given[step], "val/alignment": 0.0, "val/uniformity": 0.0}

        monkeypatch.setattr(EvaluationCallback, "scores", scripted)
        if place == 0:
            stopped(config, 5, RuntimeError("power cut"))
    results = train(config)
    assert results["best"] == {"step": 4, "pairs_dev": 90.0}
    assert load_checkpoint(RunFolder(config).best)["global_step"] == 4


def test_a_run_continues_with_its_own_corpus_alone(tmp_path: Path) -> None:
    folder: Any = SimpleNamespace(last=tmp_path / "last.ckpt", path=tmp_path)
    data: Any = SimpleNamespace(data_sha256="a" * 64)
    ours = {"record": {"data": {"sha256": "a" * 64}}}
    torch.save({**dict.fromkeys(WHOLE), "global_step": 12, "sentcse": ours}, folder.last)
    assert check_continuation(folder, data) == 12
    data.data_sha256 = "b" * 64
    with pytest.raises(SentcseError, match=r"The corpus has changed since .*\(SHA-256 a{12}, now b{12}\)"):
        check_continuation(folder, data)


def test_a_checkpoint_with_anything_damaged_gets_a_sentence(tmp_path: Path) -> None:
    """Cut anywhere, a bit turned in a weight, not ours at all, or of what is more than tensors and plain containers."""
    path, sentence = tmp_path / "a.ckpt", r"a\.ckpt cannot be read as a checkpoint; it is damaged: .*overwrite=true"
    torch.save({**dict.fromkeys(WEIGHTS), "state_dict": torch.full((100,), 1.5)}, path)
    whole = path.read_bytes()
    assert load_checkpoint(path)["state_dict"].sum() == 150
    turned = bytearray(whole)
    turned[whole.index(torch.full((100,), 1.5).numpy().tobytes()) + 17] ^= 1
    for content in (b"", whole[:10], whole[:-1], whole[: len(whole) // 2], bytes(turned), b"sentence\n" * 50):
        path.write_bytes(content)
        with pytest.raises(SentcseError, match=sentence):
            load_checkpoint(path)
    a_part = dict.fromkeys(sorted(WEIGHTS)[:-1])
    for strange in ({**dict.fromkeys(WEIGHTS), "path": tmp_path}, a_part, torch.ones(3)):
        torch.save(strange, path)
        with pytest.raises(SentcseError, match=sentence):
            load_checkpoint(path)
    path.unlink()
    with pytest.raises(SentcseError, match=sentence):
        load_checkpoint(path)


def test_notices_on_settings_that_are_meant_are_left_out_and_no_others() -> None:
    with warnings.catch_warnings(record=True) as heard:
        quiet_lightning()
        warnings.warn("The 'train_dataloader' does not have many workers which may be a bottleneck.", stacklevel=1)
        warnings.warn("The loss is not what you think.", stacklevel=1)
    assert [str(each.message) for each in heard] == ["The loss is not what you think."]
    assert not logging.getLogger("pytorch_lightning").isEnabledFor(logging.WARNING)
    assert logging.getLogger("pytorch_lightning").isEnabledFor(logging.ERROR)


def test_a_best_checkpoint_of_another_step_is_refused(configure: Configure) -> None:
    config = configure()
    folder = RunFolder(config)
    train(config)
    folder.results.unlink()
    checkpoint = load_checkpoint(folder.best)
    torch.save({**checkpoint, "global_step": 1}, folder.best)
    with pytest.raises(SentcseError, match=r"holds step 1, but step \d+ was selected"):
        train(config)


def test_a_corpus_that_has_changed_is_refused(
    configure: Configure, stopped: Stop, tmp_path: Path, inputs: Path
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


def test_a_damaged_checkpoint_gets_a_sentence(configure: Configure, stopped: Stop) -> None:
    config = configure()
    stopped(config, 5, RuntimeError("power cut"))
    last = RunFolder(config).last
    last.write_bytes(last.read_bytes()[:1000])
    with pytest.raises(SentcseError, match=r"last\.ckpt cannot be read .*overwrite=true"):
        train(config)


def test_too_few_sentences_for_two_processes(configure: Configure, tmp_path: Path) -> None:
    corpus = tmp_path / "three.txt"
    corpus.write_text("a dog\na man\nthe city\n")
    config = configure(f"data.path={corpus}")
    run = EncoderRun(config)
    run.prepare()

    class Trainer:
        global_rank, world_size = 0, 2

    with pytest.raises(DataError, match=r"3 sentence\(s\) for 2 process\(es\)"):
        start_or_continue(Trainer(), run.method, run.data, run.folder)  # type: ignore[arg-type]
