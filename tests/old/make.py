"""Make the files beside this script, with the code of the commit that README.md names.

PYTHONPATH=BASE/src:BASE/tests python tests/old/make.py, where BASE is a checkout of that commit; README.md says more.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
from stopping import StopAt  # of the old commit
from tiny import WORDS, tiny_checkpoint  # of the old commit
from transformers import AutoModelForMaskedLM

from sentcse.encoder import SentenceEncoder
from sentcse.generator import main as train_generator
from sentcse.train import main as train
from sentcse.training import run

HERE = Path(__file__).parent
FILES = HERE / "files"
TEXT = ["data=text", "data.path=sentences.txt", "data.cache_dir=cache", "data_root=data", "encoder.name_or_path=tiny"]
TRAINER = ["trainer.accelerator=cpu", "trainer.precision=32", "trainer.threads=1", "trainer.progress=false"]
GENERATOR = [
    *TEXT,
    *TRAINER,
    "trainer.max_steps=4",
    "evaluation.every_n_steps=2",
    "held_out.share=0.2",
    "optimizer.warmup_steps=1",
    "runs.keep=export",
]
SWEEP = [
    *TEXT,
    *TRAINER,
    "data.batch_size=8",
    "trainer.max_steps=8",
    "trainer.log_every_n_steps=1",
    "optimizer.learning_rate=1e-3",
    "evaluation=embedded",
    "evaluation.pairs_dev=pairs.tsv",
    "evaluation.pairs_test=pairs.tsv",
    "evaluation.every_n_steps=2",
    "runs.keep=export",
]
SENTENCES = ["a man plays music", "the dog runs in the city", "x"]


def main() -> None:
    """Make everything anew, in a folder of its own, whose path is no one's."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_inputs(folder)
        inside(folder, "generator", *GENERATOR)
        (generator,) = folder.glob("runs/generator_*/model")
        words = ["-m", "method=simcse,diffcse", f"generator.name_or_path={generator.relative_to(folder)}", *SWEEP]
        # the second job ends after its fifth step, as Ctrl-C would end it
        inside(folder, "stopped", *words)
        for leftover in (*folder.rglob("*.png"), *folder.rglob("*.lock")):
            leftover.unlink()
        shutil.rmtree(FILES, ignore_errors=True)
        shutil.copytree(folder, FILES)
        inside(folder, "whole", *words)
        found = {"command": words, **values(folder, generator)}
    (HERE / "values.json").write_text(json.dumps(found, indent=1) + "\n")


def inside(folder: Path, which: str, *words: str) -> None:
    """Call this script for one command, with `folder` as the current one."""
    subprocess.run([sys.executable, str(HERE / "make.py"), which, *words], cwd=folder, check=False)


def write_inputs(folder: Path) -> None:
    """A checkpoint of one layer, forty sentences, thirty scored pairs."""
    tiny_checkpoint(
        folder / "tiny",
        num_hidden_layers=1,
        hidden_size=8,
        intermediate_size=16,
        max_position_embeddings=32,
        hidden_dropout_prob=0.2,
    )
    draw = random.Random(0)
    sentences = [" ".join(draw.choices(WORDS, k=draw.randint(3, 9))) + f" {number}" for number in range(40)]
    (folder / "sentences.txt").write_text("".join(f"{sentence}\n" for sentence in sentences))
    rows = [f"{draw.random() * 5:.1f}\t{draw.choice(sentences)}\t{draw.choice(sentences)}\n" for _ in range(30)]
    (folder / "pairs.tsv").write_text("".join(rows))


def values(folder: Path, generator: Path) -> dict[str, Any]:
    """What the old code computes from its own files: vectors, logits, and the end of the run that was stopped."""
    model, ids = AutoModelForMaskedLM.from_pretrained(generator).eval(), torch.arange(5, 15)[None]
    with torch.no_grad():
        logits = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[0, :3, 5:8]
    (whole,) = folder.glob("runs/simcse_*")
    (continued,) = folder.glob("runs/diffcse_*")
    return {
        "sentences": SENTENCES,
        "best": SentenceEncoder.from_pretrained(*FILES.glob("runs/*/checkpoints/best.ckpt")).encode(SENTENCES).tolist(),
        "vectors": SentenceEncoder.from_pretrained(whole / "encoder").encode(SENTENCES).tolist(),
        "logits": logits.tolist(),
        "results": {run.name: json.loads((run / "results.json").read_text()) for run in (whole, continued)},
        "continued": SentenceEncoder.from_pretrained(continued / "encoder").encode(SENTENCES).tolist(),
        "metrics": (continued / "metrics.csv").read_text(),
    }


def run_one(which: str, words: list[str]) -> None:
    """One command of the package, in this process."""
    sys.argv = ["sentcse", *words]
    build = run.build_trainer

    def build_stopping(config: Any, *others: Any) -> Any:
        trainer = build(config, *others)
        if config.method.target.endswith("DiffCSE"):
            trainer.callbacks.insert(0, StopAt(5, KeyboardInterrupt()))
        return trainer

    if which == "stopped":
        run.build_trainer = build_stopping
    (train_generator if which == "generator" else train)()


if __name__ == "__main__":
    run_one(sys.argv[1], sys.argv[2:]) if len(sys.argv) > 1 else main()
