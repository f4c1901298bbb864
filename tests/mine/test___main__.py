"""`python -m sentcse.mine`: from texts to a file that supervised SimCSE trains on; what it refuses."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny import tiny_checkpoint

from sentcse.config import TrainConfig
from sentcse.encoder import SentenceEncoder
from sentcse.mine.__main__ import main
from sentcse.retrieval.exact import directions
from sentcse.training.run import train

Configure = Callable[..., TrainConfig]
WIDE = ("relative_margin=null", "max_similarity=0.99999")


@pytest.fixture
def here(tmp_path: Path, inputs: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an encoder, twenty pairs and forty sentences."""
    monkeypatch.chdir(tmp_path)
    SentenceEncoder.from_pretrained(tiny_checkpoint(tmp_path / "plain"), pooler="avg").save_pretrained("encoder")
    lines = (inputs / "sentences.txt").read_text().splitlines()
    Path("corpus.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    with open("pairs.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("anchor", "positive"), *zip(lines[:20], lines[20:], strict=True)])
    return tmp_path


def mine(*words: str) -> int:
    return main(["encoder=encoder", *words])


def rows(path: str) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_rows_of_pairs_with_the_nearest_text_that_the_rules_let_through(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert mine("pairs.csv", "corpus=corpus.txt", *WIDE, "negatives=2") == 0
    said = capsys.readouterr()
    assert "20 of 20 pairs have a hard negative, 40 rows in all." in said.out
    assert "wrote mined.csv" in said.err
    corpus, pairs = (
        Path("corpus.txt").read_text().splitlines(),
        [(row["anchor"], row["positive"]) for row in rows("pairs.csv")],
    )
    encoder = SentenceEncoder.from_pretrained("encoder")
    vectors = dict(zip(corpus, directions(encoder.encode(corpus), corpus), strict=True))
    found = rows("mined.csv")
    assert list(found[0]) == ["sent0", "sent1", "hard_neg"]
    assert [(row["sent0"], row["sent1"]) for row in found] == [pair for pair in pairs for _ in range(2)]
    for (anchor, positive), first, second in zip(pairs, found[::2], found[1::2], strict=True):
        ranked = sorted(
            (t for t in corpus if t not in (anchor, positive)), key=lambda t: -(vectors[anchor] @ vectors[t])
        )
        fit = [text for text in ranked if vectors[anchor] @ vectors[text] <= 0.99999]
        assert [first["hard_neg"], second["hard_neg"]] == fit[:2]


@pytest.mark.parametrize(
    "words", [("pairs.csv", "corpus=corpus.txt", *WIDE), ("corpus.txt", "positive_at_most=1", *WIDE)]
)
def test_the_file_is_trained_on(
    here: Path,
    configure: Configure,
    words: tuple[str, ...],
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert mine(*words) == 0
    assert ("40 of 40 sentences have a positive." in capsys.readouterr().out) == (words[0] == "corpus.txt")
    supervised = ("method.projection_at_eval=true", "trainer.max_steps=2", f"data.path={here}/mined.csv")
    with caplog.at_level("INFO"):
        results = train(configure(*supervised, "encoder.name_or_path=plain"))
    assert results["best"]["step"] == 2
    assert results["data"]["sentences"] == len(rows("mined.csv"))
    assert "anchor = sent0" in caplog.text
    assert "negative = hard_neg" in caplog.text
    assert "pairs with a hard negative" in caplog.text


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("missing.csv",), "missing.csv does not exist"),
        (("pairs.csv", "output=mined.jsonl"), "must end in .csv"),
        (("pairs.csv", "output=./pairs.csv"), "is read by this command"),
        (("pairs.csv", "output=other.csv"), "is there already: name another file, or set overwrite=true."),
        (("pairs.csv", "positive_at_least=0.9", "positive_at_most=0.8"), "positive_at_least=0.9 is above"),
        (
            ("pairs.csv", "relative_margin=1", "min_similarity=0.9"),
            "of 20 pairs none has a candidate",
        ),
        (("pairs.csv", "min_similarity=0.9", "max_similarity=0.2"), "min_similarity=0.9 is above max_similarity=0.2."),
        (("pairs.csv", "columns=[anchor,anchor]"), "columns=[anchor,anchor] names 'anchor' twice"),
        (("pairs.csv", "corpus=pairs.csv"), "name its column in corpus_columns."),
        (("pairs.csv", "output=folder.csv", "overwrite=true"), "output=folder.csv is a folder: name a file."),
        (("corpus.txt", "positive_at_least=1", "positive_at_most=1"), "no sentence has another with a cosine between"),
        (("pairs.csv", "margin=far"), "margin must be a number"),
        ((), "path is required"),
    ],
)
def test_what_it_refuses(here: Path, words: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("other.csv").touch()
    Path("folder.csv").mkdir()
    assert mine(*words) in (1, 2)
    said = capsys.readouterr()
    assert sentence in said.err
    assert "Traceback" not in said.err
    assert not Path("mined.csv").exists()


def test_overwrite_replaces_and_pairs_without_a_negative_are_told(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("mined.csv").write_text("old\n")
    assert mine("pairs.csv", "overwrite=true", "relative_margin=null", "margin=0.02") == 0
    found, said = rows("mined.csv"), capsys.readouterr().out
    assert 0 < len(found) < 20
    assert f"Pairs without one, left out: {20 - len(found)}." in said


def test_what_sentence_transformers_mines_is_trained_on_by_its_names(
    here: Path, configure: Configure, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("sentence_transformers")
    from datasets import Dataset
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.util import mine_hard_negatives

    pairs = Dataset.from_list(rows("pairs.csv"))
    corpus = Path("corpus.txt").read_text().splitlines()
    mined = mine_hard_negatives(
        pairs, SentenceTransformer("encoder", device="cpu"), corpus=corpus, num_negatives=1, verbose=False
    )
    assert mined.column_names == ["anchor", "positive", "negative"]
    mined.to_csv("theirs.csv")
    with caplog.at_level("INFO"):
        results = train(configure("trainer.max_steps=2", f"data.path={here}/theirs.csv"))
    assert results["data"]["sentences"] == len(mined) > 10
    assert "negative = negative" in caplog.text
