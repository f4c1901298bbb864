"""One process against two through the command line on real text: losses of 20 steps of the same global batch.

    SENTCSE_DATA=... python -m benchmarks.two_processes FOLDER [--batch 32] [--steps 20] [--draw FILE.png]

`experiment=simcse_minilm`, float32: pairs of neighbouring sentences of Wikipedia without dropout, where both must be
the same, and single sentences with dropout, which each process draws for itself. Prints the largest differences.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
from itertools import islice
from pathlib import Path

SERIES = ("train/loss", "train/positive_cosine", "train/negative_cosine")
KINDS = {"pairs": "pairs, dropout 0", "dropout": "one sentence, dropout 0.1"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--batch", type=int, default=32, help="sentences of all processes together")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--draw", type=Path)
    args = parser.parse_args()
    write_pairs(args.folder)
    found = {}
    for kind in KINDS:
        for count in (1, 2):
            found[kind, count] = train(args.folder, kind, count, args.batch, args.steps)
        one, two = found[kind, 1], found[kind, 2]
        worst = {name: max(abs(a[name] - b[name]) for a, b in zip(one, two, strict=True)) for name in SERIES}
        print(KINDS[kind], {name: f"{value:.1e}" for name, value in worst.items()}, flush=True)
    if args.draw is not None:
        draw(found, args.draw)


def write_pairs(folder: Path) -> None:
    """Each sentence of the first 4,000 with the one behind it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (Path(os.environ["SENTCSE_DATA"]) / "wiki" / "wiki_sentences.txt").open(encoding="utf-8") as file:
        lines = [line.strip() for line in islice(file, 4000)]
    rows = [json.dumps({"anchor": a, "positive": b}) for a, b in zip(lines[::2], lines[1::2], strict=True)]
    (folder / "pairs.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")


def train(folder: Path, kind: str, count: int, batch: int, steps: int) -> list[dict[str, float]]:
    """The training rows of a run on so many processes."""
    words = ["experiment=simcse_minilm", "evaluation=none", f"trainer.max_steps={steps}", "trainer.log_every_n_steps=1"]
    words += ["trainer.precision=32", "trainer.accelerator=cpu", "trainer.threads=1", "trainer.progress=false"]
    words += [f"data.batch_size={batch // count}", f"trainer.devices={count}", f"name={kind}{count}"]
    words += ["trainer.strategy=ddp"] if count > 1 else []
    if kind == "pairs":
        words += ["data=text", f"data.path={folder}/pairs.jsonl", "data.columns=[anchor,positive]", "encoder.dropout=0"]
    words += [f"runs.root={folder}/runs", f"data.cache_dir={folder}/cache"]
    print("python -m sentcse.train", *words, flush=True)
    subprocess.run([sys.executable, "-m", "sentcse.train", *words], check=True, capture_output=True)
    (metrics,) = folder.glob(f"runs/{kind}{count}_*/metrics.csv")
    with metrics.open(newline="", encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["train/loss"]]
    return [{name: float(row[name]) for name in SERIES} for row in rows]


def draw(found: dict[tuple[str, int], list[dict[str, float]]], path: Path) -> None:
    """Losses above, and below how far apart they are."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(2, 2, figsize=(8, 4.6), sharex=True, layout="constrained")
    for column, kind in enumerate(KINDS):
        one, two = ([row["train/loss"] for row in found[kind, count]] for count in (1, 2))
        steps = range(1, len(one) + 1)
        above, below = panels[0][column], panels[1][column]
        above.plot(steps, one, color="#2b4a6f", linewidth=3, alpha=0.45, label="one process")
        above.plot(steps, two, color="#b5482f", linewidth=1.2, label="two processes")
        above.set_title(KINDS[kind], fontsize=10)
        above.legend(fontsize=8)
        apart = [abs(a - b) for a, b in zip(one, two, strict=True)]
        below.plot(steps, apart, color="#333333", marker="o", markersize=4, linestyle="none")
        below.set_yscale("log")
        below.set_xlabel("step")
    panels[0][0].set_ylabel("InfoNCE")
    panels[1][0].set_ylabel("difference (no point: 0)")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
