"""`python -m sentcse.runs`: what it lists and compares, and what it refuses to delete."""

from __future__ import annotations

import io
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
