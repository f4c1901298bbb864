"""A trainer of one's own, without Hydra and without a run's folder, as docs/lightning.md shows it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jaxtyping
import numpy as np
import pytest
import torch
from pytorch_lightning import Trainer, seed_everything
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint
from tiny import tiny_checkpoint, tiny_config, tiny_tokenizer
from transformers import BertForMaskedLM

import sentcse
from sentcse import DiffCSE, EvaluationCallback, MiCSE, SentenceDataModule, SentenceEncoder, SimCSE
from sentcse.errors import ConfigError, DataError

WORDS = ("man", "woman", "dog", "city", "music")
SENTENCES = [f"the {one} and a {other} in {third}" for one in WORDS for other in WORDS for third in WORDS][:40]


@pytest.fixture
def encoder(tmp_path: Path) -> Path:
    return tiny_checkpoint(tmp_path / "encoder")


@pytest.fixture
def generator(tmp_path: Path) -> Path:
    BertForMaskedLM(tiny_config(num_hidden_layers=1)).save_pretrained(tmp_path / "generator")
    tiny_tokenizer(tmp_path / "generator")
    return tmp_path / "generator"


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    path = tmp_path / "mine.tsv"
    rows = [f"{number % 6}\t{SENTENCES[number]}\t{SENTENCES[-number]}" for number in range(1, 20)]
    path.write_text("score\tsentence1\tsentence2\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def data(module: Any, tmp_path: Path, source: Any = SENTENCES, **options: Any) -> SentenceDataModule:
    settings = {"batch_size": 8, "cache_dir": tmp_path / "cache", **options}
    return SentenceDataModule(source=source, tokenizer=module.encoder.tokenizer, **settings)


def trainer(folder: Path, *callbacks: Any, **options: Any) -> Trainer:
    settings: dict[str, Any] = {"max_epochs": 2, "accelerator": "cpu", "logger": False, "enable_progress_bar": False}
    return Trainer(**{**settings, **options}, default_root_dir=folder, callbacks=list(callbacks))


def test_the_page_says_what_runs(
    encoder: Path, generator: Path, pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "lightning.md").read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"```python\n(.*?)```", page, re.DOTALL)) + "\ntrainer.fit(module, data)\n"
    names = {"bert-base-uncased": encoder, "distilbert-base-uncased": generator, "stsb": pairs, "best": "best_ones"}
    for name, path in names.items():
        assert f'"{name}"' in code
        code = code.replace(f'"{name}"', f'"{path}"')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    Path("sentences.txt").write_text("\n".join(SENTENCES) + "\n", encoding="utf-8")
    found: dict[str, Any] = {}
    exec(code, found)
    assert SentenceEncoder.from_pretrained("my-encoder").encode(SENTENCES).shape == (40, 16)
    assert found["best"].best_model_path.startswith(str(tmp_path / "best_ones"))
    assert float(found["stop"].best_score) == pytest.approx(found["scores"].best["score"])


@pytest.mark.parametrize("method", [SimCSE, DiffCSE, MiCSE])
def test_ten_lines(method: Any, encoder: Path, generator: Path, tmp_path: Path) -> None:
    seed_everything(42)
    names = {"generator": generator} if method is DiffCSE else {}
    module = method.from_pretrained(encoder, **names)
    before = module.evaluation_encoder().encode(SENTENCES)
    trainer(tmp_path).fit(module, data(module, tmp_path))
    (path,) = tmp_path.glob("checkpoints/*.ckpt")
    again = method.load_from_checkpoint(path).evaluation_encoder()
    after = module.evaluation_encoder().encode(SENTENCES)
    np.testing.assert_array_equal(again.encode(SENTENCES), after)
    assert not np.allclose(before, after, atol=1e-4)
    exported = module.evaluation_encoder().save_pretrained(tmp_path / "exported")
    for source in (exported, path):  # without miCSE's attention maps, whose layers round otherwise
        np.testing.assert_allclose(SentenceEncoder.from_pretrained(source).encode(SENTENCES), after, atol=1e-5)


def test_a_dataset_and_a_list_train_alike(encoder: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    states = []
    for source in (SENTENCES, datasets.Dataset.from_dict({"text": SENTENCES})):
        seed_everything(1)
        module = SimCSE.from_pretrained(encoder)
        trainer(tmp_path, max_steps=3, enable_checkpointing=False).fit(module, data(module, tmp_path, source))
        states.append(module.state_dict())
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())


def test_a_list_of_pairs(encoder: Path, tmp_path: Path) -> None:
    module = SimCSE.from_pretrained(encoder)
    ready = data(module, tmp_path, list(zip(SENTENCES[:20], SENTENCES[20:], strict=True)))
    trainer(tmp_path, max_steps=1, enable_checkpointing=False).fit(module, ready)
    assert ready.sentences == 20


@pytest.mark.parametrize("at_once", [True, False])
def test_the_best_checkpoint_by_its_score(at_once: bool, encoder: Path, pairs: Path, tmp_path: Path) -> None:
    """After every evaluation with save_on_train_epoch_end=False, else after every epoch."""
    module = SimCSE.from_pretrained(encoder, optimizer=sentcse.AdamWSettings(learning_rate=1e-2))
    scores = EvaluationCallback.from_names(str(pairs), every_n_steps=2)
    assert scores.monitor == "val/mine_spearman"
    best = ModelCheckpoint(
        tmp_path / "best", monitor=scores.monitor, mode="max", save_on_train_epoch_end=False if at_once else None
    )
    fitted = trainer(tmp_path, scores, best)
    fitted.fit(module, data(module, tmp_path))
    assert best.best_model_score is not None
    assert {"val/mine_spearman", "val/alignment", "val/uniformity"} <= fitted.callback_metrics.keys()
    if at_once:
        assert float(best.best_model_score) == pytest.approx(scores.best["score"])
        assert f"step={int(scores.best['step'])}.ckpt" in best.best_model_path
    else:
        assert best.best_model_path.endswith(("step=5.ckpt", "step=10.ckpt"))


def test_training_stops_where_the_score_gets_no_better(encoder: Path, pairs: Path, tmp_path: Path) -> None:
    module = SimCSE.from_pretrained(encoder)
    scores = EvaluationCallback.from_names([str(pairs)], every_n_steps=1)
    stopping = EarlyStopping(
        scores.monitor, mode="max", patience=2, min_delta=1000.0, check_on_train_epoch_end=False, check_finite=False
    )
    fitted = trainer(tmp_path, stopping, scores)
    fitted.fit(module, data(module, tmp_path))
    # the first evaluation is the best one, and two more are no better
    assert fitted.global_step == 3
    assert scores.last_step == 3


def test_what_the_evaluation_measures(encoder: Path, pairs: Path, tmp_path: Path) -> None:
    module = SimCSE.from_pretrained(encoder)
    scores = EvaluationCallback.from_names(str(pairs), every_n_steps=1000)
    fitted = trainer(tmp_path, scores, max_steps=2, enable_checkpointing=False)
    fitted.fit(module, data(module, tmp_path))
    assert float(fitted.callback_metrics[scores.monitor]) == pytest.approx(scores.best["score"])
    assert scores.initial["mine_spearman"] is not None


def test_names_of_what_is_scored(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no task 'stsx'"):
        EvaluationCallback.from_names(["stsx"], data_root=tmp_path)
    with pytest.raises(ConfigError, match="sts12 has no split 'dev'"):
        EvaluationCallback.from_names("sts12", data_root=tmp_path)
    with pytest.raises(DataError, match=r"none\.tsv"):
        EvaluationCallback.from_names(str(tmp_path / "none.tsv"))


def test_a_benchmark_by_name(real_data: Path) -> None:
    scores = EvaluationCallback.from_names(["stsb", "sickr"], data_root=real_data, select="sickr")
    assert scores.monitor == "val/sickr_spearman"
    assert [task.pairs for task in scores.dev_tasks] == [1500, 500]


@pytest.fixture
def unchecked_shapes() -> Iterator[None]:
    """The checks of shapes, which only tests make, cannot be compiled."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.mark.slow
@pytest.mark.usefixtures("unchecked_shapes")
@pytest.mark.parametrize("method", [SimCSE, DiffCSE, MiCSE])
def test_a_compiled_module_trains(method: Any, encoder: Path, generator: Path, tmp_path: Path) -> None:
    """Without dropout, when both draw the same, to the same losses; and with it, of which one method is enough."""
    names = {"generator": generator, "rtd_weight": 0.0} if method is DiffCSE else {}

    def loss(dropout: float, *, compiled: bool) -> float:
        torch.compiler.reset()
        seed_everything(1)
        module = method.from_pretrained(encoder, dropout=dropout, **names)
        fitted = trainer(tmp_path, max_steps=2, enable_checkpointing=False, log_every_n_steps=1)
        fitted.fit(torch.compile(module) if compiled else module, data(module, tmp_path))
        return float(fitted.callback_metrics["train/info_nce"])

    assert loss(0.0, compiled=True) == pytest.approx(loss(0.0, compiled=False), rel=1e-4)
    if method is SimCSE:
        assert loss(0.1, compiled=True) > 0
