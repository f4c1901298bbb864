"""The corpus read as text: what is trained on and what is held out, faults, leaks, near-duplicates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from corpora import opened
from tiny import tiny_tokenizer
from tiny_methods import tiny_encoder

from sentcse.data.dataset import SentenceDataset
from sentcse.data.low_shot import LowShot
from sentcse.data.text_file import TextFile
from sentcse.errors import DataError
from sentcse.evaluation.tasks.pairs import make_pairs
from sentcse.evaluation.tasks.sts import StsTask
from sentcse.worth.corpus import Corpus, key, look_at, near_duplicates

TEST = StsTask(
    "stsb", "test", (make_pairs("x", [(1.0, "a man plays 7", "a dog runs"), (2.0, "A dog runs!", "no")]),), "STS-B"
)


@pytest.fixture
def source(tmp_path: Path) -> TextFile:
    """Forty different sentences, each of the first ten three times, and blank rows between."""
    lines = [f"A man, plays {' '.join('abcdefghij'[int(digit)] for digit in str(number))}." for number in range(40)]
    lines[7] = "A man plays (7)"
    path = tmp_path / "corpus.txt"
    path.write_text("".join(f"{line}\n\n" for line in [*lines, *lines[:10], *lines[:10]]), encoding="utf-8")
    return TextFile(path)


def looked_at(source: TextFile, tmp_path: Path, **changes: int) -> Corpus:
    cache = opened(source, tiny_tokenizer(), tmp_path / "cache", 16)
    return look_at(source, cache, [TEST], **{"part": 20, "held_out": 8, "seed": 3, **changes})


def test_the_part_is_what_the_runs_train_on_and_nothing_held_out_is_in_it(source: TextFile, tmp_path: Path) -> None:
    part = looked_at(source, tmp_path).part
    assert (part.rows, part.size, len(part.held_out)) == (40, 20, 8)
    cache = opened(source, tiny_tokenizer(), tmp_path / "cache", 16)
    trained = SentenceDataset(cache, LowShot(3, size=20), drop_duplicates=True)
    own = {row[0].tobytes() for row in trained.__getitems__(range(20))}
    held_out = {ids.tobytes() for ids in part.held_out}
    assert len(own) == 20
    assert len(held_out) == 8
    assert not own & held_out


def test_texts_are_those_of_the_token_ids(source: TextFile, tmp_path: Path) -> None:
    part = looked_at(source, tmp_path).part
    tokenizer = tiny_tokenizer()
    assert [tokenizer(text)["input_ids"] for text in part.held_out_texts] == [ids.tolist() for ids in part.held_out]
    assert part.texts[:8] == part.held_out_texts
    assert len(set(part.texts)) == len(part.texts) == 28


def test_a_fifth_is_held_out_at_most_and_all_others_are_trained_on(source: TextFile, tmp_path: Path) -> None:
    part = looked_at(source, tmp_path, part=1000, held_out=1000).part
    assert (part.size, len(part.held_out)) == (32, 8)


def test_leaks_are_found_by_letters_and_digits(source: TextFile, tmp_path: Path) -> None:
    (leak,) = looked_at(source, tmp_path).leaks
    # "a dog runs" and "A dog runs!" are one sentence
    assert (leak.test, leak.sentences, leak.found) == ("STS-B", 3, 1)
    assert key("It's  3 O'CLOCK!") == "its3oclock"


def test_every_row_is_looked_at(source: TextFile, tmp_path: Path) -> None:
    found = looked_at(source, tmp_path)
    assert found.faults.texts == found.report.rows == 60
    assert found.faults.counts["no end"] == 3
    assert found.report.blank == 60


def test_too_few_sentences(tmp_path: Path) -> None:
    path = tmp_path / "few.txt"
    path.write_text("a man\n" * 50, encoding="utf-8")
    with pytest.raises(DataError, match="has 1 different sentences: at least 20"):
        looked_at(TextFile(path), tmp_path)


def test_near_duplicates_are_those_that_the_encoder_can_hardly_tell() -> None:
    encoder = tiny_encoder("avg")
    texts = ["a man plays music", "A man plays music", "the dog runs", "the woman sits in the city"]
    vectors = encoder.encode(texts, normalize=True)
    near = {row for row in range(4) if any(vectors[row] @ vectors[n] >= 0.95 for n in range(4) if n != row)}
    found = near_duplicates(encoder, texts, batch_size=2)
    assert (found.sentences, found.of) == (len(near), 4)
    assert found.examples[0] == (texts[0], texts[1])
    assert np.isclose(vectors[0] @ vectors[1], 1)
