from __future__ import annotations

from pathlib import Path

import datasets
import pytest

from sentcse.data.columns import roles
from sentcse.data.hub_dataset import HubDataset
from sentcse.data.text_file import TextFile
from sentcse.errors import DataError

SENTENCES = [f"The {number}th cat sat on a mat." for number in range(40)]


def table(header: str, mark: str, *rows: list[str]) -> str:
    return "".join(f"{line}\n" for line in [header, *map(mark.join, zip(*rows, strict=True))])


LABELS = [["0", "1", "2"][number % 3] for number in range(40)]
WORDS = [["good", "bad"][number % 2] for number in range(40)]
IDS = [f"doc{number}" for number in range(40)]
NUMBERS = [str(number) for number in range(40)]
SCORES = [f"{number / 8}" for number in range(40)]
OTHERS = [f"A dog ran {number} miles." for number in range(40)]

CASES = {
    "labels.csv": (table("text,label", ",", SENTENCES, LABELS), r"'label' \(column 2\).*data\.columns=\[text\]"),
    "ids.tsv": (table("id\ttext", "\t", IDS, SENTENCES), r"'id' \(column 1\).*the anchor.*data\.columns=\[text\]"),
    "pandas.csv": (table(",text", ",", NUMBERS, SENTENCES), r"'' \(column 1\).*index.*data\.columns=\[text\]"),
    "graded.csv": (
        table("sentence1,sentence2,score", ",", SENTENCES, OTHERS, SCORES),
        r"'score' \(column 3\).*the negative.*data\.columns=\[sentence1,sentence2\]",
    ),
    "own.tsv": (
        table("score\tsentence1\tsentence2", "\t", SCORES, SENTENCES, OTHERS),
        r"'score' \(column 1\).*data\.columns=\[sentence1,sentence2\]",
    ),
    "semicolons.csv": (table("text;label", ";", SENTENCES, LABELS), r"'label'.*data\.columns=\[text\]"),
    "feelings.csv": (
        "text,sentiment\nI like it.,positive\nI do not.,negative\n",
        r"'sentiment'.*data\.columns=\[text\]",
    ),
    "words.csv": (table("text,mood", ",", SENTENCES, WORDS), r"'mood' \(column 2\) holds 2 different values only"),
    "codes.csv": (table("text,where", ",", SENTENCES, IDS), r"'where' \(column 2\) holds one word with a number"),
    "numbers.csv": (table("text,other", ",", SENTENCES, SCORES), r"'other' \(column 2\) holds numbers only"),
    "bare.tsv": (table("1\tA cat", "\t", LABELS, SENTENCES), r"column 1 holds numbers only.*a first line with 2 names"),
    "lines.jsonl": (
        "".join(f'{{"id": "{one}", "text": "{text}"}}\n' for one, text in zip(IDS, SENTENCES, strict=True)),
        r"'id' \(column 1\) looks like an id.*data\.columns=\[text\]",
    ),
    "array.json": ('[{"text": "A cat.", "label": "good"}]', r"'label'.*data\.columns=\[text\]"),
    "odd.csv": (table("my text,label,text", ",", SENTENCES, LABELS, OTHERS), r"3 columns|column 2 holds"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_column_that_is_no_text_is_named_with_the_columns_that_are_meant(tmp_path: Path, name: str) -> None:
    content, message = CASES[name]
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=rf"{name}: {message}"):
        list(TextFile(tmp_path / name).iter_rows())


def test_what_is_named_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(CASES["labels.csv"][0])
    assert list(TextFile(path, columns=["text"]).iter_rows()) == [(text,) for text in SENTENCES]
    assert next(TextFile(path, columns=["text", "label"]).iter_rows()) == (SENTENCES[0], "0")


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("sent0,sent1,hard_neg", [SENTENCES, OTHERS, OTHERS[::-1]]),
        ("question,answer", [OTHERS, [f"Yes {number}" for number in range(40)]]),
        ("premise,hypothesis", [SENTENCES[:3], OTHERS[:3]]),
        ("text", [NUMBERS]),
        ("text", [SENTENCES]),
        (
            "text,sentence",
            [["\u732b\u304c\u5ea7\u308b" * (n + 1) for n in range(40)], ["\u72ac" * (n + 1) for n in range(40)]],
        ),
    ],
)
def test_texts_pass(tmp_path: Path, header: str, columns: list[list[str]]) -> None:
    (tmp_path / "a.csv").write_text(table(header, ",", *columns), encoding="utf-8")
    assert list(TextFile(tmp_path / "a.csv").iter_rows()) == list(zip(*columns, strict=True))


def test_a_dataset_with_labels(tmp_path: Path) -> None:
    datasets.Dataset.from_dict({"text": SENTENCES, "label": list(range(40))}).save_to_disk(str(tmp_path / "saved"))
    with pytest.raises(DataError, match=r"saved \(train\): 'label' \(column 2\).*data\.columns=\[text\]"):
        list(HubDataset(str(tmp_path / "saved")).iter_rows())


def test_a_folder_of_files_with_unlike_columns(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label\nA cat.,1\n")
    (tmp_path / "b.csv").write_text("sentence,other\nA dog.,x\n")
    with pytest.raises(DataError, match=r"cannot be opened: its files do not have the same columns"):
        list(HubDataset(str(tmp_path)).iter_rows())


def test_roles() -> None:
    assert roles((), ("A cat.",)) == "sentence: 'A cat.'"
    assert roles(("b", "a"), ("x", "y")) == "anchor = b: 'x'; positive = a: 'y'"
