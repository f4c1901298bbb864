"""Readers for the STS files in SentEval's layout; each checks every row and the number of rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sentcse.config.section import Level
from sentcse.config.tasks import download_command
from sentcse.data.fetching.manifest import check_files
from sentcse.data.tables import iter_fields
from sentcse.errors import DataError
from sentcse.evaluation.tasks.pairs import PAIR_COLUMNS, STSB_COLUMNS, Pairs, make_pairs, parse_row, read_lines

HIGHEST_GOLD = 5.0
SICK_HEADER = ("pair_ID", "sentence_A", "sentence_B", "relatedness_score")


def require_senteval(root: str | Path, wanted: Sequence[str], *, task: str, level: Level) -> list[Path]:
    """Where the evaluation files of a task lie.

    Args:
        root: the data folder, which holds `senteval/`.
        wanted: the files, below `senteval/`.
        task: what they belong to, for a message.
        level: how much of them must be as published.

    Raises:
        DataError: if one is missing, or not as published.
    """
    senteval = Path(root) / "senteval"
    files = [senteval / file for file in wanted]
    missing = [file for file in files if not file.is_file()]
    if len(missing) > 0:
        raise DataError(
            f"{missing[0]} is missing ({len(missing)} of {len(files)} files of {task}): fetch the evaluation files "
            f"with `{download_command(wanted)}`, or set SENTCSE_DATA to a folder that holds senteval/."
        )
    check_files(senteval, wanted, level=level)
    return files


def read_semeval(input_path: Path, gold_path: Path, source: str, *, lines: int, scored: int) -> Pairs:
    """Pairs of a SemEval STS 2012-2016 source: two tab-separated sentences a line, the gold in a second file.

    An empty gold line means that nobody scored the pair: it is skipped.

    Args:
        input_path: `STS.input.X.txt`.
        gold_path: `STS.gs.X.txt`.
        source: name of the source in results.
        lines: lines that either file must have.
        scored: pairs that must have a gold.

    Raises:
        DataError: naming file and line.
    """
    sentences, gold = read_lines(input_path), read_lines(gold_path)
    _check_rows(input_path, len(sentences), lines)
    _check_rows(gold_path, len(gold), lines)
    rows = []
    for line, (pair, score) in enumerate(zip(sentences, gold, strict=True), start=1):
        cells = _cells(input_path, line, pair, 2)
        if score.strip() != "":
            _check_gold(gold_path, line, score)
            rows.append(parse_row(input_path, line, score, *cells))
    if len(rows) != scored:
        raise DataError(f"{gold_path}: expected {scored} scored pairs, got {len(rows)}; the file is damaged.")
    return make_pairs(source, rows)


def read_stsb(path: Path, source: str, *, rows: int) -> Pairs:
    """Pairs of an STS-B file: tab-separated genre, file, year, id, score, sentence 1, sentence 2; no quoting.

    Raises:
        DataError: naming file and line.
    """
    lines = read_lines(path)
    _check_rows(path, len(lines), rows)
    pairs = []
    for line, text in enumerate(lines, start=1):
        cells = _cells(path, line, text, STSB_COLUMNS)
        _check_gold(path, line, cells[4])
        pairs.append(parse_row(path, line, cells[4], cells[5], cells[6]))
    return make_pairs(source, pairs)


def read_translation(path: Path, source: str, *, rows: int) -> Pairs:
    """Pairs of a file of stsb-multi-mt: sentence 1, sentence 2, score, with quotation marks and without a header.

    Raises:
        DataError: naming file and line.
    """
    pairs = []
    for line, cells in iter_fields(path, "utf-8", quoted=True):
        if len(cells) != len(PAIR_COLUMNS):
            raise DataError(f"{path}, line {line}: expected {len(PAIR_COLUMNS)} columns, got {len(cells)}.")
        first, second, gold = cells
        _check_gold(path, line, gold)
        pairs.append(parse_row(path, line, gold, first, second))
    _check_rows(path, len(pairs), rows)
    return make_pairs(source, pairs)


def read_sick(path: Path, source: str, *, rows: int) -> Pairs:
    """Pairs of a SICK file: a header line, then id, sentence A, sentence B, relatedness, entailment.

    Raises:
        DataError: naming file and line.
    """
    lines = read_lines(path)
    if len(lines) == 0 or tuple(lines[0].split("\t")[:4]) != SICK_HEADER:
        raise DataError(f"{path}, line 1: expected the header {', '.join(SICK_HEADER)}, ...; the file is damaged.")
    _check_rows(path, len(lines) - 1, rows)
    pairs = []
    for line, text in enumerate(lines[1:], start=2):
        cells = _cells(path, line, text, 5)
        _check_gold(path, line, cells[3])
        pairs.append(parse_row(path, line, cells[3], cells[1], cells[2]))
    return make_pairs(source, pairs)


def _check_rows(path: Path, found: int, expected: int) -> None:
    if found != expected:
        raise DataError(f"{path}: expected {expected} rows, got {found}; delete the file and fetch it again.")


def _cells(path: Path, line: int, text: str, expected: int) -> list[str]:
    cells = text.split("\t")
    if len(cells) < expected:
        raise DataError(f"{path}, line {line}: expected {expected} tab-separated columns, got {len(cells)}.")
    return cells[:expected]


def _check_gold(path: Path, line: int, gold: str) -> None:
    try:
        inside = 0.0 <= float(gold) <= HIGHEST_GOLD
    except ValueError:
        inside = False
    if not inside:
        raise DataError(f"{path}, line {line}: expected a score from 0 to 5, got {gold!r}; the file is damaged.")
