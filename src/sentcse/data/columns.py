"""Which columns are texts: a label, an id or a score that nobody named must not be trained on."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sentcse.errors import DataError

ROLES = {1: ("sentence",), 2: ("anchor", "positive"), 3: ("anchor", "positive", "negative")}
"""What the columns of a row are, by their number."""
SAMPLE_ROWS = 200
_FEW = 10
"""Different values of a label."""
_SHOWN = 60
_NAME = re.compile(
    r"(.*[_\s-])?(labels?|gold|class(es)?|categor(y|ies)|scores?|similarity|rating|stars|relatedness|"
    "sentiments?|lang(uage)?|topics?|genre|split|dates?|year|timestamp)"
)
_INDEX = re.compile(r"|unnamed: ?\d+|index|idx|(.*[_\s-])?(u|g|gu|uu)?ids?|pairid|docid")
_CODE = re.compile(r"(?=.*\d)[\w.:/#-]+|https?://\S+", re.ASCII)


def refuse_other_columns(name: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Stop where columns were not named and one of them looks like something else than texts.

    Args:
        name: what the rows are of, for the message.
        header: names of the columns; empty where there are none.
        rows: the first rows, each of as many texts.

    Raises:
        DataError: names the column and says which `data.columns` is meant.
    """
    cells = [row for row in rows if all(text.strip() != "" for text in row)]
    columns = list(zip(*cells, strict=True)) if cells else [()] * len(header)
    if len(columns) < 2:
        return
    doubts = [_doubt(header[at].lower() if header else None, columns, at) for at in range(len(columns))]
    suspect = next((at for at, doubt in enumerate(doubts) if doubt is not None), None)
    if suspect is None:
        return
    texts = [at for at, doubt in enumerate(doubts) if doubt is None]
    which = f"{header[suspect]!r} (column {suspect + 1})" if header else f"column {suspect + 1}"
    raise DataError(
        f"{name}: {which} {doubts[suspect]}, and would be the {ROLES[len(columns)][suspect]} that is trained on: "
        f"{_remedy(header, texts, len(columns))}"
    )


def roles(header: Sequence[str], first: Sequence[str]) -> str:
    """Which column is what, with the first row, in one line."""
    named = [f" = {name}" if name != "" else "" for name in header] if header else [""] * len(first)
    cells = zip(ROLES[len(first)], named, first, strict=True)
    return "; ".join(f"{role}{name}: {_short(text)!r}" for role, name, text in cells)


def _short(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= _SHOWN else f"{one_line[:_SHOWN]}..."


def _doubt(name: str | None, columns: Sequence[Sequence[str]], at: int) -> str | None:
    values = [text.strip() for text in columns[at]]
    if name is not None and _INDEX.fullmatch(name.strip()) is not None:
        return "looks like an id or an index by its name"
    if name is not None and _NAME.fullmatch(name.strip()) is not None:
        return "looks like a label or a score by its name"
    if not values:
        return None
    if all(map(_is_number, values)):
        return "holds numbers only"
    different = len(set(values))
    if different <= _FEW and different * _FEW <= max(len(set(column)) for column in columns):
        return f"holds {different} different values only, as a label does"
    if different == len(values) > _FEW and all(_CODE.fullmatch(value) is not None for value in values):
        return "holds one word with a number in each row, as an id does"
    return None


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return True


def _remedy(header: Sequence[str], texts: Sequence[int], width: int) -> str:
    if not header:
        line = " and ".join(f"column {at + 1}" for at in texts)
        meant = f" those of {line}" if texts else " the columns of texts"
        return f"give the file a first line with {width} names, and name{meant} in data.columns."
    if not texts:
        return "name the columns of texts in data.columns, or take a file that has some."
    names = ",".join(header[at] if header[at].isidentifier() else f"'{header[at]}'" for at in texts)
    return f"set data.columns=[{names}], or name every column there that is meant."
