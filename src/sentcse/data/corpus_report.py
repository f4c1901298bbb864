"""What was found in a corpus: counted once, when its cache is built, and told to the user before training."""

from __future__ import annotations

from dataclasses import asdict, dataclass


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
        header: names in the first line of the file; empty without.
    """

    rows: int
    columns: int
    blank: int
    duplicates: int
    truncated_lines: int
    overlong: int
    tokens: int
    header: tuple[str, ...] = ()

    @property
    def records(self) -> int:
        """Rows of the source, blank ones included."""
        return self.rows + self.blank

    def as_dict(self) -> dict[str, object]:
        """Plain containers, for meta.json and results.json."""
        return {**asdict(self), "header": list(self.header)}

    def notes(self) -> list[str]:
        """Make a sentence of each thing that a user should know about the corpus."""
        kind = {1: "sentences", 2: "pairs", 3: "pairs with a hard negative"}[self.columns]
        notes = [f"{self.rows:,} {kind}, {self.tokens:,} tokens."]
        if self.blank > 0:
            notes.append(f"{self.blank:,} blank rows were skipped.")
        if self.duplicates > 0:
            notes.append(
                f"{self.duplicates:,} rows ({self.duplicates / self.rows:.2%}) repeat an earlier text: "
                "they are false negatives when they meet in a batch."
            )
        if self.truncated_lines > 0:
            notes.append(f"{self.truncated_lines:,} enormous rows were cut before tokenising.")
        if self.overlong > 0:
            share = self.overlong / (self.rows * self.columns)
            notes.append(f"{self.overlong:,} texts ({share:.2%}) are longer than the maximal length and were cut.")
        return notes
