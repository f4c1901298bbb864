"""Corpora of tests: a file as its rows of texts, a source as its token cache, one to be encoded."""

from __future__ import annotations

import random
from pathlib import Path

from tiny import WORDS, tiny_checkpoint
from transformers import PreTrainedTokenizerFast

from sentcse.data.formats import open_rows
from sentcse.data.source import Source
from sentcse.data.token_cache import TokenCache
from sentcse.encoder import SentenceEncoder


def texts(path: Path, content: str, columns: list[str] | None = None) -> list[tuple[str, ...]]:
    """Write a file and read it."""
    path.write_text(content, encoding="utf-8", newline="")
    return [record.texts for record in open_rows(path, columns, "utf-8").records]


def opened(corpus: Source, tokenizer: PreTrainedTokenizerFast, folder: Path, max_length: int = 8) -> TokenCache:
    """The cache of a corpus in a folder."""
    return TokenCache.open_or_build(corpus, tokenizer, max_length, folder, progress=False)


def write_corpus_and_encoder(folder: Path, rows: int) -> list[str]:
    """Write `corpus.txt`, of `rows` different sentences, which are given, and a tiny `encoder/` beside it."""
    drawn = random.Random(0)
    sentences = [f"{number} " + " ".join(drawn.choices(WORDS, k=drawn.randrange(1, 9))) for number in range(rows)]
    (folder / "corpus.txt").write_text("\n".join(sentences))
    SentenceEncoder.from_pretrained(tiny_checkpoint(folder / "plain"), pooler="avg").save_pretrained(folder / "encoder")
    return sentences
