"""Command: train, compare and use encoders with nothing but what is installed.

python -m sentcse.quickstart [key=value ...]
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from sentcse.command.composed import announce_loading, run_command
from sentcse.command.composition import compose
from sentcse.errors import ConfigError, print_fault
from sentcse.records.contents import Results
from sentcse.sweeps.sweep_job import run_sweep_job

QUERIES = (
    "How hot is it inside the Sun?",
    "My train did not come on time this morning.",
    "Which plants grow well in a shady garden?",
)
LABELS = {"simcse": "SimCSE", "diffcse": "DiffCSE", "micse": "miCSE"}
SHARED = ("seed", "overwrite", "runs.", "data.cache_dir", "encoder.name_or_path", "encoder.revision", "trainer.")
"""Settings that the generator of DiffCSE takes over; the others belong to the methods."""


@dataclass(frozen=True)
class Trained:
    """A finished run: the folder of its encoder, its curves, and the content of results.json."""

    encoder: str
    curves: str
    results: Results


def main() -> None:
    """Train with each method on the same sentences, print their scores, search with the best; exit with the code."""
    words = sys.argv[1:]
    try:
        check_all(words)
    except ConfigError as fault:
        print_fault(fault)
        sys.exit(fault.exit_code)
    trained: dict[str, Trained] = {}
    generator: list[str] = []

    def train_method(method: str, *more: str) -> int:
        print(f"\n{LABELS[method]}", flush=True)
        arguments = words_of_method(method, words, more)
        return _run(lambda values: trained.__setitem__(method, train(values)), "train", arguments)

    def train_generator() -> int:
        print("\nThe generator that DiffCSE needs", flush=True)
        return _run(
            lambda values: generator.append(prepare_generator(values)), "generator_train", words_of_generator(words)
        )

    steps: list[Callable[[], int]] = [
        lambda: train_method("simcse"),
        lambda: train_method("micse"),
        train_generator,
        lambda: train_method("diffcse", f"generator.name_or_path={generator[0]}"),
    ]
    for step in steps:
        code = step()
        if code != 0 or len(trained) == 0:  # a fault, or nothing but --help
            sys.exit(code)
    print_comparison(trained)
    best = max(trained.values(), key=lambda each: each.results["best"]["pairs_dev"])
    show_search(best.encoder)
    print(f"\nThe curves:  {best.curves}\nThe encoder: {best.encoder}")
    print(f"Next:        python -m sentcse.evaluate encoder={best.encoder} tasks=your_pairs.tsv")


def words_of_method(method: str, words: Sequence[str], more: Sequence[str] = ()) -> list[str]:
    """What trains one of the methods: `words` are those of the command line."""
    return ["experiment=quickstart", f"method={method}", f"name=quickstart_{method}", *more, *words]


def words_of_generator(words: Sequence[str]) -> list[str]:
    """What trains the generator: of the command line's words, those that it takes over."""
    shared = [word for word in words if word.lstrip("+").startswith(SHARED)]
    return ["generator_experiment=quickstart", "name=quickstart", *shared]


def check_all(words: Sequence[str]) -> None:
    """Check the settings of all four trainings before the first begins.

    Raises:
        ConfigError: with what one of them would refuse when its turn came.
    """
    from sentcse.config.check import check_config, check_generator_config

    chosen = next((word for word in words if word.lstrip("+").startswith(("method=", "experiment="))), None)
    if chosen is not None:
        raise ConfigError(
            f"The quickstart trains every method in its turn: leave {chosen} out, or use python -m sentcse.train "
            "experiment=quickstart."
        )
    # what Hydra does not take, or takes as a question to itself, is the first training's to answer
    if any(word.startswith("-") for word in words):
        return
    with contextlib.suppress(HydraException, OmegaConfBaseException):
        for method in LABELS:
            more = ("generator.name_or_path=generator",) if method == "diffcse" else ()
            check_config(compose(words_of_method(method, words, more)))
        check_generator_config(compose(words_of_generator(words), "generator_train"))


def _run(job: Callable[[dict[str, Any]], None], config_name: str, arguments: list[str]) -> int:
    sys.argv[1:] = arguments
    return run_command(job, config_name, run_sweep_job)


def train(values: dict[str, Any]) -> Trained:
    """Train as configured.

    Raises:
        ConfigError: if the settings leave no scores to compare the methods by.
    """
    from sentcse.config import check_config
    from sentcse.training.preflight import fetch_sources

    config = check_config(values)
    if config.evaluation.select != "pairs" or "pairs" not in config.evaluation.test:
        raise ConfigError(
            f"The quickstart compares the methods on its pairs, and evaluation.select={config.evaluation.select} with "
            f"evaluation.test=[{', '.join(config.evaluation.test)}] has no such scores: leave both as they are, or use "
            "python -m sentcse.train experiment=quickstart."
        )
    fetch_sources(config)
    announce_loading()
    from sentcse.training.run import EncoderRun

    run = EncoderRun(config)
    results = run.carry_out()
    return Trained(str(run.folder.encoder), str(run.folder.curves), results)


def prepare_generator(values: dict[str, Any]) -> str:
    """Train the masked language model; returns its run's folder."""
    from sentcse.config.check import check_generator_config
    from sentcse.training.generator_run import GeneratorRun

    run = GeneratorRun(check_generator_config(values))
    run.carry_out()
    return str(run.folder.path)


def print_comparison(trained: dict[str, Trained]) -> None:
    """Print a table of the methods' scores beside those of the encoder that all began with."""
    first = next(iter(trained.values())).results
    pairs = first["test"]["pairs"]["pairs"]
    print(f"\nSpearman x 100 on {pairs} graded pairs each\n\n{'':<18}{'dev':>8}{'test':>8}{'seconds':>10}")
    initial = first["initial"]
    print(f"{'before training':<18}{initial['pairs_dev']:>8.2f}{initial['pairs_test']:>8.2f}")
    for method, run in trained.items():
        best, test = run.results["best"], run.results["test"]["pairs"]
        seconds = run.results["seconds"]
        print(f"{LABELS[method]:<18}{best['pairs_dev']:>8.2f}{test['spearman']:>8.2f}{seconds:>10.0f}")
    print(
        "\nOne seed, few steps and few pairs: differences this small between methods are chance. What tells methods\n"
        "apart is a sweep over seeds and a report of it, for example\n"
        "  python -m sentcse.train -m experiment=quickstart method=simcse,micse seed=1,2,3\n"
        "  python -m sentcse.report runs"
    )


def show_search(encoder_folder: str) -> None:
    """Print the three sentences of the embedded corpus that are nearest to each query."""
    from sentcse.encoder import SentenceEncoder
    from sentcse.machine.locate import locate
    from sentcse.retrieval.index import most_similar

    with open(locate("package:sentcse/embedded/sentences.tsv"), encoding="utf-8") as lines:
        corpus = [line.rstrip("\n").split("\t")[1] for line in lines][1:]
    encoder = SentenceEncoder.from_pretrained(encoder_folder)
    print(f"\nNearest of {len(corpus)} sentences:")
    for query, hits in zip(QUERIES, most_similar(encoder, QUERIES, corpus), strict=True):
        print(f"\n  {query}")
        for hit in hits:
            print(f"    {hit.cosine:.3f}  {hit.sentence}")


if __name__ == "__main__":
    main()
