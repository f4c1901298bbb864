"""The tables that a `results.json` holds: scores, transfer scores, geometry."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from sentcse.config.tasks import AVERAGE_COLUMN, SUITE_COLUMNS
from sentcse.evaluation.reports.score_grid import Row, ScoreGrid, Value
from sentcse.evaluation.scores.evaluation import mean_of
from sentcse.evaluation.statistics.seed_summary import task_score
from sentcse.evaluation.tasks.headings import GEOMETRY

GEOMETRY_DIGITS = {"alignment": 3, "uniformity": 3, "anisotropy": 3, "rank": 1}
NAME_WIDTH = 36
"""Of a longer encoder name its end is shown."""

Results = Mapping[str, Any]


def score_tables(results: Results, *, with_geometry: bool = False) -> list[ScoreGrid]:
    """Tables of the STS tasks and own pairs, and of the transfer tasks; each only where one of its tasks was scored.

    The columns are fixed: all tasks of the suite and their average, then own pairs, which stand alone where nothing
    else was scored.

    Args:
        results: content of `results.json`.
        with_geometry: add the geometry to the table of the STS tasks, as columns.
    """
    scored = {label for record in encoder_records(results) for label in record["tasks"]}
    own = tuple(label for label in encoder_records(results)[0]["tasks"] if label not in _suite_columns())
    grids = []
    for suite, columns in SUITE_COLUMNS.items():
        further = own if suite == "sts" else ()
        fixed = (*columns, AVERAGE_COLUMN) if not scored.isdisjoint(columns) else ()
        if len(fixed) + len(further) == 0:
            continue
        compared = _difference_rows(results["against"]["differences"], suite) if "against" in results else ()
        rows = [*_encoder_rows(results, suite), *compared, *_published_rows(results, suite)]
        grid = ScoreGrid((*fixed, *further), rows)
        grids.append(_with_geometry(grid, results) if with_geometry and suite == "sts" else grid)
    return grids


def geometry_table(results: Results) -> ScoreGrid | None:
    """How each encoder's vectors lie; None where STS-B was not scored."""
    rows = [
        Row(name, _geometry_values(record))
        for name, record in zip(encoder_names(results), encoder_records(results), strict=True)
        if record["geometry"] is not None
    ]
    return ScoreGrid(tuple(GEOMETRY), rows, digits=GEOMETRY_DIGITS) if len(rows) > 0 else None


def encoder_records(results: Results) -> list[Results]:
    """Every encoder's own part of the results."""
    if "encoders" in results:
        return list(results["encoders"])
    return [results, results["against"]] if "against" in results else [results]


def encoder_names(results: Results) -> list[str]:
    """What tables call the encoders: the end of a long name; poolers or widths, where these are all that differs."""
    records = encoder_records(results)
    poolers = [str(record["pooler"]) for record in records]
    if len({record["encoder"] for record in records}) == 1 and len(set(poolers)) == len(records) > 1:
        return [f"pooler {pooler}" for pooler in poolers]
    if _are_widths(results):
        return [f"{record['dimensions']} values" for record in records]
    return [_shortened(str(record["encoder"])) for record in records]


def _are_widths(results: Results) -> bool:
    return "encoders" in results and "seeds" not in results


def headline(task: Mapping[str, Any]) -> float | None:
    """A task's score in "tasks" of the results: Spearman over all pairs, or accuracy; nan for a collapsed encoder."""
    if task["collapsed"]:
        return math.nan
    return task_score(task)


def _suite_columns() -> set[str]:
    return {column for columns in SUITE_COLUMNS.values() for column in columns}


def _encoder_rows(results: Results, suite: str) -> Iterator[Row]:
    for name, record in zip(encoder_names(results), encoder_records(results), strict=True):
        yield Row(name, {**_scores(record, suite), AVERAGE_COLUMN: record["average"].get(suite)})
        intervals = {label: task.get("ci95") for label, task in record["tasks"].items() if _belongs(label, suite)}
        intervals[AVERAGE_COLUMN] = record["average"].get(f"{suite}_ci95")
        present = {label: (ends[0], ends[1]) for label, ends in intervals.items() if ends is not None}
        if len(present) > 0 and ("encoders" not in results or _are_widths(results)):
            yield Row("  95 %", present)
        if _are_widths(results) and "differences" in record:
            yield from _difference_rows(record["differences"], suite, "  difference")
    if "seeds" in results:
        yield from _seed_rows(results["seeds"], suite)


def _seed_rows(seeds: Mapping[str, Any], suite: str) -> Iterator[Row]:
    over = {label: record for label, record in seeds["tasks"].items() if _belongs(label, suite)}
    if suite in seeds["average"]:
        over[AVERAGE_COLUMN] = seeds["average"][suite]
    yield Row("mean", {label: record["mean"] for label, record in over.items()})
    yield Row("  std", {label: record["std"] for label, record in over.items()})
    ends = {label: record["ci95"] for label, record in over.items() if record["ci95"] is not None}
    if len(ends) > 0:
        yield Row("  95 % (t)", {label: (low, high) for label, (low, high) in ends.items()})


def _difference_rows(differences: Results, suite: str, name: str = "difference") -> Iterator[Row]:
    cells = {label: record for label, record in differences["tasks"].items() if _belongs(label, suite)}
    if suite in differences["average"]:
        cells[AVERAGE_COLUMN] = differences["average"][suite]
    yield Row(name, {label: record["difference"] for label, record in cells.items()}, signed=True)
    yield Row("  95 %", {label: tuple(record["ci95"]) for label, record in cells.items()}, signed=True)
    yield Row("  p", {label: record["p"] for label, record in cells.items()}, digits=4)
    yield Row("  p (Holm)", {label: record.get("p_holm") for label, record in cells.items()}, digits=4)


def _published_rows(results: Results, suite: str) -> Iterator[Row]:
    for row in results.get("published", []):
        if row["suite"] == suite:
            values: dict[str, Value] = {column: figure["score"] for column, figure in row["figures"].items()}
            average = row["average"]
            values[AVERAGE_COLUMN] = mean_of(values, SUITE_COLUMNS[suite]) if average is None else average["score"]  # type: ignore[arg-type]
            yield Row(f"published: {row['label']}", values)


def _with_geometry(grid: ScoreGrid, results: Results) -> ScoreGrid:
    geometry = geometry_table(results)
    if geometry is None:
        return grid
    added = {row.name: row.values for row in geometry.rows}
    rows = [Row(row.name, {**row.values, **added.get(row.name, {})}, row.digits, row.signed) for row in grid.rows]
    return ScoreGrid((*grid.columns, *geometry.columns), rows, digits=geometry.digits)


def _geometry_values(record: Results) -> dict[str, float | None]:
    return {heading: record["geometry"][key] for heading, key in GEOMETRY.items()}


def _scores(record: Results, suite: str) -> dict[str, float | None]:
    return {label: headline(task) for label, task in record["tasks"].items() if _belongs(label, suite)}


def _belongs(label: str, suite: str) -> bool:
    return label in SUITE_COLUMNS[suite] or (suite == "sts" and label not in _suite_columns())


def _shortened(name: str) -> str:
    return name if len(name) <= NAME_WIDTH else "..." + name[3 - NAME_WIDTH :]
