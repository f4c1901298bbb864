"""A report of runs that training itself has written: a grid of tiny encoders."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path

import numpy as np
import pytest
from composing import checked
from tiny import WORDS, tiny_checkpoint

from sentcse.report import run_report
from sentcse.training.run import train

pytestmark = pytest.mark.slow


def train_grid(folder: Path) -> None:
    tiny_checkpoint(folder / "encoder", hidden_dropout_prob=0.2)
    draw = random.Random(0)
    sentences = [" ".join(draw.choices(WORDS, k=draw.randint(3, 9))) + f" {number}" for number in range(40)]
    (folder / "sentences.txt").write_text("".join(f"{sentence}\n" for sentence in sentences))
    rows = [f"{draw.random() * 5:.1f}\t{draw.choice(sentences)}\t{draw.choice(sentences)}\n" for _ in range(30)]
    (folder / "pairs.tsv").write_text("".join(rows))
    for method in ("simcse", "micse"):
        for size in (16, 32):
            for seed in (1, 2):
                train(
                    checked(
                        f"method={method}",
                        "data=text",
                        f"data.path={folder}/sentences.txt",
                        f"data.low_shot.size={size}",
                        "data.batch_size=8",
                        f"data.cache_dir={folder}/cache",
                        f"encoder.name_or_path={folder}/encoder",
                        "evaluation=embedded",
                        f"evaluation.pairs_dev={folder}/pairs.tsv",
                        f"evaluation.pairs_test={folder}/pairs.tsv",
                        "evaluation.every_n_steps=2",
                        "trainer.accelerator=cpu",
                        "trainer.precision=32",
                        "trainer.max_steps=4",
                        "trainer.progress=false",
                        "optimizer.learning_rate=1e-3",
                        f"runs.root={folder}/runs",
                        f"seed={seed}",
                    )
                )


def test_the_report_has_what_training_wrote(tmp_path: Path) -> None:
    train_grid(tmp_path)
    out = tmp_path / "out"
    assert run_report([str(tmp_path / "runs"), f"output={out}"]) == 0
    results = [json.loads(file.read_text()) for file in (tmp_path / "runs").glob("*/results.json")]
    assert len(results) == 8
    with (out / "tables" / "scores.csv").open(encoding="utf-8") as lines:
        table = {(r["method"], r["sentences"], r["score"]): float(r["mean"]) for r in csv.DictReader(lines)}
    assert len(table) == 8  # two methods, two sizes, dev and test
    for (method, sentences, score), mean in table.items():
        chosen = [
            each
            for each in results
            if each["config"]["method"]["_target_"].lower().endswith(method)
            and each["data"]["sentences"] == int(sentences)
        ]
        values = [each["best"][score] if score == "pairs_dev" else each["test"]["pairs"]["spearman"] for each in chosen]
        assert mean == pytest.approx(np.mean(values))
    with (out / "tables" / "differences.csv").open(encoding="utf-8") as lines:
        assert {row["pairs"] for row in csv.DictReader(lines)} == {"2"}  # the methods saw the same splits
    with (out / "tables" / "learning_curves.csv").open(encoding="utf-8") as lines:
        assert {row["step"] for row in csv.DictReader(lines)} == {"0", "2", "4"}
    page = (out / "index.html").read_text(encoding="utf-8")
    assert f"processor {results[0]['hardware']['processor']}" in page
    assert all(each["data"]["sha256"] in page for each in results)
    assert str(tmp_path) not in page
