from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny import tiny_bert, tiny_tokenizer

from sentcse.config import TrainConfig
from sentcse.encoder import SentenceEncoder
from sentcse.evaluation.tasks.pairs import make_pairs
from sentcse.evaluation.tasks.sts import StsTask
from sentcse.records.layout import UNTRAINED_FOLDER
from sentcse.training import dev_evaluation
from sentcse.training.run import train
from sentcse.training.untrained_scores import UntrainedScores, untrained_key

METRICS = {"val/stsb_spearman": 79.73146320858712, "val/alignment": math.nan}
ROWS = [(1.0, "a dog", "the city"), (4.5, "a man runs", "a man")]


def made(**settings: Any) -> SentenceEncoder:
    options: dict[str, Any] = {"pooler": "avg"} | settings
    return SentenceEncoder(options.pop("backbone", tiny_bert()), tiny_tokenizer(), **options)


def task(**changes: Any) -> StsTask:
    return replace(StsTask("pairs", "dev", (make_pairs("all", ROWS),), "Pairs"), **changes)


def key(
    encoder: SentenceEncoder | None = None, *tasks: StsTask, batch_size: int = 8, precision: str = "float32"
) -> str:
    encoder = made() if encoder is None else encoder
    return untrained_key(encoder, tasks or [task()], batch_size=batch_size, precision=precision)


def test_measured_once_and_then_read(tmp_path: Path) -> None:
    kept, measured = UntrainedScores(tmp_path / "untrained"), []

    def measure() -> dict[str, float]:
        measured.append(1)
        return METRICS

    first, second = kept.get("0a", METRICS, measure), kept.get("0a", METRICS, measure)
    assert len(measured) == 1
    assert first == METRICS
    np.testing.assert_equal(second, METRICS)  # to the last digit, nan as nan
    kept.get("0b", METRICS, measure)
    assert len(measured) == 2


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"val/a": "b"}', '{"val/a": [1]}', "{}", '{"val/b": 1}'])
def test_a_damaged_file_is_made_again(tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str) -> None:
    (tmp_path / "0a.json").write_text(text)
    assert UntrainedScores(tmp_path).get("0a", ["val/a"], lambda: {"val/a": 1.0}) == {"val/a": 1.0}
    assert "is damaged: the untrained encoder is scored again." in caplog.text
    assert json.loads((tmp_path / "0a.json").read_text()) == {"val/a": 1.0}


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    assert UntrainedScores(tmp_path / "file").get("0a", ["val/a"], lambda: {"val/a": 1.0}) == {"val/a": 1.0}
    assert "cannot be written" in caplog.text


def test_the_key_is_that_of_equal_encoders_and_pairs() -> None:
    assert key() == key(made(), task())
    encoder = made()
    encoder.encode(["a dog", "the city and the man"])  # leaves padding and truncation behind in the tokeniser
    assert key(encoder) == key()


def test_the_key_does_not_hang_on_where_the_model_lies(tmp_path: Path) -> None:
    keys, encoder = set(), made()
    for place in ("here", "there"):
        encoder.save_pretrained(tmp_path / place)
        keys.add(key(SentenceEncoder.from_pretrained(tmp_path / place)))
    assert len(keys) == 1


def test_the_key_changes_with_what_scores_depend_on(monkeypatch: pytest.MonkeyPatch) -> None:
    nudged = made()
    with torch.no_grad():
        next(nudged.parameters()).view(-1)[0] += 1e-6
    lengthened = [ROWS[0], (4.5, "a man runs.", "a man")]
    moved = [ROWS[0], (4.5, "a man", "runs a man")]
    regraded = [ROWS[0], (4.0, *ROWS[1][1:])]
    keys = [
        key(),
        key(nudged),
        key(made(pooler="cls_before_pooler")),
        key(made(prompt="a ")),
        key(made(head=torch.nn.Identity())),
        key(made(backbone=tiny_bert(hidden_act="relu"))),
        key(made(backbone=tiny_bert().to(torch.bfloat16))),
        key(None, task(split="test")),
        key(None, task(name="other")),
        key(None, task(), task(name="other")),
        *(key(None, task(sources=(make_pairs("all", rows),))) for rows in (ROWS[:1], lengthened, moved, regraded)),
        key(None, task(sources=(make_pairs("a", ROWS[:1]), make_pairs("b", ROWS[1:])))),
        key(batch_size=16),
        key(precision="bfloat16"),
    ]
    shorter, other_side = made(), made()
    shorter.tokenizer.model_max_length = 8
    other_side.tokenizer.padding_side = "left"
    keys += [key(shorter), key(other_side)]
    monkeypatch.setattr(torch, "get_num_threads", lambda: 7)
    keys.append(key())
    assert len(set(keys)) == len(keys)


def test_the_runs_of_a_sweep_score_the_untrained_encoder_once(
    configure: Callable[..., TrainConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    scored: list[list[str]] = []
    measure = dev_evaluation.evaluate_encoder

    def noted(encoder: Any, tasks: Any, **options: Any) -> Any:
        scored.append([task.split for task in tasks])
        return measure(encoder, tasks, **options)

    monkeypatch.setattr(dev_evaluation, "evaluate_encoder", noted)
    config = configure("trainer.max_steps=2")
    first = train(config)
    assert scored == [["dev"], ["test"], ["dev"], ["test"]]
    second = train(config.model_copy(update={"seed": config.seed + 1}))
    assert scored[4:] == [["dev"], ["test"]]
    assert second["initial"] == first["initial"]
    assert len(list((Path(config.runs.root) / UNTRAINED_FOLDER).glob("*.json"))) == 1
    assert set(first["initial"]) == {"pairs_dev", "pairs_test"}
