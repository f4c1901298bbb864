from __future__ import annotations

import json
import os
import pickle
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from transformers import PreTrainedTokenizerFast

from sentcse.data import cache_build, cache_files
from sentcse.data.cache_build import cache_key
from sentcse.data.source import Source
from sentcse.data.text_file import TextFile
from sentcse.data.token_cache import TokenCache
from sentcse.errors import DataError

MakeTokenizer = Callable[[list[str]], PreTrainedTokenizerFast]


def opened(corpus: Source, tokenizer: PreTrainedTokenizerFast, folder: Path, max_length: int = 8) -> TokenCache:
    return TokenCache.open_or_build(corpus, tokenizer, max_length, folder, progress=False)


def test_rows_are_what_the_tokenizer_gives(
    tokenizer: PreTrainedTokenizerFast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_build, "_CHUNK_ROWS", 3)  # several chunks, the last one short
    sentences = ["The cat sat.", "dog", "far " * 20, "ran away", "fish swam on the mat", "x", "cat cat"]
    path = tmp_path / "a.txt"
    path.write_text("\n\n".join(sentences))
    cache = opened(TextFile(path), tokenizer, tmp_path / "cache")
    assert (cache.rows, cache.columns, len(cache)) == (7, 1, 7)
    for row, sentence in enumerate(sentences):
        (tokens,) = cache[row]
        assert tokens.dtype == np.uint16
        assert tokens.tolist() == tokenizer(sentence, truncation=True, max_length=8)["input_ids"]


def test_texts_of_a_row_lie_together(tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("sent0,sent1,hard_neg\ncat,the cat,dog\nfish,fish swam,the dog ran\n")
    cache = opened(TextFile(path), tokenizer, tmp_path / "cache")
    assert (cache.rows, cache.columns) == (2, 3)
    assert [tokenizer.decode(text[1:-1]) for text in cache[1]] == ["fish", "fish swam", "the dog ran"]
    assert cache.report.header == ("sent0", "sent1", "hard_neg")


def test_report_counts(tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    # "cat" three times, two blank lines, one text of exactly 8 tokens, one of 9, one enormous
    path.write_text(f"cat\n\ncat \ndog\n \t\ncat\n{'cat ' * 6}\n{'cat ' * 7}\n{'dog ' * 5000}\n")
    report = opened(TextFile(path), tokenizer, tmp_path / "cache").report
    assert (report.rows, report.blank, report.duplicates, report.truncated_lines, report.overlong) == (7, 2, 2, 1, 2)
    assert report.records == 9
    assert report.tokens == 4 * 3 + 3 * 8
    assert any("2 rows (28.57%) repeat an earlier text" in note for note in report.notes())


def test_large_vocabularies_take_four_bytes(make_tokenizer: MakeTokenizer, tmp_path: Path) -> None:
    tokenizer = make_tokenizer([f"w{number}" for number in range(70_000)])
    path = tmp_path / "a.txt"
    path.write_text("w69999\n")
    (tokens,) = opened(TextFile(path), tokenizer, tmp_path / "cache")[0]
    assert tokens.dtype == np.uint32
    assert tokenizer.convert_ids_to_tokens(tokens.tolist())[1] == "w69999"


def test_key_holds_all_that_the_tokens_depend_on(make_tokenizer: MakeTokenizer, tmp_path: Path) -> None:
    tokenizer, changed = make_tokenizer(["cat", "dog"]), make_tokenizer(["cat", "dog"])
    path, other = tmp_path / "a.txt", tmp_path / "b.txt"
    path.write_text("cat\n")
    other.write_text("dog\n")
    corpus = TextFile(path)
    changed.add_tokens(["swim"])
    keys = [
        cache_key(corpus, tokenizer, 8),
        cache_key(corpus, tokenizer, 9),
        cache_key(TextFile(other), tokenizer, 8),
        cache_key(TextFile(path, encoding="latin-1"), tokenizer, 8),
        cache_key(corpus, changed, 8),
        cache_key(corpus, make_tokenizer(["dog", "cat"]), 8),
    ]
    assert len(set(keys)) == len(keys)


def test_a_file_of_another_name_is_read_in_its_own_form(tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    path = tmp_path / "pairs.txt"
    path.write_text("the cat\tthe dog\n")
    assert opened(TextFile(path), tokenizer, tmp_path / "cache").columns == 1
    renamed = path.rename(tmp_path / "pairs.tsv")
    assert opened(TextFile(renamed), tokenizer, tmp_path / "cache").columns == 2


def test_key_forgets_what_a_call_left_in_the_tokenizer(tokenizer: PreTrainedTokenizerFast, numbered: Path) -> None:
    corpus = TextFile(numbered)
    before = cache_key(corpus, tokenizer, 8)
    tokenizer(["a", "b c"], truncation=True, max_length=3, padding="max_length")
    assert cache_key(corpus, tokenizer, 8) == before


def test_second_start_tokenises_nothing(
    tokenizer: PreTrainedTokenizerFast, numbered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = opened(TextFile(numbered), tokenizer, tmp_path)
    monkeypatch.setattr("sentcse.data.token_cache.build_cache", lambda *_: pytest.fail("built again"))
    second = opened(TextFile(numbered), tokenizer, tmp_path)
    assert second.report == first.report
    assert second.sha256 == TextFile(numbered).sha256
    assert [second[row][0].tolist() for row in range(100)] == [first[row][0].tolist() for row in range(100)]


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


def test_a_language_that_the_tokenizer_does_not_know(tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    khmer = "\u1797\u17b6\u179f\u17b6\u1781\u17d2\u1798\u17c2\u179a"
    path = tmp_path / "a.txt"
    path.write_text(f"{khmer} {khmer}\n" * 50, encoding="utf-8")
    with pytest.raises(
        DataError, match=r"a\.txt: 100\.0% of its tokens are unknown .*\(Khmer 100\.0%\).*encoder\.name"
    ):
        opened(TextFile(path), tokenizer, tmp_path / "cache")
    path.write_text(f"{khmer} {khmer}\nthe cat\nthe dog sat\nthe mat\n" * 50, encoding="utf-8")
    report = opened(TextFile(path), tokenizer, tmp_path / "cache").report
    assert report.unknown == pytest.approx(2 / 9)
    assert report.unknown_by_script == {"Khmer": 1.0}


@pytest.mark.parametrize("text", ["\u200b\u200d", "\u202e\u200f", "\u2060 \ufeff", "\x07\x08", "\u3164"])
def test_texts_that_nobody_sees(tokenizer: PreTrainedTokenizerFast, tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text(f"{text}\n" * 50, encoding="utf-8")
    with pytest.raises(DataError, match=r"100\.0% of its texts have no character that can be seen"):
        opened(TextFile(path), tokenizer, tmp_path / "cache")


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
    make_tokenizer: MakeTokenizer, numbered: Path, tmp_path: Path
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


def test_views_survive_the_dropping_of_pages_and_cannot_be_written(
    tokenizer: PreTrainedTokenizerFast, numbered: Path, tmp_path: Path
) -> None:
    cache = opened(TextFile(numbered), tokenizer, tmp_path)
    (held,) = cache[7]
    before = held.tolist()
    for _ in range(50):
        for row in range(100):
            cache[row]
    assert held.tolist() == before
    with pytest.raises(ValueError, match="read-only"):
        held[0] = 1


def test_pickled_as_where_it_lies(tokenizer: PreTrainedTokenizerFast, numbered: Path, tmp_path: Path) -> None:
    cache = opened(TextFile(numbered), tokenizer, tmp_path)
    data = pickle.dumps(cache)
    assert len(data) < 1000
    assert pickle.loads(data)[99][0].tolist() == cache[99][0].tolist()
    shutil.rmtree(cache.folder)
    with pytest.raises(DataError, match="holds no whole token cache"):
        pickle.loads(data)


def test_rows_outside_the_range(tokenizer: PreTrainedTokenizerFast, numbered: Path, tmp_path: Path) -> None:
    cache = opened(TextFile(numbered), tokenizer, tmp_path)
    for row in (-1, 100):
        with pytest.raises(IndexError, match=r"row must be in \[0, 100\)"):
            cache[row]
