from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from transformers import PreTrainedTokenizerBase

from sentcse.data.held_out import DatasetPart, HeldOutDataModule
from sentcse.data.low_shot import LowShot
from sentcse.data.text_file import TextFile
from sentcse.errors import DataError

Make = Callable[..., HeldOutDataModule]


@pytest.fixture
def make(tokenizer: PreTrainedTokenizerBase, numbered: Path, tmp_path: Path) -> Make:
    def make(path: Path = numbered, columns: list[str] | None = None, **changes: Any) -> HeldOutDataModule:
        settings = {"share": 0.1, "at_most": 2000, "held_out_seed": 0, "batch_size": 7, **changes}
        source = TextFile(path, columns=columns)
        data = HeldOutDataModule(source=source, tokenizer=tokenizer, cache_dir=tmp_path / "cache", **settings)
        data.setup()
        return data

    return make


def held_out(data: HeldOutDataModule) -> list[tuple[int, ...]]:
    return [tuple(text.tolist()) for text in data.held_out_texts()]


def trained(data: HeldOutDataModule) -> list[tuple[int, ...]]:
    """Every text of an epoch, as the loader gives them."""
    return [
        tuple(ids[mask.bool()].tolist())
        for batch in data.train_dataloader()
        for ids, mask in zip(batch["input_ids"].flatten(0, 1), batch["attention_mask"].flatten(0, 1), strict=True)
    ]


def test_the_parts_are_disjoint_and_together_the_corpus(make: Make) -> None:
    data = make()
    kept, seen = held_out(data), trained(data)
    assert (len(kept), len(seen), data.sentences) == (10, 90, 90)
    assert len(set(kept) | set(seen)) == 100
    assert set(kept) & set(seen) == set()
    # a view more of each sentence would be work for nothing
    assert next(iter(data.train_dataloader()))["input_ids"].shape[:2] == (7, 1)


def test_the_cut_is_a_function_of_its_own_seed(make: Make) -> None:
    first = held_out(make())
    assert held_out(make(seed=5, batch_size=3)) == first
    assert held_out(make(held_out_seed=1)) != first
    smaller = held_out(make(share=0.05))
    assert smaller == first[:5]


@pytest.mark.parametrize(("share", "at_most", "expected"), [(0.1, 2000, 10), (0.5, 4, 4), (0.019, 2000, 1)])
def test_sizes(make: Make, share: float, at_most: int, expected: int) -> None:
    data = make(share=share, at_most=at_most)
    assert (len(data.held_out_texts()), data.sentences) == (expected, 100 - expected)


def test_a_sentence_that_is_also_trained_on_does_not_score(make: Make, tmp_path: Path) -> None:
    path = tmp_path / "repeats.txt"
    lines = [f"the cat sat on mat {number % 50}" for number in range(90)] + [f"the dog ran {n}" for n in range(10)]
    path.write_text("".join(f"{line}\n" for line in lines))
    data = make(path, share=0.3)
    kept = held_out(data)
    assert 0 < len(kept) < 30
    assert set(kept) & set(trained(data)) == set()


def test_nothing_but_repeats(make: Make, tmp_path: Path) -> None:
    path = tmp_path / "same.txt"
    path.write_text("the cat sat\n" * 50)
    with pytest.raises(DataError, match="each of the 5 held-out sentences is in the training part as well"):
        make(path).held_out_texts()


def test_pairs_give_both_texts(make: Make, tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text("a,b\n" + "".join(f"cat {number},the dog ran far {number}\n" for number in range(20)))
    data = make(path, columns=["a", "b"])
    kept, seen = held_out(data), trained(data)
    assert (len(kept), len(seen)) == (4, 36)
    assert len(set(kept) | set(seen)) == 40


@pytest.mark.parametrize(
    ("rows", "changes", "sentence"),
    [
        (
            9,
            {},
            "gives 9 sentences, .*share=0.1 of them \\(0\\) .*: take a larger corpus or split, or a larger share\\.$",
        ),
        (
            9,
            {"share": 0.9},
            "gives 9 sentences, .* of them \\(8\\) .*: take a larger corpus or split, or a smaller share\\.$",
        ),
        (2, {"share": 0.5}, "gives 2 sentences, too few .*: take a larger corpus or split\\.$"),
        (2, {}, "gives 2 sentences, too few .*: take a larger corpus or split\\.$"),
        (12, {"drop_last": True, "batch_size": 12}, "data.drop_last=false"),
    ],
)
def test_too_small_a_corpus(make: Make, tmp_path: Path, rows: int, changes: dict[str, Any], sentence: str) -> None:
    path = tmp_path / "few.txt"
    path.write_text("".join(f"the cat {number}\n" for number in range(rows)))
    with pytest.raises(DataError, match=sentence):
        make(path, **changes)


def test_a_low_shot_split_is_cut_after_it_is_taken(make: Make) -> None:
    data = make(low_shot=LowShot(3, size=50))
    assert (len(data.held_out_texts()), data.sentences) == (5, 45)


def test_asked_too_early_or_outside(make: Make, tokenizer: PreTrainedTokenizerBase, numbered: Path) -> None:
    data = HeldOutDataModule(source=TextFile(numbered), tokenizer=tokenizer, share=0.1, at_most=9, held_out_seed=0)
    with pytest.raises(ValueError, match="setup\\(\\) must be called"):
        data.held_out_texts()
    part = make()._rows()
    assert isinstance(part, DatasetPart)
    with pytest.raises(IndexError, match="in \\[0, 90\\), got 90"):
        part[90]
    assert [text.tolist() for text in part[3]] == [text.tolist() for text in part.__getitems__([3])[0]]


def test_windows_of_length_go_by_the_rows_that_are_trained_on(make: Make, tmp_path: Path) -> None:
    path = tmp_path / "lengths.txt"
    path.write_text("".join("the " * (number % 10) + f"cat {number}\n" for number in range(100)))
    plain, sorted_ = make(path), make(path, length_window=4)
    assert sorted(trained(plain)) == sorted(trained(sorted_))
    shares = [
        sum(int(batch["attention_mask"].sum()) for batch in batches)
        / sum(batch["input_ids"].numel() for batch in batches)
        for batches in (list(plain.train_dataloader()), list(sorted_.train_dataloader()))
    ]
    assert shares[0] < 0.75 < 0.85 < shares[1]
