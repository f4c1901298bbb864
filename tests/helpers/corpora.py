"""Corpora of tests: a file as its rows of texts, a source as its token cache."""

from __future__ import annotations

from pathlib import Path

from transformers import PreTrainedTokenizerFast

from sentcse.data.formats import open_rows
from sentcse.data.source import Source
from sentcse.data.token_cache import TokenCache


def texts(path: Path, content: str, columns: list[str] | None = None) -> list[tuple[str, ...]]:
    """Write a file and read it."""
    path.write_text(content, encoding="utf-8", newline="")
    return [record.texts for record in open_rows(path, columns, "utf-8").records]


def opened(corpus: Source, tokenizer: PreTrainedTokenizerFast, folder: Path, max_length: int = 8) -> TokenCache:
    """The cache of a corpus in a folder."""
    return TokenCache.open_or_build(corpus, tokenizer, max_length, folder, progress=False)
