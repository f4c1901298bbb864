"""What a configuration makes of a corpus and of Lightning's Trainer."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from composing import compose
from pytorch_lightning import Trainer
from tiny import tiny_tokenizer

from sentcse.config import TrainConfig
from sentcse.config.check import check_generator_config
from sentcse.config.generator_schema import RunConfig
from sentcse.data.datamodule import SentenceDataModule
from sentcse.data.low_shot import LowShot
from sentcse.data.text_file import TextFile
from sentcse.errors import ConfigError, DataError
from sentcse.records.run_folder import RunFolder
from sentcse.training import build
from sentcse.training.build import build_data, build_trainer, checkpoints, data_arguments, held_out_views
from sentcse.training.dev_evaluation import EvaluationCallback
from sentcse.training.meters import Throughput
from sentcse.training.sharding import FullyShardedStrategy
from sentcse.training.stop_signals import StopSignals

Configure = Callable[..., TrainConfig]
ALWAYS = ["StepSeed", "EpochProgress", "Throughput", "LossGuard"]
LAST = ["BestCheckpoint", "LastCheckpoint"]


def trainer_of(config: RunConfig) -> Trainer:
    evaluation = EvaluationCallback([], [], select="pairs", every_n_steps=2)
    return build_trainer(config, RunFolder(config), evaluation, Throughput())


def callbacks(trainer: Trainer) -> list[str]:
    return [type(each).__name__ for each in trainer.callbacks]  # type: ignore[attr-defined]


def test_the_corpus_as_it_is_configured(configure: Configure, inputs: Path, tmp_path: Path) -> None:
    found = data_arguments(configure("data.max_length=7", "data.drop_last=true", "seed=5"))
    source = found.pop("source")
    assert isinstance(source, TextFile)
    assert source.name == str(inputs / "sentences.txt")
    assert found == {
        "max_length": 7,
        "batch_size": 8,
        "drop_last": True,
        "num_workers": 0,
        "low_shot": None,
        "cache_dir": str(tmp_path / "cache"),
        "seed": 5,
        "drop_duplicates": False,
        "length_window": None,
    }
    assert data_arguments(configure("data.length_window=4"))["length_window"] == 4
    assert data_arguments(configure("data.duplicates=drop"))["drop_duplicates"]
    split = data_arguments(configure("data.low_shot.size=20", "data.low_shot.seed=9"))["low_shot"]
    assert split == LowShot(9, 20, None)


def test_a_prompt_without_room_for_a_sentence(configure: Configure) -> None:
    config = configure('encoder.prompt="the dog runs"', "data.max_length=5")
    with pytest.raises(ConfigError, match=r"encoder\.prompt takes 5 tokens"):
        build_data(config, tiny_tokenizer())


def test_the_length_is_in_steps_or_in_epochs(configure: Configure) -> None:
    by_epochs, by_steps = trainer_of(configure()), trainer_of(configure("trainer.max_steps=3"))
    assert (by_epochs.max_epochs, by_epochs.max_steps) == (2, -1)
    # steps end a run whatever its epochs are
    assert (by_steps.max_epochs, by_steps.max_steps) == (-1, 3)


def test_settings_reach_the_trainer(configure: Configure) -> None:
    more = ("trainer.accumulate_grad_batches=3", "trainer.gradient_clip_val=0.5", "trainer.precision=bf16")
    more = (*more, "trainer.deterministic=true")
    trainer = trainer_of(configure(*more, "trainer.log_every_n_steps=7"))
    assert torch.are_deterministic_algorithms_enabled()
    trainer_of(configure())  # a job behind it in the same process is free again
    assert not torch.are_deterministic_algorithms_enabled()
    assert (trainer.accumulate_grad_batches, trainer.gradient_clip_val) == (3, 0.5)
    assert (trainer.precision, trainer.log_every_n_steps) == ("bf16-mixed", 7)  # type: ignore[attr-defined]
    assert trainer.limit_val_batches == 0
    assert trainer.default_root_dir == str(RunFolder(configure(*more, "trainer.log_every_n_steps=7")).path)


def test_callbacks_in_the_order_that_they_rely_on(configure: Configure, inputs: Path, tmp_path: Path) -> None:
    """The seed before all that draws, what logs before the evaluation, that before the checkpoints that it writes."""
    assert callbacks(trainer_of(configure())) == [
        *("StopSignals", "ViewDoctor", *ALWAYS, "ContrastDoctor", "EvaluationCallback"),
        *LAST,
    ]
    words = [
        f"data.path={inputs}/sentences.txt",
        f"encoder.name_or_path={inputs}/encoder",
        f"runs.root={tmp_path}/runs",
    ]
    cpu = ("trainer.accelerator=cpu", "trainer.precision=32", "trainer.progress=false")
    generator = check_generator_config(compose("data=text", *words, *cpu, config_name="generator_train"))
    # a masked language model has no views
    assert callbacks(trainer_of(generator)) == ["StopSignals", *ALWAYS, "EvaluationCallback", *LAST]


def test_a_bar_is_for_a_terminal(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = configure("trainer.progress=true")
    assert "ProgressBar" not in callbacks(trainer_of(wanted))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert callbacks(trainer_of(wanted))[-4:] == ["EvaluationCallback", "ProgressBar", *LAST]
    assert "ProgressBar" not in callbacks(trainer_of(configure()))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["trainer.accelerator=auto", "trainer.precision=fp16"],
            r"trainer\.precision=fp16 needs a CUDA GPU and this run is on cpu",
        ),
        (["trainer.devices=[1]"], r"trainer\.devices=\[1\] names devices, and a CPU has none to name"),
        (["trainer.accelerator=gpu"], r"trainer\.accelerator=gpu: no such device here; use auto or cpu"),
    ],
)
def test_a_device_or_precision_that_is_not_to_be_had(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, words: list[str], sentence: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(ConfigError, match=sentence):
        trainer_of(configure(*words))


def test_weights_that_are_shared_out_have_no_loss_scale(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    shared_out = "trainer.strategy=fsdp2"
    assert isinstance(trainer_of(configure(shared_out)).strategy, FullyShardedStrategy)
    monkeypatch.setattr(build, "choose_precision", lambda name, accelerator: "fp16" if name == "auto" else name)
    with pytest.raises(ConfigError, match=r"which trainer\.precision=auto needs, as it is fp16 here: set bf16"):
        trainer_of(configure(shared_out, "trainer.precision=auto"))


def test_the_best_checkpoint_is_weights_alone(configure: Configure) -> None:
    folder = RunFolder(configure())
    best, last = checkpoints(folder, minutes=2, signals=StopSignals())
    found: list[Any] = [(each.dirpath, f"{each.filename}.ckpt", each.save_weights_only) for each in (best, last)]
    place = str(folder.checkpoints.absolute())
    assert found == [(place, folder.best.name, True), (place, folder.last.name, False)]


def test_sentences_are_held_out_where_they_select(configure: Configure) -> None:
    def opened(*words: str) -> SentenceDataModule:
        config = configure("evaluation.held_out.share=0.25", *words)
        data = build_data(config, tiny_tokenizer())
        data.setup()
        return data

    labelled = opened()
    assert (type(labelled), labelled.sentences) == (SentenceDataModule, 40)
    config = configure("method.temperature=0.2", "evaluation.held_out.seed=7")
    assert held_out_views(config, labelled) is None
    data = opened("evaluation.select=info_nce")
    assert data.sentences == 30
    views = held_out_views(config, data)
    assert views is not None
    assert (len(views.texts), views.temperature, views.seed) == (10, 0.2, 7)
    assert opened("evaluation.label_free=true").sentences == 30
    # two views of every sentence that is trained on
    batch = next(iter(data.train_dataloader()))
    assert batch["input_ids"].shape[:2] == (8, 2)
    assert data.data_sha256 == labelled.data_sha256


@pytest.mark.parametrize(
    ("share", "sentence"),
    [
        (
            0.025,
            r"evaluation.select=info_nce compares held-out sentences with each other and .*sentences.txt gives 1 of 40",
        ),
        (0.01, r"too few to hold out evaluation.held_out.share=0.01 of them"),
    ],
)
def test_too_few_sentences_to_select_by(configure: Configure, share: float, sentence: str) -> None:
    config = configure("evaluation.select=info_nce", f"evaluation.held_out.share={share}")
    data = build_data(config, tiny_tokenizer())
    with pytest.raises(DataError, match=sentence):
        data.setup() or held_out_views(config, data)
