"""A reproduction that takes seconds: `python tests/helpers/tiny_reproduction.py [--stop=run|scoring] words`.

SentEval's files have a few rows each, and the process may end as SIGKILL would end it: after the first complete run, or
between two scores.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tiny import WORDS, tiny_checkpoint, tiny_config, tiny_tokenizer
from transformers import BertForMaskedLM

from sentcse.config.tasks import TRANSFER_TASKS
from sentcse.data.fetching import manifest
from sentcse.evaluation.tasks import sts, transfer
from sentcse.evaluation.tasks.transfer_files import TREC_CLASSES

PAIRS = 12
ROWS = 60
"""Of a class, or of a part, of a transfer task: ten of each class for ten folds."""
KILLED = 9
REVISION = "0123456789abcdef0123456789abcdef01234567"


def shrink_senteval() -> None:
    """Have every source of the STS tasks hold `PAIRS` pairs, and every file of the transfer tasks `ROWS` rows."""
    for sources in sts._SEMEVAL.values():
        sources.update(dict.fromkeys(sources, (PAIRS, PAIRS)))
    for parts in (sts._STSB, sts._SICK):
        parts.update({part: (file, PAIRS) for part, (file, _) in parts.items()})
    for classes in transfer._CLASS_FILES.values():
        classes.update({file: (number, ROWS) for file, (number, _) in classes.items()})
    for parts in transfer._PART_FILES.values():
        parts.update({part: (file, ROWS) for part, (file, _) in parts.items()})


def publish(root: Path) -> None:
    """Take the files below `root`/senteval for the published ones."""
    known = manifest.load_manifest()
    there = {
        path: manifest.manifest_entry(path, (root / "senteval" / path).read_bytes(), header=entry.header)
        for path, entry in known.items()
        if (root / "senteval" / path).is_file()
    }
    manifest.load_manifest = lambda: {**known, **there}  # type: ignore[assignment]


def write_senteval(root: Path) -> None:
    """The files of the STS and transfer tasks below `root`/senteval, random words with random grades and classes."""
    draw = random.Random(0)

    def sentence() -> str:
        return " ".join(draw.choices(WORDS, k=draw.randint(3, 9)))

    def write(name: str, lines: list[str]) -> None:
        file = root / "senteval" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(f"{line}\n" for line in lines))

    names = [name for task in (*sts._SEMEVAL, "stsb", "sickr") for name in sts.required_files(task, "test")]
    for name in (*names, *sts.required_files("stsb", "dev"), *sts.required_files("sickr", "dev")):
        grades = [f"{draw.random() * 5:.2f}" for _ in range(PAIRS)]
        if "SICK" in name:
            header = "pair_ID\tsentence_A\tsentence_B\trelatedness_score\tentailment_judgment"
            rows = [f"{n}\t{sentence()}\t{sentence()}\t{grade}\tNEUTRAL" for n, grade in enumerate(grades)]
            write(name, [header, *rows])
        elif "STSBenchmark" in name:
            write(name, [f"g\tf\ty\t{n}\t{grade}\t{sentence()}\t{sentence()}" for n, grade in enumerate(grades)])
        else:
            write(name, grades if ".gs." in name else [f"{sentence()}\t{sentence()}" for _ in grades])
    rows: dict[str, Callable[[int], str]] = {
        "SST": lambda n: f"{sentence()}\t{n % 2}",
        "TREC": lambda n: f"{TREC_CLASSES[n % len(TREC_CLASSES)]}:x {sentence()}",
        "MRPC": lambda n: f"{n % 2}\t1\t2\t{sentence()}\t{sentence()}",
    }
    for task in TRANSFER_TASKS:
        for name in transfer.transfer_files(task):
            row = rows.get(name.partition("/")[0], lambda n: sentence())
            header = ["Quality\t#1 ID\t#2 ID\t#1 String\t#2 String"] if task == "mrpc" else []
            write(name, [*header, *map(row, range(ROWS))])


def write_hub(home: Path) -> None:
    """Tiny checkpoints in the hub's cache, under the names of those that the recipes of BERT-base start from.

    Twelve layers, as miCSE reads the attention of the seventh to the tenth.
    """
    tiny_checkpoint(_snapshot(home, "bert-base-uncased"), num_hidden_layers=12)
    generator = _snapshot(home, "distilbert-base-uncased")
    tiny_tokenizer(generator)
    BertForMaskedLM(tiny_config()).save_pretrained(generator)


def _snapshot(home: Path, name: str) -> Path:
    folder = home / "hub" / f"models--{name}"
    snapshot = folder / "snapshots" / REVISION
    for each in (folder / "refs", snapshot):
        each.mkdir(parents=True)
    (folder / "refs" / "main").write_text(REVISION)
    return snapshot


def write_corpus(root: Path) -> None:
    """Forty sentences in `root`/wiki/few.txt."""
    draw = random.Random(1)
    lines = [" ".join(draw.choices(WORDS, k=draw.randint(3, 9))) + f" {number}\n" for number in range(40)]
    (root / "wiki").mkdir(parents=True)
    (root / "wiki" / "few.txt").write_text("".join(lines))


def stop_after_run() -> None:
    """End this process when the first run is complete."""
    from sentcse.records.run_folder import RunFolder

    complete = RunFolder.complete

    def complete_and_end(folder: RunFolder, results: Any) -> None:
        complete(folder, results)
        os._exit(KILLED)

    RunFolder.complete = complete_and_end  # type: ignore[method-assign]


def stop_in_scoring() -> None:
    """End this process when the second run has been scored and its scores are not written."""
    from sentcse.studies import reproduction_scores

    evaluate, seen = reproduction_scores.run_evaluation, []

    def evaluate_and_end(settings: Any) -> dict[str, Any]:
        results = evaluate(settings)
        seen.append(settings)
        if len(seen) == 2:
            os._exit(KILLED)
        return results

    reproduction_scores.run_evaluation = evaluate_and_end


def main(words: list[str]) -> int:
    from sentcse.reproduce import main as reproduce

    stops = {"--stop=run": stop_after_run, "--stop=scoring": stop_in_scoring}
    for word in words:
        stops.get(word, lambda: None)()
    shrink_senteval()
    publish(Path(os.environ["SENTCSE_DATA"]))
    return reproduce([word for word in words if word not in stops])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
