"""What was found when a corpus was read."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from sentcse.data.columns import roles
from sentcse.data.coverage import say_by_script

FIRST_CHARACTERS = 200
"""Of a text of the first row, as many are kept to be shown."""


@dataclass(frozen=True)
class CorpusReport:
    """Counts of one corpus.

    Attributes:
        rows: rows that can be trained on.
        columns: texts of a row: 1 sentences, 2 pairs, 3 pairs with a hard negative.
        blank: rows that were skipped because a text was empty or only white space.
        duplicates: rows whose first text occurred in an earlier row. In one batch they are false negatives.
        truncated_lines: rows of which a text was cut at `formats.MAX_CHARACTERS` characters.
        overlong: texts that the tokenizer cut at the maximal length.
        tokens: tokens of all texts, special tokens included.
        header: names of the columns; empty where they have none.
        first: start of each text of the first row that is not blank.
        unknown: share of tokens that the tokenizer does not know, special tokens left out.
        unknown_by_script: the same in the texts of each script that has some.
    """

    rows: int
    columns: int
    blank: int
    duplicates: int
    truncated_lines: int
    overlong: int
    tokens: int
    header: tuple[str, ...] = ()
    first: tuple[str, ...] = ()
    unknown: float = 0.0
    unknown_by_script: dict[str, float] = field(default_factory=dict)

    @property
    def records(self) -> int:
        """Rows of the source, blank ones included."""
        return self.rows + self.blank

    @classmethod
    def of(cls, values: dict[str, Any]) -> CorpusReport:
        """The report that `as_dict` gave; raises TypeError or KeyError for other values."""
        return cls(**{**values, "header": tuple(values["header"]), "first": tuple(values["first"])})

    def as_dict(self) -> dict[str, object]:
        """Plain containers, for meta.json."""
        return {**asdict(self), "header": list(self.header), "first": list(self.first)}

    def notes(self) -> list[str]:
        """Make a sentence of each thing that a user should know about the corpus."""
        kind = {1: "sentences", 2: "pairs", 3: "pairs with a hard negative"}[self.columns]
        notes = [f"{self.rows:,} {kind}, {self.tokens:,} tokens."]
        if self.first:
            notes.append(f"The first row: {roles(self.header, self.first)}.")
        if self.unknown > 0:
            by_script = say_by_script(self.unknown_by_script)
            notes.append(f"{self.unknown:.2%} of the tokens are unknown to the tokenizer ({by_script}).")
        if self.blank > 0:
            notes.append(f"{self.blank:,} blank rows were skipped.")
        if self.duplicates > 0:
            notes.append(
                f"{self.duplicates:,} rows ({self.duplicates / self.rows:.2%}) repeat an earlier text: "
                "with data.duplicates=keep they are false negatives when they meet in a batch."
            )
        if self.truncated_lines > 0:
            notes.append(f"{self.truncated_lines:,} enormous rows were cut before tokenising.")
        if self.overlong > 0:
            share = self.overlong / (self.rows * self.columns)
            notes.append(f"{self.overlong:,} texts ({share:.2%}) are longer than the maximal length and were cut.")
        return notes
