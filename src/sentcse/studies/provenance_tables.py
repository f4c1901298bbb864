"""Where a study's figures come from: data, settings, versions, machines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sentcse.printing.tables import Table
from sentcse.printing.wording import NOTHING, listed, number, seeds_listed
from sentcse.studies.study import Study
from sentcse.studies.study_run import StudyRun, setting_text

UNKNOWN = "not recorded"


def provenance_tables(study: Study) -> list[Table]:
    """Data by their hash, settings that differ between methods, those that all share, versions and machines."""
    differing, common = _settings(study)
    return [_data(study), *([differing] if differing.rows[0] else []), _versions(study), common]


def _data(study: Study) -> Table:
    found: dict[tuple[Any, ...], set[int]] = {}
    for run in (run for run in study.runs if run.done):
        data = run.part_of_results("data")
        seed = run.record.split_seed if run.record.is_low_shot else None
        key = (str(data.get("source")), run.size, seed, str(data.get("sha256")))
        found.setdefault(key, set()).add(run.record.seed)
    ordered = sorted(found.items(), key=lambda item: (item[0][0], item[0][1], str(item[0][2])))
    rows = tuple(
        (source, number(size, 0), "whole corpus" if seed is None else str(seed), seeds_listed(sorted(seeds)), sha256)
        for (source, size, seed, sha256), seeds in ordered
    )
    columns = ("corpus", "sentences", "seed of the split", "seeds of the runs", "SHA-256")
    return _table("data", "What was trained on: runs with one hash saw the same sentences", columns, rows)


def _settings(study: Study) -> tuple[Table, Table]:
    """The settings in which series differ, and those that all runs share."""
    named = [(part.names[run.record.name], run) for part in study.parts for run in part.runs]
    series = list(dict.fromkeys(name for part in study.parts for name in part.series))
    differing, common = [], []
    for key in sorted({key for _, run in named for key in run.settings}):
        values = {name: _said([run for own, run in named if own == name], key) for name in series}
        if len(set(values.values())) == 1:
            common.append((key, values[series[0]]))
        else:
            differing.append((key, *values.values()))
    return (
        _table("differing", "Settings in which the methods differ", ("setting", *series), tuple(differing)),
        _table("common", "Settings that all runs share", ("setting", "value"), tuple(common)),
    )


def _said(runs: Sequence[StudyRun], key: str) -> str:
    values = sorted({setting_text(run.settings[key]) for run in runs if key in run.settings})
    return listed(values) if values else NOTHING


def _versions(study: Study) -> Table:
    done = [run for run in study.runs if run.done]
    packages = dict.fromkeys(name for run in done for name in run.part_of_results("versions"))
    rows = [
        (name, listed(sorted({str(run.part_of_results("versions").get(name, UNKNOWN)) for run in done})))
        for name in packages
    ]
    seconds = [run.record.seconds for run in done if run.record.seconds is not None]
    precisions = sorted({str(run.record.precision) for run in done if run.record.precision is not None})
    if precisions:
        rows.append(("precision", listed(precisions)))
    rows.append(("hardware", listed(sorted({hardware_in_words(run.record.results) for run in done}))))
    rows.append(("training and evaluation, all runs", f"{sum(seconds) / 3600:.1f} hours"))
    return _table("versions", "Versions and machines", ("what", "value"), tuple(rows))


def hardware_in_words(results: Mapping[str, Any] | None) -> str:
    """What results.json says of the machine, in one line."""
    recorded = None if results is None else results.get("hardware")
    if recorded is None:
        return UNKNOWN
    if not isinstance(recorded, Mapping):
        return str(recorded)
    return ", ".join(f"{name} {value}" for name, value in recorded.items() if value is not None)


def _table(name: str, title: str, columns: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> Table:
    return Table(columns, (rows,), "l" * len(columns), name, title)
