"""Tokenise a corpus once, in a stream, into the files of a token cache."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from sentcse.data.cache_files import FORMAT_VERSION, OFFSETS, TOKENS, CacheMeta, block_sums, new_folder, write_meta
from sentcse.data.corpus_report import FIRST_CHARACTERS, CorpusReport
from sentcse.data.coverage import Coverage
from sentcse.data.formats import MAX_CHARACTERS, Record
from sentcse.data.hashing import count_repeats, hash_texts, sha256_of, tokenizer_as_text
from sentcse.data.source import Source, nothing_to_read

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_CHUNK_ROWS = 10_000


def cache_key(source: Source, tokenizer: PreTrainedTokenizerBase, max_length: int) -> str:
    """Hash of everything that the cached tokens depend on."""
    import tokenizers

    return sha256_of(
        f"format {FORMAT_VERSION}",
        f"characters {MAX_CHARACTERS}",
        f"max_length {max_length}",
        f"tokenizers {tokenizers.__version__}",
        source.sha256,
        tokenizer_as_text(tokenizer),
    )


def build_cache(
    source: Source, tokenizer: PreTrainedTokenizerBase, max_length: int, final: Path, key: str, progress: bool
) -> None:
    """Tokenise `source` into the folder `final`, a few megabytes at a time.

    Args:
        source: rows of equal width.
        tokenizer: its special tokens are added; texts are cut at `max_length`.
        max_length: tokens of a text, special tokens included.
        final: folder of the cache; appears whole or not at all.
        key: key of the cache.
        progress: show a progress bar.

    Raises:
        DataError: a corpus without text, with a fault in it, or that changed; a folder that cannot be written.
    """
    from tqdm import tqdm

    dtype = np.dtype("<u2") if len(tokenizer) <= 2**16 else np.dtype("<u4")
    with new_folder(final, key) as folder:
        hashes = folder / "hashes.bin"
        with (
            (folder / TOKENS).open("wb") as tokens,
            (folder / OFFSETS).open("wb") as offsets,
            hashes.open("wb") as hash_file,
            tqdm(desc=f"tokenise {Path(source.name).name}", unit=" rows", disable=None if progress else True) as bar,
        ):
            builder = _Builder(tokenizer, max_length, dtype, tokens, offsets, hash_file)
            for chunk in _chunks(source.iter_records()):
                bar.update(builder.add(chunk))
        report = builder.report(source, count_repeats(hashes))
        hashes.unlink()
        write_meta(folder, CacheMeta(key, source.sha256, dtype.str, block_sums(folder), report))


def _chunks(records: Iterator[Record]) -> Iterator[list[Record]]:
    while chunk := list(itertools.islice(records, _CHUNK_ROWS)):
        yield chunk


class _Builder:
    """Writes rows and counts what it meets."""

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        max_length: int,
        dtype: np.dtype[np.unsignedinteger],
        tokens: BinaryIO,
        offsets: BinaryIO,
        hashes: BinaryIO,
    ) -> None:
        self.tokenizer, self.max_length, self.dtype = tokenizer, max_length, dtype
        self.token_file, self.offset_file, self.hash_file = tokens, offsets, hashes
        self.rows = self.columns = self.blank = self.cut = self.overlong = self.tokens = 0
        self.first: tuple[str, ...] = ()
        self.coverage = Coverage(tokenizer)
        offsets.write(np.zeros(1, dtype="<i8").tobytes())

    def add(self, records: Sequence[Record]) -> int:
        """Tokenise and write a chunk; returns its rows, blank ones included."""
        full = [record for record in records if not record.is_blank]
        self.blank += len(records) - len(full)
        self.cut += sum(record.cut for record in full)
        if full:
            self.first = full[0].texts if self.rows == 0 else self.first
            self.rows += len(full)
            self.columns = len(full[0].texts)
            self.hash_file.write(hash_texts(record.texts[0] for record in full).tobytes())
            self._write([text for record in full for text in record.texts])
        return len(records)

    def _write(self, texts: list[str]) -> None:
        encoded = self.tokenizer(
            texts,
            truncation=True,
            max_length=self.max_length,
            padding=False,
            return_attention_mask=False,
            return_token_type_ids=False,
        )
        rows: list[list[int]] = encoded["input_ids"]
        lengths = np.fromiter((len(row) for row in rows), dtype=np.int64, count=len(rows))
        full = np.flatnonzero(lengths >= self.max_length).tolist()
        # A slow tokenizer does not tell what it cut: there, each text that fills the length counts as cut.
        encodings = encoded.encodings
        self.overlong += len(full) if encodings is None else sum(bool(encodings[row].overflowing) for row in full)
        ends = self.tokens + np.cumsum(lengths)
        tokens = np.fromiter(itertools.chain.from_iterable(rows), self.dtype, int(lengths.sum()))
        self.coverage.add(texts, tokens, lengths)
        self.token_file.write(tokens.tobytes())
        self.offset_file.write(ends.astype("<i8").tobytes())
        self.tokens = int(ends[-1])

    def report(self, source: Source, duplicates: int) -> CorpusReport:
        """Sum up the whole corpus; raise DataError if it holds no text, or none that the tokenizer knows."""
        if self.tokens == 0:
            raise nothing_to_read(source.name)
        self.coverage.refuse(source.name)
        return CorpusReport(
            rows=self.rows,
            columns=self.columns,
            blank=self.blank,
            duplicates=duplicates,
            truncated_lines=self.cut,
            overlong=self.overlong,
            tokens=self.tokens,
            header=source.header,
            first=tuple(text[:FIRST_CHARACTERS] for text in self.first),
            unknown=self.coverage.unknown,
            unknown_by_script=self.coverage.unknown_by_script,
        )
