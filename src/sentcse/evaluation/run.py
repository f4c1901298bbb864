"""One evaluation from names to `results.json`."""

from __future__ import annotations

import platform
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sentcse.config.section import Level
from sentcse.errors import ConfigError
from sentcse.evaluation.reports.outputs import prepare_folder, write_evaluation
from sentcse.evaluation.reports.results_file import encoder_record
from sentcse.evaluation.scores.scoring import ScoredEncoder, load_tasks, score_encoder
from sentcse.evaluation.scores.transfer.settings import SEED
from sentcse.evaluation.statistics.against import compare_evaluations
from sentcse.evaluation.statistics.published_rows import PublishedRow, scored_suites, select_rows
from sentcse.evaluation.statistics.reproduction import reproduction_record
from sentcse.evaluation.statistics.resampling import resample_sts
from sentcse.evaluation.statistics.seed_summary import summarise_seeds
from sentcse.machine.device import choose_device, describe_device

PACKAGES = ("sentcse", "torch", "transformers", "numpy", "scipy")


def run_evaluation(
    encoder_source: str | Path | Sequence[str | Path],
    *,
    pooler: str | None = None,
    known_as: str | None = None,
    against: str | Path | None = None,
    against_pooler: str | None = None,
    against_known_as: str | None = None,
    tasks: Sequence[str] = ("sts",),
    mode: str = "test",
    protocol: str = "simcse",
    data_root: str | Path,
    batch_size: int = 64,
    max_length: int | None = None,
    bootstrap: int = 10_000,
    seed: int = 0,
    classifier_seed: int = SEED,
    device: str = "auto",
    published: Sequence[str] = (),
    reproduces: str | None = None,
    output: str | Path | None = None,
    verify: Level = "exact",
    mteb: Sequence[str] = (),
    mteb_languages: Sequence[str] | None = ("eng",),
    progress: bool = False,
) -> dict[str, Any]:
    """Load an encoder, score it, compare it with another and with published scores, and write the results.

    Args:
        encoder_source: folder, checkpoint or hub name; several are taken for seeds of one recipe.
        pooler: None for the one that the encoder's record holds.
        known_as: the published checkpoint that the encoder is a copy of, by its hub name.
        against: another encoder, scored on the same tasks and resamples.
        against_pooler: its pooler; None for the one that its record holds.
        against_known_as: the published checkpoint that it is a copy of.
        tasks: names of `sentcse.data.fetching.sources.LABELS` and `sentcse.data.fetching.sources.TRANSFER_LABELS`, the
            groups "sts", "transfer" and "full", or paths of own .tsv and .csv pairs.
        mode: "test", "dev" or "fasttest".
        protocol: "simcse" or "mteb".
        data_root: the folder that holds `senteval/`.
        batch_size: sentences encoded together.
        max_length: tokens at which a sentence is cut; None for the most that the encoder takes, at most 512.
        bootstrap: resamples of the 95 % intervals; 0 for no intervals.
        seed: of the resampling.
        classifier_seed: of the classifiers of the transfer tasks.
        device: where sentences are encoded, see `sentcse.machine.device.choose_device`.
        published: names of published rows to show beside the score, or "all".
        reproduces: name of the published row that the score is measured against.
        output: folder for `results.json`, tables and plot, or None.
        verify: how much of the evaluation files must be as published: "exact", "text" or "none".
        mteb: names of tasks that the package mteb scores beside them.
        mteb_languages: three-letter codes of their parts that are scored; None for all.
        progress: show a bar.

    Returns:
        The content of `results.json`.

    Raises:
        ConfigError: if a task, mode, protocol, device or published row does not exist or does not fit.
        DataError: naming every file that is missing or wrong; before the encoder is loaded.
        SentcseError: if an encoder cannot be loaded or its vectors are not finite.
    """
    started = time.perf_counter()
    sources = _as_sequence(encoder_source)
    check_combination(sources, against=against, reproduces=reproduces, bootstrap=bootstrap)
    shown, reproduced = named_rows(published, reproduces, tasks=tasks, mode=mode, protocol=protocol)
    place = choose_device(device)
    extra: dict[str, Any] = {"mteb": mteb, "mteb_languages": mteb_languages}
    loaded = load_tasks(tasks, mode=mode, protocol=protocol, data_root=data_root, verify=verify, **extra)
    settings: dict[str, Any] = {"batch_size": batch_size, "max_length": max_length, "progress": progress}
    settings |= {"classifier_seed": classifier_seed, "device": place}
    if output is not None:
        prepare_folder(Path(output))
    scored = [score_encoder(source, loaded, pooler=pooler, known_as=known_as, **settings) for source in sources]
    if against is not None:
        scored.append(score_encoder(against, loaded, pooler=against_pooler, known_as=against_known_as, **settings))
    results = {
        "protocol": protocol,
        "mode": mode,
        "data": loaded.data,
        **combine_records(scored, compared=against is not None, resamples=bootstrap, seed=seed),
    }
    if len(shown) > 0:
        results["published"] = [row.record() for row in shown]
    if len(reproduced) > 0:
        results["reproduction"] = [reproduction_record(row, results) for row in reproduced]
    versions = {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}
    results |= {"versions": versions, "device": describe_device(place)}
    results["seconds"] = round(time.perf_counter() - started, 2)
    if output is not None:
        write_evaluation(results, scored, Path(output))
    return results


def combine_records(
    scored: Sequence[ScoredEncoder], *, compared: bool, resamples: int, seed: int = 0
) -> dict[str, Any]:
    """Make the part of `results.json` that holds scores: of one encoder, of two compared, or of several seeds.

    Args:
        scored: the encoders.
        compared: whether the second of two is what the first is compared with; else several are seeds of one recipe.
        resamples: of the 95 % intervals; 0 for none.
        seed: of the resampling.
    """
    draws = resample_sts([each.evaluation.sts for each in scored], resamples=resamples, seed=seed)
    records = [
        encoder_record(each, sts, resamples=resamples, seed=seed) for each, sts in zip(scored, draws, strict=True)
    ]
    if compared:
        first, second = (each.evaluation for each in scored)
        differences = compare_evaluations(first, second, *draws, resamples=resamples, seed=seed)
        return {**records[0], "against": {**records[1], "differences": differences}}
    if len(records) == 1:
        return records[0]
    return {"encoders": records, "seeds": summarise_seeds(records)}


def named_rows(
    published: Sequence[str], reproduces: str | None, *, tasks: Sequence[str], mode: str, protocol: str
) -> tuple[list[PublishedRow], list[PublishedRow]]:
    """Find the rows to show and the rows to measure against, before anything is fetched or opened.

    Raises:
        ConfigError: if a row does not exist, or cannot be compared with scores of this protocol and mode.
    """
    scope: dict[str, Any] = {"protocol": protocol, "mode": mode, "suites": scored_suites(tasks)}
    wanted = [] if reproduces is None else [reproduces]
    return select_rows(published, **scope), select_rows(wanted, key="reproduces", **scope)


def check_combination(
    encoder_source: str | Path | Sequence[str | Path],
    *,
    against: str | Path | None,
    reproduces: str | None,
    bootstrap: int,
) -> None:
    """Refuse settings that do not go together.

    Raises:
        ConfigError: naming them.
    """
    sources = _as_sequence(encoder_source)
    if bootstrap == 0 and (against is not None or (reproduces is not None and len(sources) == 1)):
        raise ConfigError("bootstrap=0: against and reproduces need resamples; leave it at 10000.")
    if against is not None and len(sources) != 1:
        raise ConfigError(f"against compares one encoder with another, encoder names {len(sources)}; name one.")
    if len({str(source) for source in sources}) != len(sources) or len(sources) == 0:
        raise ConfigError("encoder must name at least one encoder, and none twice.")


def _as_sequence(source: str | Path | Sequence[str | Path]) -> Sequence[str | Path]:
    return [source] if isinstance(source, str | Path) else source
