"""One evaluation from names to `results.json`."""

from __future__ import annotations

import platform
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sentcse.config.commands import EvaluationSettings
from sentcse.errors import ConfigError
from sentcse.evaluation.reports.outputs import prepare_folder, write_evaluation
from sentcse.evaluation.reports.record import encoder_record
from sentcse.evaluation.scores.scoring import ScoredEncoder, load_tasks, score_encoder
from sentcse.evaluation.statistics.against import compare_evaluations
from sentcse.evaluation.statistics.published_rows import PublishedRow, scored_suites, select_rows
from sentcse.evaluation.statistics.reproduction import reproduction_record
from sentcse.evaluation.statistics.resampling import resample_sts
from sentcse.evaluation.statistics.seed_summary import summarise_seeds
from sentcse.machine.device import choose_device, describe_device

__all__ = ["EvaluationSettings", "check_settings", "combine_records", "run_evaluation"]

PACKAGES = ("sentcse", "torch", "transformers", "numpy", "scipy")


def run_evaluation(settings: EvaluationSettings) -> dict[str, Any]:
    """Load an encoder, score it, compare it with another and with published scores, and write the results.

    Args:
        settings: for example `EvaluationSettings(encoder="runs/NAME", tasks=["sts"])`. Evaluation files that are
            missing are not fetched: `python -m sentcse.data download` does that.

    Returns:
        The content of `results.json`.

    Raises:
        ConfigError: if a task, device or published row does not exist or does not fit.
        DataError: naming every file that is missing or wrong; before the encoder is loaded.
        SentcseError: if an encoder cannot be loaded or its vectors are not finite.
    """
    started = time.perf_counter()
    check_settings(settings)
    tasks = load_tasks(settings)
    if settings.output is not None:
        prepare_folder(Path(settings.output))
    scored = [
        each
        for source in settings.encoders
        for each in score_encoder(source, tasks, settings, pooler=settings.pooler, known_as=settings.known_as)
    ]
    if settings.against is not None:
        pooler, known_as = settings.against_pooler, settings.against_known_as
        scored.extend(score_encoder(settings.against, tasks, settings, pooler=pooler, known_as=known_as))
    results = {
        "protocol": settings.protocol,
        "mode": settings.mode,
        "data": tasks.data,
        **combine_records(scored, settings),
    }
    shown, reproduced = _published_rows(settings), _reproduced_rows(settings)
    if len(shown) > 0:
        results["published"] = [row.record() for row in shown]
    if len(reproduced) > 0:
        results["reproduction"] = [reproduction_record(row, results) for row in reproduced]
    versions = {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}
    results |= {"versions": versions, "device": describe_device(choose_device(settings.device))}
    results["seconds"] = round(time.perf_counter() - started, 2)
    if settings.output is not None:
        write_evaluation(results, scored, Path(settings.output))
    return results


def combine_records(scored: Sequence[ScoredEncoder], settings: EvaluationSettings) -> dict[str, Any]:
    """Make the part of `results.json` that holds scores: of one encoder, of two compared, of several seeds or widths.

    Args:
        scored: the encoders of the settings, and last the one that they are compared with if there is one.
        settings: of the intervals.
    """
    resampling: dict[str, Any] = {"resamples": settings.bootstrap, "seed": settings.seed}
    draws = resample_sts([each.evaluation.sts for each in scored], **resampling)
    records = [encoder_record(each, sts, **resampling) for each, sts in zip(scored, draws, strict=True)]
    if settings.against is not None:
        first, second = (each.evaluation for each in scored)
        differences = compare_evaluations(first, second, *draws, **resampling)
        return {**records[0], "against": {**records[1], "differences": differences}}
    if len(records) == 1:
        return records[0]
    if len(settings.truncate_dim) > 1:
        first = scored[0].evaluation
        for record, each, drawn in zip(records[1:], scored[1:], draws[1:], strict=True) if settings.bootstrap else ():
            record["differences"] = compare_evaluations(each.evaluation, first, drawn, draws[0], **resampling)
        return {"encoders": records}
    return {"encoders": records, "seeds": summarise_seeds(records)}


def check_settings(settings: EvaluationSettings) -> None:
    """Refuse settings that do not go together or do not fit this machine, before anything is fetched or opened.

    Raises:
        ConfigError: naming them.
    """
    sources, against, reproduces = settings.encoders, settings.against, settings.reproduces
    if settings.bootstrap == 0 and (against is not None or (reproduces is not None and len(sources) == 1)):
        raise ConfigError("bootstrap=0: against and reproduces need resamples; leave it at 10000.")
    if against is not None and len(sources) != 1:
        raise ConfigError(f"against compares one encoder with another, encoder names {len(sources)}; name one.")
    if len(set(sources)) != len(sources) or len(sources) == 0:
        raise ConfigError("encoder must name at least one encoder, and none twice.")
    widths = settings.truncate_dim
    if len(set(widths)) != len(widths):
        raise ConfigError("truncate_dim must name no number of values twice.")
    if len(widths) > 1 and (len(sources) > 1 or against is not None or reproduces is not None):
        raise ConfigError(
            "truncate_dim names several numbers of values, which are compared with each other: name one encoder, and "
            "neither against nor reproduces."
        )
    choose_device(settings.device)
    _published_rows(settings)
    _reproduced_rows(settings)


def _published_rows(settings: EvaluationSettings) -> list[PublishedRow]:
    return select_rows(settings.published, **_comparable(settings))


def _reproduced_rows(settings: EvaluationSettings) -> list[PublishedRow]:
    wanted = [] if settings.reproduces is None else [settings.reproduces]
    return select_rows(wanted, key="reproduces", **_comparable(settings))


def _comparable(settings: EvaluationSettings) -> dict[str, Any]:
    return {"protocol": settings.protocol, "mode": settings.mode, "suites": scored_suites(settings.tasks)}
