"""What was found as a table for people, as JSON lines or as CSV."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from sentcse.machine.files import write_text, writing
from sentcse.printing.tables import Table, to_csv, to_text

Format = Literal["table", "jsonl", "csv"]
Row = Mapping[str, Any]
ENDINGS: Final[dict[str, Format]] = {".jsonl": "jsonl", ".csv": "csv"}


def write_rows(rows: Sequence[Row], form: Format | None, path: Path | None) -> None:
    """Print rows, or write them to a file; its ending says how where `form` does not.

    Raises:
        SentcseError: if the file cannot be written.
    """
    text = render(rows, form if form is not None else ENDINGS.get("" if path is None else path.suffix, "table"))
    if path is None:
        print(text, end="")
        return
    with writing(path, "name a file that can be written to"):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, text)
    print(f"wrote {path}", file=sys.stderr)


def render(rows: Sequence[Row], form: Format) -> str:
    """Rows of the same keys as text that ends with a line ending; nothing for no rows."""
    if len(rows) == 0:
        return ""
    if form == "jsonl":
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    table = _table(rows)
    return (to_csv(table) if form == "csv" else to_text(table)) + "\n"


def _table(rows: Sequence[Row]) -> Table:
    """The rows for people, without columns that are empty in all of them; in the records is everything."""
    columns = [name for name in rows[0] if any(row[name] != {} for row in rows)]
    cells = tuple(tuple(_cell(row[name]) for name in columns) for row in rows)
    align = "".join("r" if isinstance(rows[0][name], (int, float)) else "l" for name in columns)
    records = tuple({name: _plain(value) for name, value in row.items()} for row in rows)
    return Table(tuple(columns), (cells,), align, records=records)


def _plain(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    return " ".join(str(_plain(value)).split())  # a line a row, whatever the sentence holds
