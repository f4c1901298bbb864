"""The run of an encoder: what it is built of, what it writes, what its results say."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny import tiny_config, tiny_tokenizer
from transformers import BertForMaskedLM

from sentcse.config import TrainConfig
from sentcse.encoder import SentenceEncoder
from sentcse.evaluation.scores.evaluator import evaluate_encoder
from sentcse.records.run_folder import RunFolder
from sentcse.training.configured_method import build_encoder, build_method
from sentcse.training.dev_evaluation import EvaluationCallback
from sentcse.training.run import EncoderRun, train
from sentcse.training.tasks import configured_tasks

Configure = Callable[..., TrainConfig]


def test_results_are_the_scores_of_the_exported_encoder(configure: Configure) -> None:
    config = configure("method=micse")
    results = train(config)
    folder = RunFolder(config)
    assert results == json.loads(folder.results.read_text())
    exported = SentenceEncoder.from_pretrained(folder.encoder)
    dev, test = (evaluate_encoder(exported, configured_tasks(config, part)).sts["pairs"] for part in ("dev", "test"))
    assert results["best"]["pairs_dev"] == pytest.approx(dev.all, abs=1e-3)
    assert results["test"] == {"pairs": {"spearman": pytest.approx(test.all, abs=1e-3), "pairs": 30}}
    untrained = evaluate_encoder(
        build_method(config, build_encoder(config)).evaluation_encoder(), configured_tasks(config, "dev")
    )
    assert results["initial"]["pairs_dev"] == pytest.approx(untrained.sts["pairs"].all, abs=1e-3)
    assert results["initial"]["pairs_dev"] != pytest.approx(dev.all, abs=1e-3)
    assert results["config"] == config.model_dump(mode="json", by_alias=True)
    assert (results["precision"], results["hardware"]["device"]) == ("32", "cpu")
    assert folder.curves.is_file()


def test_logged_values_are_exact_and_named(configure: Configure) -> None:
    config = configure("trainer.max_steps=3")
    train(config)
    with RunFolder(config).metrics.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    training = [row for row in rows if row["train/loss"]]
    assert [row["step"] for row in training] == ["1", "2", "3"]
    for row in training:
        assert float(row["train/loss"]) == float(row["train/info_nce"]) > 0
        assert all(-1 <= float(row[f"train/{kind}_cosine"]) <= 1 for kind in ("positive", "negative"))
        assert float(row["train/sentences_per_second"]) > 0
    # linear to 0: the rate that each step was made with
    assert [float(row["train/learning_rate"]) for row in training] == pytest.approx([1e-3, 1e-3 * 2 / 3, 1e-3 / 3])
    scored = [row for row in rows if row["val/pairs_spearman"]]
    assert all(row["val/alignment"] and row["val/uniformity"] for row in scored)
    assert [row["step"] for row in rows if row["test/pairs_spearman"]] == ["0"]


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
    measure = EvaluationCallback.test_scores

    def noted(callback: EvaluationCallback, encoder: SentenceEncoder) -> Any:
        seen.append(encoder.device.type)
        return measure(callback, encoder)

    monkeypatch.setattr(EvaluationCallback, "test_scores", noted)
    train(configure("trainer.accelerator=gpu"))
    assert seen == ["cuda", "cuda"]  # before training, and at the end


@pytest.fixture
def repeated(inputs: Path, tmp_path: Path) -> Path:
    """The forty sentences, the first ten of them twice more."""
    lines = (inputs / "sentences.txt").read_text().splitlines()
    path = tmp_path / "repeated.txt"
    path.write_text("".join(f"{line}\n" for line in [*lines, *lines[:10], *lines[:10]]))
    return path


def test_a_prompt_is_as_if_it_stood_before_every_text(configure: Configure, inputs: Path, tmp_path: Path) -> None:
    """In the corpus, in what selects and is scored, held-out sentences included, and in what is exported."""
    prompt = "the dog: "
    words = ["method=micse", "evaluation.dev=[pairs]", "evaluation.select=info_nce"]
    prompted = configure(f'encoder.prompt="{prompt}"', *words)
    lines = (inputs / "sentences.txt").read_text().splitlines()
    (tmp_path / "sentences.txt").write_text("".join(f"{prompt}{line}\n" for line in lines))
    rows = [line.split("\t") for line in (inputs / "pairs.tsv").read_text().splitlines()]
    (tmp_path / "pairs.tsv").write_text("".join(f"{score}\t{prompt}{a}\t{prompt}{b}\n" for score, a, b in rows))
    pairs = [f"evaluation.pairs_{part}={tmp_path}/pairs.tsv" for part in ("dev", "test")]
    written = configure(f"data.path={tmp_path}/sentences.txt", *pairs, *words, runs="written")
    first, second = train(prompted), train(written)
    for what in ("initial", "best", "test"):
        assert first[what] == second[what]
    exported, other = (SentenceEncoder.from_pretrained(RunFolder(config).encoder) for config in (prompted, written))
    assert (exported.prompt, other.prompt) == (prompt, "")
    assert SentenceEncoder.from_pretrained(RunFolder(prompted).best).prompt == prompt  # of a checkpoint alone, too
    assert (exported.encode("a man") == other.encode(f"{prompt}a man")).all()
    assert f"| `encoder.prompt` | {prompt.strip()}" in (RunFolder(prompted).encoder / "README.md").read_text()


def test_adapters_of_lora_are_trained_and_merged_at_the_end(configure: Configure) -> None:
    pytest.importorskip("peft")
    config, whole = configure("encoder.lora.rank=2"), configure(runs="whole")
    results = train(config)
    train(whole)
    folder = RunFolder(config)
    exported = SentenceEncoder.from_pretrained(folder.encoder)
    (dev,) = configured_tasks(config, "dev")
    for opened in (exported, *map(SentenceEncoder.from_pretrained, (folder.encoder / "adapter", folder.best))):
        assert evaluate_encoder(opened, [dev]).sts["pairs"].all == pytest.approx(results["best"]["pairs_dev"], abs=1e-3)
    assert results["best"]["pairs_dev"] != pytest.approx(results["initial"]["pairs_dev"], abs=1e-3)
    card = (folder.encoder / "README.md").read_text()
    assert "through LoRA of rank 2, which is merged into its weights" in card
    assert "| `encoder.lora.targets` | None" in card
    # the moments are those of the adapters and the head
    assert folder.last.stat().st_size < 0.8 * RunFolder(whole).last.stat().st_size
    assert "lora" not in (RunFolder(whole).encoder / "README.md").read_text().lower()


def test_dropped_duplicates_are_counted_and_the_rest_is_trained_on_as_alone(
    configure: Configure, repeated: Path, caplog: pytest.LogCaptureFixture
) -> None:
    alone = train(configure(runs="alone"))
    config = configure(f"data.path={repeated}", "data.duplicates=drop")
    with caplog.at_level("INFO"):
        results = train(config)
    assert "20 rows whose tokens equal an earlier row's were dropped." in caplog.text
    assert (results["data"]["sentences"], results["data"]["dropped_duplicates"]) == (40, 20)
    assert results["data"]["sha256"] != alone["data"]["sha256"]
    for what in ("best", "initial", "test"):
        assert results[what] == alone[what]
    card = (RunFolder(config).encoder / "README.md").read_text()
    assert "| duplicates left out | 20 |" in card
    assert "| `data.duplicates` | drop |" in card


@pytest.mark.parametrize("method", ["simcse", "diffcse", "micse"])
def test_masked_duplicates_are_counted_in_every_step(
    configure: Configure, tmp_path: Path, repeated: Path, method: str
) -> None:
    BertForMaskedLM(tiny_config()).save_pretrained(tmp_path / "generator")
    tiny_tokenizer(tmp_path / "generator")
    more = [f"generator.name_or_path={tmp_path}/generator"] if method == "diffcse" else []
    words = [f"data.path={repeated}", "data.batch_size=64", "trainer.max_steps=2", f"method={method}", *more]
    masked = configure(*words, "data.duplicates=mask")
    train(masked)
    with RunFolder(masked).metrics.open(newline="") as lines:
        counted = [row["train/masked_negatives"] for row in csv.DictReader(lines) if row["train/loss"]]
    # of ten sentences, three times, each sees two
    assert counted == ["60.0", "60.0"]
    kept = configure(*words)
    train(kept)
    assert "masked_negatives" not in RunFolder(kept).metrics.read_text()
    assert build_method(kept, build_encoder(kept)).made_of()["options"].keys() == build_method(
        masked, build_encoder(masked)
    ).made_of()["options"].keys() - {"mask_duplicates"}
