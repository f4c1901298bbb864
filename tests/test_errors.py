from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sentcse.errors import BusyError, ConfigError, DataError, SentcseError, how_to_continue, leave_quietly, print_fault


def test_a_fault_of_two_lines(capsys: pytest.CaptureFixture[str]) -> None:
    print_fault(DataError("a\nb"))
    assert capsys.readouterr().err == "error: a\nerror: b\n"


@pytest.mark.parametrize(
    ("kind", "code"), [(SentcseError, 1), (DataError, 1), (BusyError, 1), (ConfigError, 2)], ids=lambda kind: str(kind)
)
def test_whoever_catches_the_base_class_gets_the_exit_code(kind: type[SentcseError], code: int) -> None:
    with pytest.raises(SentcseError) as fault:
        raise kind("what, where, what to do")
    assert fault.value.exit_code == code


def test_after_the_reader_has_gone_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "out").open("w") as out:
        monkeypatch.setattr(sys, "stdout", out)
        print("read", flush=True)
        leave_quietly()
        print("nobody reads this", flush=True)
    assert (tmp_path / "out").read_text() == "read\n"


def test_what_was_begun_anew_is_not_continued_by_the_command_that_begins_anew() -> None:
    assert how_to_continue(fresh=True) == "The command without overwrite=true"
    assert how_to_continue(fresh=False) == "The same command"
