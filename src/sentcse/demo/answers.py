"""What the page answers: HTML in which all text is escaped, or a sentence where too much was asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentcse.demo.models import Hit, Model
from sentcse.errors import SentcseError

if TYPE_CHECKING:
    from jinja2 import Environment

FILES = Path(__file__).parent / "page_files"
LONGEST = 1_000
"""Characters of a question or of a sentence that is compared."""
MOST = 20
"""Sentences that are compared."""
SHADES = 20
"""Steps of the heat map, from a cosine of 0 (and below) to 1."""


class Answers:
    """Answers questions about a corpus by one model, or by two side by side.

    Args:
        models: one or two.
        sentences: of the corpus.
        top_k: sentences that a search shows.
    """

    def __init__(self, models: Sequence[Model], sentences: Sequence[str], *, top_k: int) -> None:
        self._models = models
        self._sentences = sentences
        self._top_k = top_k

    def search(self, question: str) -> str:
        """The sentences nearest to a question, by each model."""
        asked = question.strip()
        if asked == "":
            return note(f"{len(self._sentences):,} sentences are searched: type a question, a sentence or a few words.")
        if len(asked) > LONGEST:
            return note(f"At most {LONGEST:,} characters are searched for: these are {len(asked):,}.")
        try:
            found = [model.search(asked, top_k=self._top_k) for model in self._models]
        except (SentcseError, ValueError) as fault:
            return note(str(fault))
        return _render("hits.html", lists=list(self._lists(found)))

    def compare(self, text: str) -> str:
        """Cosines of sentences, one a line, by each model: a table whose cells are shaded."""
        sentences = [line.strip() for line in text.splitlines() if line.strip() != ""]
        if len(sentences) < 2:
            return note("Paste two sentences or more, one a line.")
        if len(sentences) > MOST:
            return note(f"At most {MOST} sentences are compared: these are {len(sentences):,}.")
        if max(len(sentence) for sentence in sentences) > LONGEST:
            return note(f"At most {LONGEST:,} characters of a sentence are compared.")
        try:
            tables = [(model.name, _cells(model.similarities(sentences).tolist())) for model in self._models]
        except (SentcseError, ValueError) as fault:
            return note(str(fault))
        return _render("heat_map.html", sentences=sentences, tables=tables)

    def _lists(self, found: Sequence[Sequence[Hit]]) -> Iterator[tuple[str, list[tuple[str, float, int | None]]]]:
        """For each model its name and rows of (sentence, cosine, rank with the other model).

        The rank is 0 where the other has not found it, None where there is no other.
        """
        ranks = [{hit.row: rank for rank, hit in enumerate(hits, start=1)} for hits in found]
        for place, (model, hits) in enumerate(zip(self._models, found, strict=True)):
            other = ranks[1 - place] if len(found) == 2 else None
            rows = [
                (self._sentences[hit.row], hit.cosine, None if other is None else other.get(hit.row, 0)) for hit in hits
            ]
            yield model.name, rows


def note(text: str) -> str:
    """A sentence in place of an answer."""
    return _render("note.html", text=text)


def _cells(cosines: Sequence[Sequence[float]]) -> list[list[tuple[str, int]]]:
    """Each cosine in two digits, zero without a sign, and its shade."""
    rows = [[round(cosine, 2) + 0.0 for cosine in row] for row in cosines]
    return [[(f"{cosine:.2f}", round(min(max(cosine, 0.0), 1.0) * SHADES)) for cosine in row] for row in rows]


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(FILES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _render(template: str, **values: Any) -> str:
    return _environment().get_template(template).render(**values)
