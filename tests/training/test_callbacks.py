from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import jaxtyping
import pytest
import torch
from pytorch_lightning import LightningModule, Trainer
from stopping import Stop
from torch import Tensor

from sentcse.config import TrainConfig
from sentcse.config.schema import Callbacks
from sentcse.encoder import SentenceEncoder
from sentcse.evaluation.scores.evaluator import evaluate_encoder
from sentcse.records.run_folder import RunFolder, fingerprint
from sentcse.training.callbacks import StopEarly, chosen_callbacks
from sentcse.training.dev_evaluation import EvaluationCallback
from sentcse.training.fitting import load_checkpoint
from sentcse.training.run import EncoderRun, train

Configure = Callable[..., TrainConfig]


def fitted(config: TrainConfig) -> EncoderRun:
    run = EncoderRun(config)
    run.prepare()
    run.folder.create(config)
    run.fit()
    return run


def names(config: TrainConfig) -> list[str]:
    evaluation = EvaluationCallback([], [], select="pairs", every_n_steps=2)
    return [type(each).__name__ for each in chosen_callbacks(config.callbacks, evaluation)]


def test_files_of_the_group_combine(configure: Configure) -> None:
    assert configure().callbacks == Callbacks()
    assert names(configure()) == []
    assert names(configure("callbacks=early_stopping")) == ["StopEarly"]
    config = configure("callbacks=[early_stopping,ema,model_summary]", "callbacks.ema=0.5")
    assert names(config) == ["EMAWeightAveraging", "StopEarly", "ModuleTable"]
    assert (config.callbacks.early_stopping, config.callbacks.ema) == (10, 0.5)
    assert names(configure("callbacks=running_means")) == ["RunningMeans"]
    assert len({fingerprint(configure(*word)) for word in ([], ["callbacks=early_stopping"], ["callbacks=ema"])}) == 3


def test_training_stops_after_evaluations_that_were_no_better(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten steps, scored after every second."""
    scores = iter([10.0, 50.0, 60.0, 59.0, 58.0, 99.0])
    monkeypatch.setattr(
        EvaluationCallback,
        "scores",
        lambda self, module, initial: {"val/pairs_spearman": next(scores), "val/alignment": 0.0, "val/uniformity": 0.0},
    )
    run = fitted(configure("callbacks.early_stopping=2"))
    assert run.evaluation.best == {"step": 4, "score": 60.0}
    assert run.evaluation.last_step == 8
    assert load_checkpoint(run.folder.last)["global_step"] == 8


def test_a_stopped_training_stays_stopped(configure: Configure) -> None:
    """A process that was killed after the last step goes on where the others go on to score the test tasks."""
    evaluation = EvaluationCallback([], [], select="pairs", every_n_steps=2)
    stopping = StopEarly(evaluation, 2)
    trainer = Trainer(accelerator="cpu", logger=False, enable_checkpointing=False)
    stopping.wait_count = 1
    stopping.on_train_start(trainer, run_module := torch.nn.Module())  # type: ignore[arg-type]
    assert not trainer.should_stop
    stopping.wait_count = 2
    stopping.on_train_start(trainer, run_module)  # type: ignore[arg-type]
    assert trainer.should_stop


@pytest.mark.parametrize("at", [3, 5, 6, 8])
def test_a_run_that_stopped_early_says_why_however_often_it_was_killed(
    configure: Configure, stopped: Stop, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """Killed before, between and at the end of the evaluations without a better score: the same end."""
    scores = {0: 50.0, 2: 90.0, 4: 10.0, 6: 30.0, 8: 20.0, 10: 95.0}

    def scripted(callback: EvaluationCallback, pl_module: LightningModule, *, initial: bool) -> dict[str, float]:
        step = pl_module.trainer.global_step
        return {"val/pairs_spearman": scores[step], "val/alignment": 0.0, "val/uniformity": 0.0}

    monkeypatch.setattr(EvaluationCallback, "scores", scripted)
    config = configure("callbacks.early_stopping=3")
    if at < 8:
        stopped(config, at, RuntimeError("power cut"))
    else:  # after the last checkpoint, before results.json
        with monkeypatch.context() as patch:
            patch.setattr("sentcse.training.run.load_selected", _power_cut)
            with pytest.raises(RuntimeError, match="power cut"):
                train(config)
    results = train(config)
    assert results["best"] == {"step": 2, "pairs_dev": 90.0}
    assert results["stopped"] == (
        "Stopped at step 8: 3 evaluations without a better val/pairs_spearman than that of step 2 "
        "(callbacks.early_stopping=3)."
    )
    assert load_checkpoint(RunFolder(config).last)["global_step"] == 8


def _power_cut(*_: Any, **__: Any) -> Any:
    raise RuntimeError("power cut")


def test_a_run_that_comes_to_its_end_has_not_stopped(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second evaluation without a better score is that of the last step."""
    scores = iter([10.0, 90.0, 60.0, 59.0])
    monkeypatch.setattr(
        EvaluationCallback,
        "scores",
        lambda self, module, initial: {"val/pairs_spearman": next(scores), "val/alignment": 0.0, "val/uniformity": 0.0},
    )
    assert fitted(configure("callbacks.early_stopping=2", "trainer.max_steps=6")).stopped is None


def test_what_compares_nothing_cannot_stop_early() -> None:
    with pytest.raises(ValueError, match="evaluation must compare scores"):
        StopEarly(EvaluationCallback([], every_n_steps=2), 2)


@pytest.mark.parametrize(
    ("word", "method"),
    [
        ("callbacks.early_stopping=100", "simcse"),
        *(("callbacks.ema=0.5", method) for method in ("simcse", "diffcse", "micse")),
    ],
)
def test_a_killed_run_goes_on_with_the_same_steps(
    word: str, method: str, of_method: Callable[[str], list[str]], configure: Configure, stopped: Stop
) -> None:
    whole = fitted(configure(word, *of_method(method), runs="whole"))
    config = configure(word, *of_method(method))
    stopped(config, 6, RuntimeError("power cut"))
    assert RunFolder(config).last.is_file()
    train(config)
    state = load_checkpoint(whole.folder.last)["state_dict"]
    again = load_checkpoint(RunFolder(config).last)["state_dict"]
    assert all(torch.equal(value, again[name]) for name, value in state.items())


class Averages:
    """A moving average of the weights, kept by hand: the first step's, then decay * before + (1 - decay) * now."""

    def __init__(self, decay: float) -> None:
        self.decay = decay
        self.state: dict[str, Tensor] = {}

    def look(self, module: Any) -> None:
        for name, now in module.named_parameters():
            before = self.state.get(name)
            self.state[name] = (
                now.detach().clone() if before is None else self.decay * before + (1 - self.decay) * now.detach()
            )


@pytest.mark.parametrize("method", ["simcse", "diffcse", "micse"])
def test_averaged_weights_are_scored_saved_and_exported(
    method: str, of_method: Callable[[str], list[str]], configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_hand = Averages(0.8)
    step = EvaluationCallback.on_train_batch_end

    def looked(self: Any, trainer: Any, module: Any, *rest: Any) -> None:
        by_hand.look(module)
        step(self, trainer, module, *rest)

    monkeypatch.setattr(EvaluationCallback, "on_train_batch_end", looked)
    config = configure("callbacks.ema=0.8", "evaluation.every_n_steps=10", *of_method(method))
    run = fitted(config)
    saved = load_checkpoint(run.folder.best)["state_dict"]
    for name, value in by_hand.state.items():
        torch.testing.assert_close(saved[name], value, rtol=1e-4, atol=1e-6)
    results = run.conclude()
    exported = SentenceEncoder.from_pretrained(run.folder.encoder)
    scored = evaluate_encoder(exported, run.evaluation.dev_tasks).sts["pairs"].all
    assert results["best"]["pairs_dev"] == pytest.approx(scored, abs=1e-3)
    # an average of whole numbers would be rounded down: position 5 to 4
    positions = exported.backbone.embeddings.position_ids
    assert torch.equal(positions.flatten(), torch.arange(positions.numel()))


def test_a_table_of_modules(configure: Configure, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="sentcse"):
        fitted(configure("callbacks=model_summary", "trainer.max_steps=1"))
    assert "| SentenceEncoder |" in caplog.text


@pytest.mark.parametrize(
    ("profiler", "word"),
    [("simple", "training_step"), ("advanced", "training_step"), ("pytorch", "SimCSE.optimizer_step")],
)
def test_a_profile_lies_in_the_run_s_folder(profiler: str, word: str, configure: Configure) -> None:
    run = fitted(configure(f"trainer.profiler={profiler}", "trainer.max_steps=6"))
    (profile,) = run.folder.path.glob("fit-profile*.txt")
    assert word in profile.read_text(encoding="utf-8")


@pytest.fixture
def unchecked_shapes() -> Iterator[None]:
    """The checks of shapes, which only tests make, cannot be compiled."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.mark.usefixtures("unchecked_shapes")
def test_a_compiled_run(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    """Traced as for the compiler, which tests/flows/ has write its code."""
    compiled = []
    real = torch.compile

    def traced(module: Any) -> Any:
        compiled.append(type(module).__name__)
        return real(module, backend="eager")

    torch.compiler.reset()
    monkeypatch.setattr(torch, "compile", traced)
    results = train(configure("trainer.compile=true", "trainer.max_steps=2"))
    assert compiled == ["SimCSE"]
    assert results["best"]["step"] == 2
    assert fingerprint(configure("trainer.compile=true")) != fingerprint(configure())
