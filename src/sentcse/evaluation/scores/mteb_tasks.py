"""Tasks of the MTEB leaderboard by name, scored by the package mteb itself (Muennighoff et al. 2023)."""

from __future__ import annotations

import contextlib
import difflib
import math
from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from sentcse.config.tasks import hint_at_list
from sentcse.errors import ConfigError, DataError, SentcseError
from sentcse.evaluation.scores.embeddings import Encoder
from sentcse.machine.hub import hub_is_reachable, without_hub
from sentcse.modules.input_length import longest_input

if TYPE_CHECKING:
    from mteb import AbsTask

POINTS = 100
"""MTEB's scores are fractions; ours are points."""


def load_mteb_tasks(names: Sequence[str], *, languages: Sequence[str] | None = ("eng",)) -> list[AbsTask]:
    """Find tasks by their names in mteb and load their data: from the hub, or from its cache on this machine.

    Args:
        names: such as "STS12", "TwentyNewsgroupsClustering", "NFCorpus".
        languages: three-letter codes of the parts that are scored; None for all.

    Raises:
        ConfigError: if mteb is not installed, there is no such task, or it is not one of text in these languages.
        DataError: if its data cannot be had.
    """
    if find_spec("mteb") is None:
        raise ConfigError(
            "mteb=[...] needs the package mteb, which is not installed: pip install 'sentcse[mteb]' with Python 3.11 "
            "or newer, or leave mteb out."
        )
    tasks = [_find(name, languages) for name in dict.fromkeys(names)]
    for task in tasks:
        load_data(task)
    return tasks


def load_data(task: AbsTask) -> None:
    """Load the data of a task that mteb knows, or of a task of one's own.

    Raises:
        DataError: if they cannot be had.
    """
    from mteb.abstasks.aggregated_task import AbsTaskAggregate

    if isinstance(task, AbsTaskAggregate):
        for part in task.tasks:
            load_data(part)
        return
    try:
        # without a network the library tries again for half a minute; a copy in its cache opens at once
        with contextlib.nullcontext() if hub_is_reachable() else without_hub():
            task.load_data(num_proc=None)
    except (OSError, ValueError, RuntimeError) as error:
        place = task.metadata.dataset["path"]
        reason = str(error).strip().split("\n")[0].rstrip(".")
        raise DataError(
            f"mteb: the data of {task.metadata.name} ({place} on the hub) cannot be had: {reason}; run the command "
            "once where the hub can be reached, and take HF_HOME along to where it cannot."
        ) from None


def score_mteb_tasks(
    encoder: Encoder,
    tasks: Sequence[AbsTask],
    *,
    batch_size: int = 64,
    max_length: int | None = None,
    progress: bool = False,
) -> dict[str, Any]:
    """Score an encoder on tasks, as mteb does.

    Args:
        encoder: the encoder.
        tasks: with their data.
        batch_size: texts encoded together.
        max_length: tokens at which a text is cut; None for the most that the encoder takes, at most 512.
        progress: show mteb's bar.

    Returns:
        What `results.json` holds under "mteb": version, and by task its type, metric, score (x 100, the mean over
        splits and subsets; None where it is not a number), the scores of them, data set, revision and seconds.

    Raises:
        SentcseError: if a vector holds NaN or infinity, or mteb cannot score a task.
    """
    import mteb

    from sentcse.evaluation.scores.mteb_encoder import MtebEncoder

    limit = longest_input(encoder.backbone, encoder.tokenizer) if max_length is None else max_length
    wrapped = MtebEncoder(encoder, batch_size=batch_size, max_length=limit)
    settings: Any = {"batch_size": batch_size, "show_progress_bar": progress}
    records = {}
    for task in tasks:
        try:
            found = mteb.evaluate(
                wrapped,
                task,
                cache=None,
                co2_tracker=False,
                encode_kwargs=settings,
                show_progress_bar=progress,
            )
        except (ValueError, KeyError, RuntimeError, NotImplementedError) as error:
            raise SentcseError(f"mteb cannot score {task.metadata.name}: {type(error).__name__}: {error}") from error
        records[task.metadata.name] = _record(task, found.task_results[0])
    return {"version": mteb.__version__, "max_length": limit, "tasks": records}


def format_mteb(results: dict[str, Any]) -> str:
    """A line for each task: name, type, metric and score."""
    lines = [f"{'MTEB task':<40} {'type':<20} {'metric':<20} {'score':>6}"]
    for name, record in results["tasks"].items():
        score = "-" if record["score"] is None else f"{record['score']:.2f}"
        lines.append(f"{name:<40} {record['type']:<20} {record['metric']:<20} {score:>6}")
    return "\n".join([*lines, f"mteb {results['version']}, raw text, at most {results['max_length']} tokens"])


def _find(name: str, languages: Sequence[str] | None) -> AbsTask:
    import mteb

    try:
        task = mteb.get_task(name)
    except KeyError:
        raise ConfigError(f"mteb: there is no task {name!r}; {_suggestion(name)}{hint_at_list('mteb', name)}") from None
    modalities = ", ".join(task.metadata.modalities)
    if modalities != "text":
        raise ConfigError(f"mteb: {name} is a task of {modalities}; only those of text can be scored.")
    if languages is None:
        return task
    try:
        return mteb.get_task(name, languages=list(languages))
    except ValueError:
        there = ", ".join(sorted(task.metadata.languages))
        raise ConfigError(
            f"mteb: {name} has no part in {', '.join(languages)}, but in {there}: name one of them in mteb_languages."
        ) from None


def _suggestion(name: str) -> str:
    import mteb

    names = {task.metadata.name.casefold(): task.metadata.name for task in mteb.get_tasks(exclude_superseded=False)}
    close = difflib.get_close_matches(name.casefold(), names, 1)
    return f"did you mean {names[close[0]]}?" if close else "https://embeddings-benchmark.github.io/mteb lists them."


def _record(task: AbsTask, result: Any) -> dict[str, Any]:
    splits = {
        split: {scores["hf_subset"]: _points(scores["main_score"]) for scores in subsets}
        for split, subsets in result.scores.items()
    }
    return {
        "type": task.metadata.type,
        "metric": task.metadata.main_score,
        "score": _points(result.get_score()),
        "splits": splits,
        "dataset": task.metadata.dataset["path"],
        "revision": result.dataset_revision,
        "seconds": None if result.evaluation_time is None else round(result.evaluation_time, 2),
    }


def _points(fraction: float) -> float | None:
    return None if not math.isfinite(fraction) else POINTS * float(fraction)
