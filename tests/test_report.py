"""The command `report`: one call makes everything; faults are sentences."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from made_runs import Made, grid, make_run, make_runs

from sentcse.report import run_report

TABLES = ("scores", "differences", "tasks", "learning_curves", "best_steps", "geometry", "runs")


def test_one_call_makes_the_whole_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_runs(tmp_path / "runs", grid(("simcse", "micse"), (64, 500), (48, 49)))
    out = tmp_path / "out"
    assert run_report([str(tmp_path / "runs"), f"output={out}", "title=Few sentences"]) == 0
    printed = capsys.readouterr().out
    assert "100 steps: 8 of 8 runs done" in printed
    assert "index.html to begin with" in printed
    assert {file.name for file in (out / "tables").iterdir()} == {
        f"{name}.{kind}" for name in TABLES for kind in ("md", "tex", "csv")
    }
    assert {"low_shot-sts_avg_test.pdf", "learning_curves.svg", "best_steps.png"} <= {
        file.name for file in (out / "figures").iterdir()
    }
    summary = (out / "summary.md").read_text(encoding="utf-8")
    assert summary.startswith("# Few sentences\n")
    assert "micse and simcse are not told apart" in summary
    assert str(tmp_path) not in summary
    for picture in (line[line.index("](") + 2 : -1] for line in summary.splitlines() if line.startswith("![")):
        assert (out / picture).is_file()
    assert "<title>Few sentences</title>" in (out / "index.html").read_text(encoding="utf-8")
    assert str(tmp_path) not in (out / "index.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_same_runs_make_the_same_files(tmp_path: Path) -> None:
    make_runs(tmp_path / "runs", grid(("simcse", "micse"), (64,), (48, 49), tests=("stsb",)))
    written = []
    for _ in range(2):
        assert run_report([str(tmp_path / "runs"), f"output={tmp_path / 'out'}"]) == 0
        written.append({file: file.read_bytes() for file in (tmp_path / "out").rglob("*") if file.is_file()})
    assert written[0] == written[1]


def test_sources_may_be_several_and_have_commas_in_their_names(tmp_path: Path) -> None:
    one = make_run(tmp_path / "a, b", Made(tests=("stsb",)))
    make_run(tmp_path / "c", Made("micse", tests=("stsb",)))
    words = [str(one), str(tmp_path / "c"), f"output={tmp_path / 'out'}", "page=false"]
    assert run_report(words) == 0
    assert "micse" in (tmp_path / "out" / "tables" / "scores.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        ([], 2, "sources is required"),
        (["nowhere"], 1, "nowhere does not exist"),
        (["a, [b"], 1, "a, [b does not exist"),
        (["x", "panel=size"], 2, "panel is not a known setting; did you mean panels?"),
        (["x", "panels=seed"], 2, "panels must be 'size' or 'method', got 'seed'."),
        (["x", "--plot"], 2, "--plot is not of the form key=value"),
    ],
)
def test_faults_are_sentences(words: list[str], code: int, sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_report(words) == code
    assert sentence in capsys.readouterr().err


def test_help_is_the_file_of_settings(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_report(["--help"]) == 0
    assert "panels: size" in capsys.readouterr().out


def test_an_output_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_run(tmp_path / "runs", Made(tests=("stsb",)))
    (tmp_path / "file").write_text("")
    assert run_report([str(tmp_path / "runs"), f"output={tmp_path / 'file'}", "page=false"]) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_one_odd_run_does_not_hide_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = tmp_path / "runs"
    make_runs(runs, [Made(seed=48, tests=("stsb",)), Made(seed=49, tests=("stsb",))])
    odd = {
        "metrics.csv": "not,ours\n1,2\n",
        "results.json": "[]",
        "config.yaml": "a: &a [x, x]\nb: [*a, *a]\n",
        "failure.json": "null",
    }
    for seed, (name, text) in enumerate(odd.items(), 50):
        made = make_run(runs, Made(seed=seed, tests=("stsb",)))
        if name == "failure.json":
            (made / "results.json").unlink()
        (made / name).write_text(text)
    (runs / "sweeps" / "a").mkdir(parents=True)
    (runs / "sweeps" / "a" / "sweep.json").write_text("null")
    assert run_report([str(runs), f"output={tmp_path / 'out'}", "page=false"]) == 0
    said = capsys.readouterr().out
    assert "100 steps: 3 of 5 runs done" in said
    for file in (*odd, "sweep.json"):
        assert f"{file} " in said
        assert f"{file.replace('_', chr(92) + '_')} " in (tmp_path / "out" / "summary.md").read_text(encoding="utf-8")


def test_names_are_text_in_the_summary(tmp_path: Path) -> None:
    make_runs(tmp_path / "runs", [Made(tests=("stsb",))])
    title = "<script>alert(1)</script> [a](b) `c` *d* a_b\n# e"
    words = [str(tmp_path / "runs"), f"output={tmp_path / 'out'}", "page=false", "panels=method", f"title='{title}'"]
    assert run_report(words) == 0
    summary = (tmp_path / "out" / "summary.md").read_text(encoding="utf-8")
    heading, _, rest = summary.partition("\n")
    assert heading == r"# \<script>alert(1)\</script> [a\](b) \`c\` \*d\* a_b # e"
    assert "````bash\n" not in rest
    assert "panels=method page=false\n" in rest  # the command, as it was typed
    assert "<script>" not in rest.partition("## Commands")[0]


@pytest.mark.parametrize("page", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_budgets_that_are_compared(tmp_path: Path, page: bool) -> None:
    """Pairs are those of one seed and one split, trained for 100 steps and for 250."""
    make_runs(tmp_path / "runs", [Made("diffcse", seed=seed, steps=steps) for seed in (48, 49) for steps in (100, 250)])
    out = tmp_path / "out"
    words = [str(tmp_path / "runs"), f"output={out}", "budgets=together", f"page={page}"]
    assert run_report(words) == 0
    with open(out / "tables" / "differences.csv", encoding="utf-8", newline="") as file:
        (row,) = [row for row in csv.DictReader(file) if row["score"] == "sts_avg_test"]
    assert (row["method"], row["reference"]) == ("diffcse, max_steps=250", "diffcse, max_steps=100")
    with open(out / "tables" / "runs.csv", encoding="utf-8", newline="") as file:
        assert {row["method"]: row["budget"] for row in csv.DictReader(file)} == {
            "diffcse, max_steps=100": "100 steps",
            "diffcse, max_steps=250": "250 steps",
        }
    assert "budgets=together" in (out / "summary.md").read_text(encoding="utf-8")


def test_a_source_of_a_name_that_no_file_can_have(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_report(["x" * 300, f"output={tmp_path / 'out'}"]) == 1
    assert capsys.readouterr().err.startswith("error: ")


def test_runs_without_a_scored_task_alone_get_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    none = (("evaluation.dev", []), ("evaluation.select", "last"))
    make_run(tmp_path / "runs", Made(changes=none, tests=(), results=(("best", {"step": 100}),)))
    assert run_report([str(tmp_path / "runs"), f"output={tmp_path / 'out'}", "page=false"]) == 1
    said = capsys.readouterr().err
    assert "has no run with a scored task, and so nothing to report. Left out, as its runs scored no task" in said
    assert not (tmp_path / "out").exists()


def test_a_reference_is_what_the_others_are_compared_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_runs(tmp_path / "runs", grid(("simcse", "diffcse", "micse"), (64,), (48, 49, 50)))
    words = [str(tmp_path / "runs"), f"output={tmp_path / 'out'}"]
    assert run_report([*words, "reference=micse"]) == 0
    with (tmp_path / "out/tables/differences.csv").open(newline="") as lines:
        compared = {(row["method"], row["reference"]) for row in csv.DictReader(lines)}
    assert compared == {("simcse", "micse"), ("diffcse", "micse")}
    assert "Every method is compared with micse" in (tmp_path / "out/index.html").read_text()
    assert "reference=micse" in (tmp_path / "out/summary.md").read_text()
    capsys.readouterr()
    assert run_report([*words, "reference=bert"]) == 2
    said = capsys.readouterr().err
    assert said == "error: reference='bert' is none of what these runs compare: 'simcse', 'diffcse' and 'micse'.\n"
