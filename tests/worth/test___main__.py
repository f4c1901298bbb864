"""`python -m sentcse.worth`: page, record and the same words on the terminal; what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sentcse.worth.__main__ import main, split_settings, told

Capture = pytest.CaptureFixture[str]


def words(inputs: Path, tmp_path: Path) -> list[str]:
    return [
        f"encoder={inputs}/encoder",
        f"data.path={inputs}/sentences.txt",
        f"data.cache_dir={tmp_path}/cache",
        f"data_root={tmp_path}",
        f"output={tmp_path}/worth",
        *("methods=simcse", "steps=2", "held_out=8", "bootstrap=100"),
        *("data.batch_size=8", "trainer.accelerator=cpu", "trainer.precision=32"),
    ]


def test_the_page_the_record_and_the_terminal_agree(inputs: Path, tmp_path: Path, capsys: Capture) -> None:
    assert main(words(inputs, tmp_path)) == 0
    said = capsys.readouterr().out
    record = json.loads((tmp_path / "worth" / "worth.json").read_text(encoding="utf-8"))
    page = (tmp_path / "worth" / "index.html").read_text(encoding="utf-8")
    for line in (record["headline"], *record["reasons"]):
        assert line in said
        assert line in page
    assert record["pairs"] is None
    assert [each["steps"] for each in record["runs"]] == [2]
    assert "What is not known from this" in said
    assert "index.html to begin with" in said
    assert (tmp_path / "worth" / "runs").is_dir()


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["data.path=nothing.txt"], "nothing.txt does not exist"),
        (["pairs=nothing.tsv"], "nothing.tsv does not exist"),
        (["trainer.max_steps=9"], "trainer.max_steps=9 is not to be set here: steps=[25,100] names the budgets."),
        (["data.colums=[a]"], "colums"),
        (["methods=diffcse"], "method=diffcse needs a masked language model"),
        (["encoder=nowhere/at/all"], "nowhere/at/all"),
        (["stepz=3"], "stepz"),
        (["--fast"], "--fast"),
    ],
)
def test_what_it_refuses(more: list[str], sentence: str, inputs: Path, tmp_path: Path, capsys: Capture) -> None:
    kept = [word for word in words(inputs, tmp_path) if word.partition("=")[0] != more[0].partition("=")[0]]
    assert main([*kept, *more]) in (1, 2)
    said = capsys.readouterr()
    assert sentence in said.err
    assert "Traceback" not in said.err


def test_help(capsys: Capture) -> None:
    assert main(["--help"]) == 0
    assert "is training on this text worth it?" in capsys.readouterr().out


def test_settings_of_the_command_and_of_the_runs() -> None:
    found = split_settings(["encoder=x", "data.path=a,b.txt", "steps=3", "seed=1"])
    assert found == ["encoder=x", "steps=3", "seed=1", 'overrides=["data.path=a,b.txt"]']


def test_words_of_a_corpus_cannot_steer_the_terminal() -> None:
    said = told("Yes.", ["a\x1b[2Jb"], {"The text": []}, ("The training", "python"))
    assert "\x1b" not in said
    assert "- Nothing stands out." in said
    assert said.endswith("\n\nThe training\npython")
    assert "The training" not in told("No.", [], {}, ("The training", ""))
