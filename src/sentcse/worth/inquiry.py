"""What is measured: the corpus read, methods tried on a part of it, each compared with the start."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sentcse.config.worth import WorthConfig
from sentcse.data.configured import configured_source
from sentcse.data.source import Prompted
from sentcse.data.token_cache import TokenCache
from sentcse.encoder import SentenceEncoder
from sentcse.evaluation.tasks.sts import StsTask
from sentcse.machine.device import choose_device
from sentcse.machine.locate import find_file
from sentcse.records.run_folder import RunFolder
from sentcse.training.pace import silenced
from sentcse.training.run import train
from sentcse.worth.corpus import Corpus, look_at, near_duplicates
from sentcse.worth.findings import Findings, Tried, cost_of
from sentcse.worth.plan import Trial, plan
from sentcse.worth.published_tests import published_tests
from sentcse.worth.scores import OWN, Measured, compare, comparison_tasks, measure


def find_out(config: WorthConfig, *, command: str) -> Findings:
    """All that is measured; a run that is complete is not made again.

    Args:
        config: the command's settings.
        command: that asks for it, for the page.

    Raises:
        SentcseError: if the corpus, the pairs or a model cannot be had.
    """
    tasks = comparison_tasks(None if config.pairs is None else find_file(config.pairs, Path(config.data_root)))
    _say("Reading the corpus")
    start = opened_start(config)
    corpus = read_corpus(config, start, tasks)
    trials = plan(config, size=corpus.part.size)
    _say("Looking for near-duplicates")
    near = near_duplicates(start, corpus.part.texts, batch_size=config.batch_size)
    pairs = {task.name: task.pairs for task in tasks}
    return Findings(
        encoder=config.encoder,
        pairs=pairs.get(OWN),
        general_pairs=tasks[-1].pairs,
        corpus=corpus,
        near=near,
        tried=try_out(config, trials, start, corpus, tasks),
        batch_size=trials[0].config.data.batch_size,
        max_length=trials[0].config.data.max_length,
        command=command,
    )


def opened_start(config: WorthConfig) -> SentenceEncoder:
    """The encoder that training would start from, with the prompt that the runs have, or else its own.

    Raises:
        SentcseError: if it cannot be had.
    """
    start = SentenceEncoder.from_pretrained(config.encoder, pooler=config.pooler).to(choose_device("auto"))
    prompt = plan(config)[0].config.encoder.prompt
    start.prompt = start.prompt if prompt == "" else prompt
    return start


def read_corpus(config: WorthConfig, start: SentenceEncoder, tasks: Sequence[StsTask]) -> Corpus:
    """The corpus as tokens and as text, with a part of it.

    Raises:
        DataError: if it cannot be read, or has too few sentences.
    """
    first = plan(config)[0].config
    data, prompt = first.data, first.encoder.prompt
    source = configured_source(data, Path(config.data_root))
    source.fetch()
    # as the runs read it
    tokenised = source if prompt == "" else Prompted(source, prompt)
    cache = TokenCache.open_or_build(tokenised, start.tokenizer, data.max_length, Path(data.cache_dir))
    source.check_rows(cache.report.records)
    tests = [*tasks, *published_tests(config.data_root)]
    return look_at(source, cache, tests, part=config.part, held_out=config.held_out, seed=config.seed)


def try_out(
    config: WorthConfig, trials: Sequence[Trial], start: SentenceEncoder, corpus: Corpus, tasks: Sequence[StsTask]
) -> list[Tried]:
    """Make every run, and compare what came of it with the start.

    Raises:
        SentcseError: if a run cannot be made; those that are complete stay.
    """

    def measured(encoder: SentenceEncoder) -> Measured:
        part = corpus.part
        return measure(
            encoder, tasks, part.held_out, part.held_out_texts, seed=config.seed, batch_size=config.batch_size
        )

    _say("Scoring the start")
    before, after, costs = measured(start), [], []
    for trial in trials:
        folder = RunFolder(trial.config)
        _say(f"{trial.name}: {'training' if folder.finished() is None else 'done before'}")
        with silenced():
            results = train(trial.config)
        costs.append(cost_of(trial, results["seconds"]))
        after.append(measured(SentenceEncoder.from_pretrained(folder.encoder).to(start.device)))
    outcomes = compare(before, after, resamples=config.bootstrap, seed=config.seed)
    return [Tried(*each) for each in zip(trials, outcomes, costs, strict=True)]


def _say(line: str) -> None:
    print(line, flush=True)
