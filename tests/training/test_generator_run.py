"""A masked language model of one's own, from the command's settings to a generator that DiffCSE takes."""

from __future__ import annotations

import csv
import json
import random
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from composing import checked, compose
from safetensors.torch import load_file
from stopping import stopping_at
from tiny import tiny_checkpoint, tiny_decoder, tiny_tokenizer
from transformers import AutoModelForMaskedLM, AutoTokenizer

from sentcse.config.check import check_generator_config
from sentcse.config.generator_schema import GeneratorConfig
from sentcse.errors import ConfigError, SentcseError
from sentcse.records.run_folder import RunFolder
from sentcse.storage.masked_language_models import load_masked_language_model, load_to_train
from sentcse.storage.tokenizers import load_tokenizer
from sentcse.training import generator_run as module
from sentcse.training.configured_method import build_encoder, build_method
from sentcse.training.generator_run import train_generator

Configure = Callable[..., GeneratorConfig]


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`encoder/`, which has no head, and `sentences.txt` of a language in which six words of nine are certain."""
    folder = tmp_path_factory.mktemp("toy")
    tiny_checkpoint(folder / "encoder")
    draw = random.Random(0)
    triples = {tuple(draw.choices(string.ascii_lowercase[1:], k=3)) for _ in range(400)}
    lines = [f"the {a} is in the {b} of the {c}\n" for a, b, c in sorted(triples)]
    (folder / "sentences.txt").write_text("".join(lines))
    return folder


@pytest.fixture
def configure(toy: Path, tmp_path: Path) -> Configure:
    """The checked configuration of a run of ten steps."""

    def configure(*more: str, runs: str = "runs") -> GeneratorConfig:
        settings = [
            "data=text",
            f"data.path={toy}/sentences.txt",
            f"data.cache_dir={tmp_path}/cache",
            "data.batch_size=32",
            f"encoder.name_or_path={toy}/encoder",
            "held_out.share=0.1",
            "evaluation.every_n_steps=4",
            "optimizer.learning_rate=2e-2",
            "optimizer.warmup_steps=2",
            "trainer.accelerator=cpu",
            "trainer.precision=32",
            "trainer.max_steps=10",
            "trainer.log_every_n_steps=1",
            "trainer.progress=false",
            f"runs.root={tmp_path}/{runs}",
        ]
        return check_generator_config(compose(*settings, *more, config_name="generator_train"))

    return configure


def test_it_learns_and_diffcse_takes_what_it_wrote(
    configure: Configure, toy: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = configure("trainer.max_steps=60", "evaluation.every_n_steps=20")
    folder = RunFolder(config)
    with caplog.at_level("INFO", logger="sentcse"):
        results = train_generator(config)
    assert "a new head, as it has none" in caplog.text
    assert json.loads(folder.results.read_text()) == results
    sentences = len((toy / "sentences.txt").read_text().splitlines())
    assert results["held_out"] == int(sentences * 0.1)
    assert results["data"]["sentences"] == sentences - results["held_out"]
    initial, best = results["initial"], results["best"]
    assert initial["masked_accuracy"] < 0.2
    assert best["masked_accuracy"] > 0.5
    assert best["perplexity"] < initial["perplexity"] / 5
    with folder.metrics.open(newline="") as lines:
        rows = {row["step"]: row for row in csv.DictReader(lines) if row["val/perplexity"]}
    assert list(rows) == ["0", "20", "40", "60"]
    assert float(rows[str(best["step"])]["val/perplexity"]) == best["perplexity"]
    assert min(float(row["val/loss"]) for row in rows.values()) == float(rows[str(best["step"])]["val/loss"])
    assert folder.curves.is_file()
    check_export(folder)
    check_diffcse(folder, toy)
    # the same command says that it is done
    with caplog.at_level("INFO", logger="sentcse"):
        assert train_generator(config) == results
    assert "This run is complete" in caplog.text
    # and the model is one to go on from, with its own head
    assert load_to_train(folder.path)[1]


def check_export(folder: RunFolder) -> None:
    stored = load_file(folder.model / "model.safetensors")
    assert "bert.embeddings.word_embeddings.weight" in stored
    assert not any("decoder.weight" in name for name in stored)  # tied, as Hugging Face saves it
    model = AutoModelForMaskedLM.from_pretrained(folder.model)
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight
    tokenizer = AutoTokenizer.from_pretrained(folder.model)
    with torch.no_grad():
        scores = model(**tokenizer("the b [MASK] in the c of the d", return_tensors="pt")).logits
    assert tokenizer.convert_ids_to_tokens(int(scores[0, 3].argmax())) == "is"
    card = (folder.model / "README.md").read_text()
    assert "pipeline_tag: fill-mask" in card
    assert "| `masking_ratio` | 0.15 |" in card
    assert str(folder.path) not in card


def check_diffcse(folder: RunFolder, toy: Path) -> None:
    """Named by its model's folder or by the run's."""
    for name in (folder.model, folder.path):
        load_masked_language_model(name)
        config = checked(
            "method=diffcse", f"encoder.name_or_path={toy}/encoder", f"generator.name_or_path={name}", "data=embedded"
        )
        build_method(config, build_encoder(config))


@pytest.fixture
def stopped() -> Callable[[GeneratorConfig, int], None]:
    """Train, but stop before the step after `step`."""

    def stopped(config: GeneratorConfig, step: int) -> None:
        with stopping_at(module, step, RuntimeError("power cut")):
            train_generator(config)

    return stopped


def outcome(folder: RunFolder) -> tuple[bytes, dict[str, Any], list[tuple[str, ...]]]:
    """Weights, results and metrics without what the clock and the place decide."""
    results = json.loads(folder.results.read_text())
    del results["seconds"], results["config"]["runs"]
    with folder.metrics.open(newline="") as lines:
        rows = sorted((row["step"], row["train/loss"], row["val/loss"]) for row in csv.DictReader(lines))
    return (folder.model / "model.safetensors").read_bytes(), results, rows


def test_a_stopped_run_goes_on_bit_for_bit(
    configure: Configure, stopped: Callable[[GeneratorConfig, int], None]
) -> None:
    # twelve steps an epoch: stopped before the first checkpoint, in the first epoch, and in the second
    more = ["trainer.max_steps=16"]
    config, alone = configure(*more), configure(*more, runs="alone")
    for step in (2, 6, 14):
        stopped(config, step)
        assert not RunFolder(config).results.exists()
    train_generator(config)
    train_generator(alone)
    assert outcome(RunFolder(config)) == outcome(RunFolder(alone))


def test_overwrite_starts_again_and_another_corpus_is_refused(
    configure: Configure, stopped: Callable[[GeneratorConfig, int], None], tmp_path: Path, toy: Path
) -> None:
    copy = tmp_path / "mine.txt"
    copy.write_text((toy / "sentences.txt").read_text())
    config = configure(f"data.path={copy}", "trainer.max_steps=6")
    stopped(config, 5)
    copy.write_text(copy.read_text() + "the b is in the city of the man\n")
    with pytest.raises(SentcseError, match=r"data\.path=.* has changed since"):
        train_generator(config)
    train_generator(configure(f"data.path={copy}", "trainer.max_steps=6", "overwrite=true"))
    assert RunFolder(config).results.is_file()


def test_what_cannot_be_trained(configure: Configure, tmp_path: Path) -> None:
    few = tmp_path / "few.txt"
    few.write_text("the dog\nthe man\nthe city\n")
    with pytest.raises(SentcseError, match="gives 3 sentences, too few to hold out"):
        train_generator(configure(f"data.path={few}"))
    assert not (tmp_path / "runs").exists()
    folder = tiny_checkpoint(tmp_path / "maskless")
    tokenizer = tiny_tokenizer()
    tokenizer.mask_token = None
    tokenizer.save_pretrained(folder)
    assert load_tokenizer(folder).mask_token_id is None
    with pytest.raises(ConfigError, match="its tokenizer has no mask token"):
        configure(f"encoder.name_or_path={folder}")
    # a GPT's files do not name one, as those of some BERTs: only loading it tells
    decoder = configure(f"encoder.name_or_path={tiny_decoder(tmp_path / 'gpt')}")
    with pytest.raises(SentcseError, match=r"The tokenizer of .*gpt has no mask token, which masked"):
        train_generator(decoder)
    assert not (tmp_path / "runs").exists()


def test_the_folder_depends_on_what_matters(configure: Configure) -> None:
    base = RunFolder(configure()).path
    assert base.name.startswith("generator_encoder_seed42_")
    for same in ("encoder.pooler=avg", "trainer.threads=1", "evaluation.batch_size=3"):
        assert RunFolder(configure(same)).path == base
    for other in ("masking_ratio=0.3", "held_out.seed=1", "held_out.at_most=5", "optimizer.learning_rate=1e-4"):
        assert RunFolder(configure(other)).path != base
