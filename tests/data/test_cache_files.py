from __future__ import annotations

import json
import os
import threading
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from corpora import opened
from disk import note_renames
from transformers import PreTrainedTokenizerFast

from sentcse.data import cache_files
from sentcse.data.cache_files import (
    OFFSETS,
    TOKENS,
    CacheMeta,
    block_sums,
    new_folder,
    read_intact,
    read_meta,
    write_meta,
)
from sentcse.data.corpus_report import CorpusReport
from sentcse.data.text_file import TextFile
from sentcse.data.token_cache import TokenCache
from sentcse.errors import DataError


@pytest.mark.parametrize("damage", ["tokens", "offsets", "no meta", "half meta", "other key", "missing", "no sums"])
def test_damaged_caches_are_built_again(
    tokenizer: PreTrainedTokenizerFast, numbered: Path, tmp_path: Path, damage: str
) -> None:
    corpus = TextFile(numbered)
    folder = opened(corpus, tokenizer, tmp_path / "cache").folder
    meta = folder / "meta.json"
    match damage:
        case "tokens" | "offsets":
            file = folder / f"{damage}.bin"
            os.truncate(file, file.stat().st_size - 2)
        case "no meta":
            meta.unlink()
        case "half meta":
            meta.write_text(meta.read_text()[:100])
        case "other key":
            meta.write_text(json.dumps({**json.loads(meta.read_text()), "key": "0"}))
        case "missing":
            (folder / "tokens.bin").unlink()
        case "no sums":
            meta.write_text(json.dumps({k: v for k, v in json.loads(meta.read_text()).items() if "sum" not in k}))
    cache = opened(corpus, tokenizer, tmp_path / "cache")
    assert tokenizer.decode(cache[42][0][1:-1]).startswith("the cat sat on mat")
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [folder.name]


@pytest.mark.parametrize("name", ["tokens.bin", "offsets.bin", "meta.json"])
def test_a_byte_that_flipped_is_found_at_the_next_start(
    tokenizer: PreTrainedTokenizerFast,
    numbered: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    name: str,
) -> None:
    monkeypatch.setattr(cache_files, "_BLOCK", 64)
    corpus = TextFile(numbered)
    first = opened(corpus, tokenizer, tmp_path / "cache")
    rows = [first[row][0].tolist() for row in range(100)]
    file = first.folder / name
    whole = file.read_bytes()
    for position in range(0, len(whole), len(whole) // 20):
        caplog.clear()
        file.write_bytes(whole[:position] + bytes([whole[position] ^ 0x40]) + whole[position + 1 :])
        again = opened(corpus, tokenizer, tmp_path / "cache")
        assert [again[row][0].tolist() for row in range(100)] == rows
        assert again.report == first.report
        assert file.read_bytes() == whole
        assert "is damaged: it is made again" in caplog.text


def test_a_build_that_fails_leaves_nothing(tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"cat\n" * 20_000 + b"\xff\n")
    with pytest.raises(DataError, match="line 20001"):
        opened(TextFile(path), tokenizer, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_folder_that_cannot_be_written(tokenizer: PreTrainedTokenizerFast, numbered: Path) -> None:
    with pytest.raises(DataError, match=r"The token cache cannot be written to .*set data\.cache_dir"):
        opened(TextFile(numbered), tokenizer, numbered / "cache")


def test_builds_at_the_same_time_do_not_harm_each_other(
    make_tokenizer: Callable[[list[str]], PreTrainedTokenizerFast], numbered: Path, tmp_path: Path
) -> None:
    barrier = threading.Barrier(4)

    def build(tokenizer: PreTrainedTokenizerFast) -> TokenCache:
        barrier.wait(30)
        return opened(TextFile(numbered), tokenizer, tmp_path / "cache")

    with ThreadPoolExecutor(4) as pool:
        caches = list(pool.map(build, [make_tokenizer(["cat"]) for _ in range(4)]))
    assert len({str([cache[row][0].tolist() for row in range(100)]) for cache in caches}) == 1
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [caches[0].folder.name]


def test_what_a_killed_build_left_is_removed_after_a_day(
    tokenizer: PreTrainedTokenizerFast, numbered: Path, tmp_path: Path
) -> None:
    old, new = tmp_path / ".old.building", tmp_path / ".new.building"
    for folder in (old, new):
        folder.mkdir()
        (folder / "tokens.bin").write_bytes(b"x")
    for path in (old / "tokens.bin", old):
        os.utime(path, (time.time() - 2 * 24 * 3600,) * 2)
    opened(TextFile(numbered), tokenizer, tmp_path)
    assert not old.exists()
    assert new.exists()


REPORT = CorpusReport(1, 2, 3, 4, 5, 6, 7, ("a", "b"), ("x", "y"), 0.1, {"Khmer": 0.5})


def write_cache(folder: Path, tokens: bytes = b"tokens") -> CacheMeta:
    (folder / TOKENS).write_bytes(tokens)
    (folder / OFFSETS).write_bytes(b"offsets")
    meta = CacheMeta("key", "sha", "<u2", block_sums(folder), REPORT)
    write_meta(folder, meta)
    return meta


def test_what_is_written_of_a_cache_is_read(tmp_path: Path) -> None:
    meta = write_cache(tmp_path)
    assert read_meta(tmp_path, "key") == read_intact(tmp_path, "key") == meta
    assert read_meta(tmp_path, "another key") is None
    assert read_meta(tmp_path / "nowhere", "key") is None


def test_a_byte_is_found_where_the_content_is_read_and_a_length_at_once(tmp_path: Path) -> None:
    meta = write_cache(tmp_path)
    (tmp_path / TOKENS).write_bytes(b"tokenz")
    assert (read_meta(tmp_path, "key"), read_intact(tmp_path, "key")) == (meta, None)
    (tmp_path / TOKENS).write_bytes(b"")
    assert read_meta(tmp_path, "key") is None


def test_all_of_it_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    renames = note_renames(monkeypatch)
    with new_folder(tmp_path / "cache", "key") as folder:
        write_cache(folder)
    assert renames == {"meta.json": True, "cache": True}


def test_sums_are_of_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_files, "_BLOCK", 4)
    assert write_cache(tmp_path, b"abcdefghij").sums[TOKENS] == [zlib.crc32(part) for part in (b"abcd", b"efgh", b"ij")]


@pytest.mark.parametrize(("first", "kept"), [(b"whole", b"whole"), (None, b"second")])
def test_the_first_whole_folder_is_kept_and_a_damaged_one_replaced(
    tmp_path: Path, first: bytes | None, kept: bytes
) -> None:
    final = tmp_path / "cache" / "key"
    with new_folder(final, "key") as folder:
        write_cache(folder, b"second")
        final.mkdir()
        if first is None:
            (final / TOKENS).write_bytes(b"half")
        else:
            write_cache(final, first)
    assert (final / TOKENS).read_bytes() == kept
    assert [path.name for path in final.parent.iterdir()] == ["key"]
