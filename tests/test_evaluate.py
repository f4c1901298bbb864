"""`python -m sentcse.evaluate` on tiny encoders: comparisons, poolers by record and by name, rows to paste."""

from __future__ import annotations

import json
import string
from pathlib import Path

import pytest
from tiny import tiny_bert, tiny_checkpoint, tiny_tokenizer

from sentcse.command.plain import run_plain_command
from sentcse.config.commands import EvaluateConfig
from sentcse.encoder import SentenceEncoder
from sentcse.evaluate import evaluate_job


@pytest.fixture
def pairs(tmp_path: Path) -> str:
    words = [" ".join(string.ascii_lowercase[start : start + 3]) for start in range(20)]
    rows = [f"{5 - (i % 6)}\t{words[i]}\t{words[(i + i % 6) % 20]}" for i in range(20)]
    (tmp_path / "pairs.tsv").write_text("score\tsentence1\tsentence2\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return f"tasks={tmp_path / 'pairs.tsv'}"


@pytest.fixture
def encoders(tmp_path: Path) -> tuple[Path, Path]:
    first, second = (
        SentenceEncoder(tiny_bert(seed=seed), tiny_tokenizer(), pooler="avg").save_pretrained(tmp_path / name)
        for seed, name in enumerate("ab")
    )
    return first, second


def evaluate(*words: str) -> int:
    return run_plain_command(evaluate_job, "evaluate", EvaluateConfig, [*words, "progress=false"])


def test_two_encoders_are_compared_in_words_and_in_results(
    encoders: tuple[Path, Path], pairs: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "scores"
    words = [f"encoder={encoders[0]}", f"against={encoders[1]}", pairs, "bootstrap=200", f"output={out}"]
    assert evaluate(*words) == 0
    printed = capsys.readouterr().out
    differences = json.loads((out / "results.json").read_text())["against"]["differences"]["tasks"]["pairs"]
    assert {"difference", "ci95", "p", "p_holm", "verdict"} == set(differences)
    said = {"better": "is better than", "worse": "is worse than", "not told apart": "are not told apart"}
    assert said[differences["verdict"]] in printed
    assert (out / "table.txt").read_text() == printed
    assert evaluate(*words[:-1]) == 0
    assert capsys.readouterr().out == printed


def test_an_overridden_pooler_is_printed(
    encoders: tuple[Path, Path], pairs: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [f"encoder={encoders[0]}", "pooler=cls_before_pooler", pairs, "bootstrap=0"]
    assert evaluate(*words) == 0
    assert f"{encoders[0]}: pooler cls_before_pooler (recorded: avg), at most 64" in capsys.readouterr().out
    assert evaluate(words[0], *words[2:]) == 0
    assert "recorded" not in capsys.readouterr().out


def test_a_copy_of_a_published_checkpoint_is_known_by_its_name(
    pairs: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tiny_checkpoint(tmp_path / "copy")
    assert evaluate(f"encoder={copy}", pairs, "bootstrap=0", "known_as=sap-ai-research/miCSE") == 0
    assert f"{copy}: pooler cls_before_pooler, at most" in capsys.readouterr().out
    assert evaluate(f"encoder={copy}", pairs, "bootstrap=0", "known_as=sap-ai-research/mi") == 2
    assert "no such published encoder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("layout", "first", "last"),
    [
        ("markdown", "| encoder | pairs |", "|"),
        ("latex", r"% needs \usepackage{booktabs,adjustbox}", r"\end{adjustbox}"),
    ],
)
def test_rows_to_paste_stand_alone(
    encoders: tuple[Path, Path], pairs: str, layout: str, first: str, last: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(f"encoder={encoders[0]}", pairs, "bootstrap=20", f"format={layout}") == 0
    lines = capsys.readouterr().out.rstrip("\n").split("\n")
    assert lines[0] == first
    assert lines[-1].endswith(last)


def test_several_encoders_give_mean_and_spread(
    encoders: tuple[Path, Path], pairs: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(f"encoder=[{encoders[0]},{encoders[1]}]", pairs, "bootstrap=0") == 0
    printed = capsys.readouterr().out
    assert [line.split()[0] for line in printed.split("\n") if line.startswith(("mean", "  std", "  95"))] == [
        "mean",
        "std",
        "95",
        "95",
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["reproduces=nobody"], "reproduces: there is no published row 'nobody'"),
        (["reproduces=minilm_mteb"], "was published by the protocol mteb"),
        (["against=y", "bootstrap=0"], "bootstrap=0: against and reproduces need resamples"),
        (["device=gpu"], "device=gpu is no device; use auto, cpu, cuda"),
        (["device=cuda:99"], "device=cuda:99: "),
        (["format=html"], "format must be 'table', 'markdown' or 'latex', got 'html'"),
    ],
)
def test_what_does_not_fit_is_refused_before_data_are_looked_for(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate("encoder=x", f"data_root={tmp_path / 'nothing'}", *words) == 2
    assert said in capsys.readouterr().err


def test_an_output_that_cannot_be_written_stops_before_anything_is_scored(
    encoders: tuple[Path, Path], pairs: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(f"encoder={encoders[0]}", pairs, f"output={tmp_path / 'pairs.tsv'}") == 1
    said = capsys.readouterr()
    assert "pairs.tsv cannot be written to (File exists)" in said.err
    assert "Spearman" not in said.out


def test_the_table_is_printed_and_the_results_are_written(
    encoders: tuple[Path, Path], pairs: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "scores"
    assert evaluate(f"encoder={encoders[0]}", pairs, f"output={out}", "bootstrap=20") == 0
    assert "pooler avg" in capsys.readouterr().out
    results = json.loads((out / "results.json").read_text(encoding="utf-8"))
    assert results["pooler"] == "avg"
    (task,) = results["tasks"].values()
    assert task["pairs"] == 20


def test_a_plain_checkpoint_needs_a_pooler(pairs: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(f"encoder={tiny_checkpoint(tmp_path / 'plain')}", pairs) == 1
    assert "no record of its pooler" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["encodr=x"], "encodr is not a known setting; did you mean encoder?"),
        (["encoder=x", "mode=fast"], "mode must be 'test', 'dev' or 'fasttest', got 'fast'."),
        (["encoder=x", "batch_size=0"], "batch_size must be at least 1, got 0."),
        (["--encoder", "x"], "--encoder is not of the form key=value"),
        (["encoder=x", "tasks=[a"], "tasks=[a cannot be read as key=value: a list is written key=[a,b]"),
    ],
)
def test_wrong_settings_exit_with_2(words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(*words) == 2
    assert sentence in capsys.readouterr().err


def test_widths_score_as_an_encoder_that_keeps_so_many_values(
    encoders: tuple[Path, Path], pairs: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shorter = SentenceEncoder.from_pretrained(encoders[0])
    shorter.dimensions = 5
    shorter.save_pretrained(tmp_path / "shorter")
    words = [pairs, "bootstrap=20"]
    assert evaluate(f"encoder={encoders[0]}", "truncate_dim=[16,5]", f"output={tmp_path / 'widths'}", *words) == 0
    assert "5 values" in capsys.readouterr().out
    assert evaluate(f"encoder={tmp_path / 'shorter'}", f"output={tmp_path / 'alone'}", *words) == 0
    alone = json.loads((tmp_path / "alone" / "results.json").read_text())
    (_, five) = json.loads((tmp_path / "widths" / "results.json").read_text())["encoders"]
    assert five["tasks"]["pairs"]["spearman"] == pytest.approx(alone["tasks"]["pairs"]["spearman"], abs=1e-3)
    assert evaluate(f"encoder={encoders[0]}", "truncate_dim=17", *words) == 2
    assert "truncate_dim=17: the vectors of" in capsys.readouterr().err
