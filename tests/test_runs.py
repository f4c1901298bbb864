"""`python -m sentcse.runs`: what it lists and compares, and what it refuses to delete."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from sweeping import made, results

from sentcse import runs
from sentcse.records.run_folder import has_effect
from sentcse.records.run_record import read_run
from sentcse.records.terminal import differing_values
from sentcse.runs import main, removable, remove, size_on_disk


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of two runs in runs/ of the current folder; the second has failed."""
    monkeypatch.chdir(tmp_path)
    one = made(Path("runs"), "seed=48", "data.low_shot.size=64", "trainer.max_steps=100", results=results())
    other = made(Path("runs"), "seed=49", "data.low_shot.size=64", "method.ami_weight=0.1", "trainer.threads=3")
    other.record_failure(ValueError("no memory"))
    return [one.path.name, other.path.name]


class Terminal(io.StringIO):
    """Somebody who answers."""

    def isatty(self) -> bool:
        return True


def test_list(two: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    header, *rows = (line.split() for line in capsys.readouterr().out.splitlines())
    assert header == ["status", "method", "size", "seed", "budget", "step", "dev", "test", "seconds", "name"]
    found = {row[0]: row for row in rows}
    assert found["done"] == ["done", "micse", "64", "48", "100", "steps", "25", "80.50", "73.00", "12", two[0]]
    assert found["failed"] == ["failed", "micse", "64", "49", "1", "epochs", two[1]]
    assert main(["list", "root=nowhere"]) == 1
    assert "nowhere does not exist" in capsys.readouterr().err


def test_before_any_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([]) == 0
    assert capsys.readouterr().out == "There are no runs in runs; root=FOLDER names another folder.\n"


def test_show(two: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", two[0]]) == 0
    said = capsys.readouterr().out
    assert "stsb_dev 70.00 -> 80.50" in said
    assert "\nseed: 48\n" in said
    assert "\ntrainer.progress: true\n" in said
    assert main(["show", f"runs/{two[1]}"]) == 0
    assert "reason   ValueError: no memory" in capsys.readouterr().out


def test_compare(two: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["compare", *two]) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.split() for line in said if line.startswith(("seed", "method.ami", "trainer.m"))] == [
        ["seed", "48", "49"],
        ["method.ami_weight", "0.0005", "0.1"],
        ["trainer.max_steps", "100", "null"],
    ]
    assert not any("threads" in line for line in said)
    better = results()
    better["best"]["stsb_dev"] = 82.0
    third = made(Path("runs"), "seed=50", results=better)
    main(["compare", two[0], third.path.name])
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("stsb_dev")]
    assert line.split() == ["stsb_dev", "80.50", "82.00", "(+1.50)"]


def test_only_what_bears_on_results_is_compared(two: list[str]) -> None:
    assert has_effect("seed")
    assert has_effect("trainer.max_steps")
    assert not any(map(has_effect, ["name", "logger.kind", "trainer.threads", "data.hub_file.repo", "runs.root"]))
    one, other = (read_run(Path("runs") / name) for name in two)
    assert differing_values([one, one]) == {}
    assert differing_values([one, other])["seed"] == [48, 49]


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["compare", "a"], 2, "compare takes at least 2 names of runs, got 1"),
        (["show"], 2, "show takes one name of runs, got 0"),
        (["list", "a"], 2, "list takes no names of runs, got 1"),
        (["show", "a"], 1, "There is no run a, neither a nor runs/a"),
        (["status", "sweep=a"], 1, "There is no sweep a, neither a nor runs/sweeps/a"),
        (["frobnicate"], 2, "action must be 'list', 'show'"),
    ],
)
def test_what_is_refused(
    two: list[str], capsys: pytest.CaptureFixture[str], words: list[str], code: int, sentence: str
) -> None:
    assert main(words) == code
    assert capsys.readouterr().err.startswith(f"error: {sentence}")


def test_remove_asks(two: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    assert main(["remove", two[0]]) == 0
    assert "Nothing was removed" in capsys.readouterr().out
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert main(["remove", two[0]]) == 2
    assert "add yes=true" in capsys.readouterr().err
    assert (Path("runs") / two[0]).is_dir()
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert main(["remove", two[0]]) == 0
    assert not (Path("runs") / two[0]).exists()
    assert main(["remove", two[1], two[1], "yes=true"]) == 0
    assert list(Path("runs").iterdir()) == []


def test_what_is_never_removed(two: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    thesis, foreign = Path("runs/thesis"), Path("runs/foreign")
    thesis.mkdir()
    (thesis / "all.tex").write_text("x")
    foreign.mkdir()
    (foreign / "config.yaml").write_text("seed: 1\n")
    link = Path("runs/link")
    link.symlink_to(Path(two[1]).name)
    for name, sentence in (("thesis", "no config.yaml"), ("foreign", "something else's"), ("link", "is a link")):
        assert main(["remove", two[0], name, "yes=true"]) == 1  # and then none of them
        assert sentence in capsys.readouterr().err
    assert main(["remove", ".", "yes=true"]) == 1
    with (Path("runs") / two[1] / "run.lock").open("w") as file:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX)
        assert main(["remove", *two, "yes=true"]) == 1
        assert "is being trained: stop it first" in capsys.readouterr().err
        assert main(["list"]) == 0
        assert "running" in capsys.readouterr().out
    assert all((Path("runs") / name).exists() for name in (*two, "thesis", "foreign", "link"))


def test_size_and_removal(two: list[str]) -> None:
    path = Path("runs") / two[0]
    (path / "big").write_bytes(b"x" * 1000)
    assert size_on_disk(path) == 1000 + sum(
        file.stat().st_size for file in path.iterdir() if file.name != "big" and file.is_file()
    )
    (run,) = removable([path])
    remove(run)
    assert not path.exists()


def test_the_module_has_every_action() -> None:
    assert set(runs.NAMED) == {"list", "show", "compare", "remove", "status"}


def test_the_key_of_a_training_is_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "runs.root=x"]) == 2
    assert capsys.readouterr().err == "error: runs.root is not a known setting; did you mean root?\n"


ODD = {
    "results.json": ["[]", "{}", "null", "NaN", '{"best": {"step": "1"}, "seconds": 1}', '{"format": 9}', "[" * 10**5],
    "failure.json": ["[]", "{}", "null", '{"reason": 1}', '{"format": 9}'],
    "config.yaml": [
        "a: [",
        "[" * 10**5,
        "a: &a [x]\nb: *a\n",
        "seed: x\nruns: 1\nencoder: 1\ndata: 1\noptimizer: 1\ntrainer: 1\nevaluation: 1\n",
        "seed: 1\nruns: {}\nencoder: {}\ndata: {}\noptimizer: {}\ntrainer: {}\nevaluation: {}\n",
    ],
}


@pytest.mark.parametrize(("file", "text"), [(file, text) for file, texts in ODD.items() for text in texts])
def test_one_odd_run_does_not_hide_the_others(
    two: list[str], capsys: pytest.CaptureFixture[str], file: str, text: str
) -> None:
    (Path("runs") / two[1] / file).write_text(text)
    assert main(["list"]) == 0
    said = capsys.readouterr().out
    assert two[0] in said
    (note,) = (line for line in said.splitlines() if line.startswith("note: "))
    assert f"runs/{two[1]}/{file} " in note
    assert len(note) < 300
    code = main(["show", two[1]])
    shown = capsys.readouterr()
    assert code == (1 if file == "config.yaml" else 0)
    assert file in shown.out + shown.err
    assert "Traceback" not in shown.err


def test_one_odd_sweep_or_job_does_not_hide_the_others(two: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    jobs = [
        {"number": number, "settings": {"seed": str(number)}, "run": f"../../{name}", "fault": None}
        for number, name in enumerate(two)
    ]
    whole = json.dumps({"format": 1, "commands": [{"started": "2026", "command": "x 'y"}], "jobs": jobs})
    for name, text in {"b": whole, "c": "[]", "d": '{"format": 1, "commands": [], "jobs": [1]}', "e": "NaN"}.items():
        Path("runs/sweeps", name).mkdir(parents=True)
        Path("runs/sweeps", name, "sweep.json").write_text(text)
    (Path("runs") / two[1] / "config.yaml").write_text("a: [")
    assert main(["status"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "b  2 jobs: 1 done, 1 failed"
    assert said[1].startswith(f"    job 1 failed ({two[1]}): ")
    assert [line.partition("sweep.json")[0] for line in said[2:]] == [
        f"note: left out: runs/sweeps/{name}/" for name in "cde"
    ]
    assert main(["status", "sweep=b"]) == 0
    assert "config.yaml cannot be read" in capsys.readouterr().out
    for name in "cde":
        assert main(["status", f"sweep={name}"]) == 1
        assert capsys.readouterr().err.startswith(f"error: runs/sweeps/{name}/sweep.json ")


def test_names_are_whole_and_rule_no_terminal(two: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    long = made(Path("runs"), f"name={'n' * 100}", "seed=50").path
    config = long / "config.yaml"
    config.write_text(config.read_text().replace("name_or_path: ", 'name_or_path: "\\e[2J\\u202Ea\\nstatus" #', 1))
    odd = long.rename(long.with_name(f"{long.name}\x1b[31m"))
    for words in (["list"], ["show", odd.name], ["compare", two[0], odd.name]):
        assert main(words) == 0
        said = capsys.readouterr().out
        assert f"{long.name}\\x1b[31m" in said
        assert "\x1b" not in said
        assert "\u202e" not in said
    main(["show", odd.name])
    assert "encoder.name_or_path: \\x1b[2J\\u202ea\\nstatus\n" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["show", "{}"], ["status", "sweep={}"], ["list", "root={}"], ["list", "sweep={}"]])
def test_a_name_that_no_file_can_have(two: list[str], capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert main([word.format("x" * 300) for word in words]) == 1
    assert capsys.readouterr().err.startswith("error: ")


def test_a_sweep_of_a_name_that_no_file_can_have(two: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    Path("runs/sweeps/a").mkdir(parents=True)
    job = {"number": 1, "settings": {}, "run": "x" * 300, "fault": None}
    Path("runs/sweeps/a/sweep.json").write_text(json.dumps({"format": 1, "commands": [], "jobs": [job]}))
    assert main(["status"]) == 0
    assert capsys.readouterr().out == "a  1 job: 1 missing\n"
    assert main(["list", "sweep=a"]) == 0
