"""What a reproduction will take: what has to be fetched, room on the disk, time as steps that were timed project it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from sentcse.command.composed import announce_loading
from sentcse.config import TrainConfig
from sentcse.data.configured import configured_source
from sentcse.data.fetching.senteval_download import ensure_senteval
from sentcse.data.text_file import TextFile
from sentcse.evaluation.tasks.selection import resolve_tasks, senteval_files
from sentcse.machine.hub import cached_model
from sentcse.printing.wording import count, listed
from sentcse.records.run_folder import RunFolder
from sentcse.storage.backbones import encoder_folder, masked_language_model_folder
from sentcse.sweeps.beforehand import disk
from sentcse.sweeps.progress import in_unit
from sentcse.sweeps.reproduction_plan import Planned, jobs
from sentcse.training.tasks import selected_tasks

NOT_TIMED = "Time: {name} is timed when that is there; without dry_run=true it is fetched, timed and trained."


def pending(planned: Planned) -> list[TrainConfig]:
    """The runs of a recipe that are not complete."""
    return [config for config in planned.configs if not RunFolder(config).results.is_file()]


def missing(planned: Planned) -> list[str]:
    """What a run and its scores need that is not on this machine, in words."""
    config, found = planned.configs[0], []
    for name, revision in _models(config):
        if not Path(name).expanduser().exists() and cached_model(name, revision) is None:
            found.append(f"the model {name}")
    source = configured_source(config.data, Path(config.data_root))
    if isinstance(source, TextFile) and not source.path.is_file():
        found.append(f"the corpus {source.path.name}")
    lacking = [file for file in _files(planned) if not (Path(config.data_root) / "senteval" / file).is_file()]
    return [*found, *([count(len(lacking), "evaluation file")] if lacking else [])]


def fetch_tests(planned: Planned) -> None:
    """Fetch the evaluation files of the scores at the end, before the training and not after.

    Raises:
        DataError: if one is missing and no source gives it.
    """
    config = planned.configs[0]
    ensure_senteval(Path(config.data_root), _files(planned), level=config.evaluation.verify)


def what_is_there(planned: Sequence[Planned]) -> Iterator[str]:
    """What is done, and what has to be fetched, a recipe a line."""
    for each in planned:
        left = len(pending(each))
        lacking = missing(each)
        fetched = f"; to be fetched: {listed(lacking)}" if lacking else ""
        yield f"{each.name}: {count(len(each.configs), 'run')}, {len(each.configs) - left} done{fetched}."


def room(planned: Sequence[Planned]) -> Iterator[str]:
    """The disk that runs which are not begun will take, as far as their models are here to be measured."""
    todo = [job for job in jobs(planned) if job.folder is not None and not job.folder.results.is_file()]
    yield from disk(todo)


def time_needed(planned: Sequence[Planned], timed_steps: int, *, fetch: bool) -> Iterator[str]:
    """The time that each recipe will take, and all of them.

    Args:
        planned: the recipes; one whose runs are complete is not timed.
        timed_steps: how many steps of a run are timed.
        fetch: whether a model that is not here is fetched; else its recipe is not timed.

    Raises:
        SentcseError: if what a run needs cannot be had.
    """
    total = 0.0
    unknown = False
    for each in planned:
        left = pending(each)
        if len(left) == 0:
            continue
        if not fetch and missing(each):
            unknown = True
            yield NOT_TIMED.format(name=each.name)
            continue
        announce_loading()
        print(f"Timing {count(timed_steps, 'step')} of {each.name}", flush=True)
        from sentcse.training.pace import time_steps

        pace = time_steps(left[0], timed_steps)
        total += len(left) * pace.seconds_a_run
        yield (
            f"Time: {each.name} about {in_unit(len(left) * pace.seconds_a_run)} for {count(len(left), 'run')}: "
            f"{pace.steps:,} steps of {pace.seconds_a_step:.3g} s ({count(pace.timed_steps, 'step')} timed here), "
            f"{pace.evaluations:,} evaluations of {pace.seconds_an_evaluation:.3g} s; the seven STS tests "
            f"{'come on top' if pace.test_share is None else 'are in it'}."
        )
    if len(planned) > 1 and not unknown and total > 0:
        yield f"Time: about {in_unit(total)} for all, one run after another."
    if any("transfer" in each.suites for each in planned):
        yield "Time: the classifiers of the transfer tasks come on top; they were not timed."


def _models(config: TrainConfig) -> Iterator[tuple[str, str | None]]:
    yield encoder_folder(config.encoder.name_or_path), config.encoder.revision
    if config.method.reads_generator and config.generator.name_or_path is not None:
        yield masked_language_model_folder(config.generator.name_or_path), config.generator.revision


def _files(planned: Planned) -> list[str]:
    config, scored = planned.configs[0], resolve_tasks(planned.suites, mode="test", protocol="simcse")
    selected = [*selected_tasks(config, "dev"), *selected_tasks(config, "test"), *scored]
    return list(dict.fromkeys(senteval_files(selected)))
