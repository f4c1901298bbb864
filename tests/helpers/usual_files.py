"""The files that the inputs of docs/reliability.md are made from: sound ones of every kind, of a tiny encoder."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import torch
from composing import checked
from damage import damage
from encoders import make_encoder, write_checkpoint
from stopping import stopping_at
from tiny import WORDS, tiny_checkpoint, tiny_decoder, tiny_tokenizer
from transformers import BertConfig, BertForMaskedLM

from sentcse.search import main as search
from sentcse.training import run as training

TRAIN = (
    *("data=text", "data.path=sentences.txt", "data.batch_size=8", "data.cache_dir=cache"),
    *("encoder.name_or_path=encoder", "evaluation=embedded", "evaluation.every_n_steps=2"),
    *("evaluation.pairs_dev=pairs.tsv", "evaluation.pairs_test=pairs.tsv"),
    *("trainer.accelerator=cpu", "trainer.precision=32", "trainer.max_steps=4", "trainer.log_every_n_steps=1"),
    *("trainer.progress=false", "trainer.save_last_minutes=0", "optimizer.learning_rate=1e-3"),
)
"""A run of four steps, with the evaluation every second."""
SWEEP = {
    "format": 1,
    "commands": [{"started": "2026-01-01", "command": "python -m sentcse.train -m seed=1,2"}],
    "jobs": [{"number": 0, "settings": {"seed": "1"}, "run": "../../done", "fault": None}],
}


def make_usual_files(place: Path) -> Path:
    """Write them into a folder, with relative paths in all that names another.

    `encoder/` and `decoder/` as transformers has them, `masked/` a masked language model, `export/` of sentcse,
    `foreign/` and `headed/` of sentence-transformers, `last.ckpt`, `sentences.txt`, `pairs.tsv`,
    `senteval/` with STS-B and SICK, `index/`, and in `runs/` a complete run, one that was stopped, a sweep.
    """
    place.mkdir(parents=True)
    before = Path.cwd()
    os.chdir(place)
    try:
        _texts()
        _models()
        _runs()
        _senteval()
        if search(["index", "sentences.txt", "encoder=export", "progress=false"]) != 0:
            raise RuntimeError("the index was not built")
        damage('set index/manifest.json encoder.source "\\"export\\""')  # relative, for the copies
    finally:
        os.chdir(before)
    return place


def _texts() -> None:
    draw = random.Random(0)
    sentences = [" ".join(draw.choices(WORDS, k=draw.randint(3, 9))) + f" {number}" for number in range(40)]
    Path("sentences.txt").write_text("".join(f"{sentence}\n" for sentence in sentences))
    rows = [f"{draw.random() * 5:.1f}\t{draw.choice(sentences)}\t{draw.choice(sentences)}\n" for _ in range(30)]
    Path("pairs.tsv").write_text("".join(rows))


def _models() -> None:
    tiny_checkpoint(Path("encoder"), hidden_dropout_prob=0.2)
    tiny_decoder(Path("decoder"))
    made = make_encoder("avg")
    made.save_pretrained("export")
    write_checkpoint(Path("last.ckpt"), made, None)
    made.save_pretrained("foreign")
    make_encoder("cls", "linear_tanh").save_pretrained("headed")
    for folder in ("foreign", "headed"):
        Path(folder, "sentcse.json").unlink()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        config = BertConfig.from_pretrained("encoder")
        BertForMaskedLM(config).save_pretrained("masked")
    tiny_tokenizer(Path("masked"))


def _runs() -> None:
    training.train(checked(*TRAIN, "name=done"))
    with stopping_at(training, 2, RuntimeError("power cut")):
        training.train(checked(*TRAIN, "name=half"))
    (done,) = Path("runs").glob("done_*")
    sweep = Path("runs/sweeps/study/sweep.json")
    sweep.parent.mkdir(parents=True)
    jobs = [{**SWEEP["jobs"][0], "run": f"../../{done.name}"}]  # type: ignore[index, dict-item]
    sweep.write_text(json.dumps({**SWEEP, "jobs": jobs}))


def _senteval() -> None:
    sts, sick = Path("senteval/STS/STSBenchmark"), Path("senteval/SICK")
    for folder in (sts, sick):
        folder.mkdir(parents=True)
    for name, rows in (("dev", 1500), ("test", 1379)):
        lines = [f"g\tf\t2012\t{row}\t{row % 6}.0\ta dog {row}\tthe man {row % 7}\n" for row in range(rows)]
        (sts / f"sts-{name}.csv").write_text("".join(lines))
    head = "pair_ID\tsentence_A\tsentence_B\trelatedness_score\tentailment_judgment\n"
    for name, rows in (("SICK_trial", 500), ("SICK_test_annotated", 4927)):
        lines = [f"{row}\ta dog {row}\tthe man {row % 7}\t{row % 5 + 1}.0\tNEUTRAL\n" for row in range(rows)]
        (sick / f"{name}.txt").write_text(head + "".join(lines))
