from __future__ import annotations

import errno
import logging
import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from sentcse.errors import BusyError
from sentcse.machine.locks import held, is_held, one_at_a_time


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_written_to_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, number: int
) -> None:
    fcntl = pytest.importorskip("fcntl", reason="no fcntl here")

    def refuse(*arguments: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with held(tmp_path / "lock", busy="busy"):
        assert not is_held(tmp_path / "lock")
    assert "train it in one process only" in caplog.text


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    assert not is_held(file)
    for _ in range(2):  # taken again after it was given back
        with held(file, busy="somebody trains"):
            assert is_held(file)
            with pytest.raises(BusyError, match="somebody trains"), held(file, busy="somebody trains"):
                pass
            assert is_held(file)
        assert not is_held(file)


def test_a_fault_gives_the_lock_back(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), held(tmp_path / "lock", busy=""):
        raise ZeroDivisionError
    assert not is_held(tmp_path / "lock")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes are forked here")
def test_a_forked_process_does_not_keep_what_its_parent_had(tmp_path: Path) -> None:
    """As those do that load data and live on for seconds after a training was killed."""
    pytest.importorskip("fcntl", reason="no fcntl here")
    (forked, tell), (wait, go) = os.pipe(), os.pipe()
    with held(tmp_path / "lock", busy=""):
        child = os.fork()
        if child == 0:
            os.write(tell, b"x")
            os.read(wait, 1)
            os._exit(0)
        try:
            os.read(forked, 1)
            assert is_held(tmp_path / "lock")
        except BaseException:
            os.kill(child, signal.SIGKILL)
            raise
    kept = is_held(tmp_path / "lock")
    os.write(go, b"x")
    assert os.waitpid(child, 0)[1] == 0
    assert not kept


def test_whoever_asks_for_an_instant_does_not_keep_a_holder_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcntl = pytest.importorskip("fcntl", reason="no fcntl here")
    file = tmp_path / "lock"
    with file.open("w") as asking:
        fcntl.flock(asking, fcntl.LOCK_SH)
        monkeypatch.setattr("sentcse.machine.locks.time.sleep", lambda _: fcntl.flock(asking, fcntl.LOCK_UN))
        with held(file, busy="busy"):
            assert is_held(file)


def test_the_second_waits_for_the_first_and_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    destination, order = tmp_path / "text.txt", []
    first_is_in, first_may_go = threading.Event(), threading.Event()

    def first() -> None:
        with one_at_a_time(destination):
            first_is_in.set()
            first_may_go.wait(10)
            order.append("first")
            destination.touch()

    class Waiting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            first_may_go.set()

    thread = threading.Thread(target=first)
    thread.start()
    first_is_in.wait(10)
    logger = logging.getLogger("sentcse.machine.locks")
    logger.addHandler(waiting := Waiting())
    with caplog.at_level("INFO", logger="sentcse"), one_at_a_time(destination):
        order.append("second")
    logger.removeHandler(waiting)
    thread.join(10)
    assert order == ["first", "second"]
    assert f"Another process is fetching {destination}: waiting for it" in caplog.text
    assert list(tmp_path.iterdir()) == [destination]


def test_the_lock_stays_where_nothing_has_come(tmp_path: Path) -> None:
    """Whoever waits for it goes on: a second lock of this name would let a third in beside it."""
    with pytest.raises(ZeroDivisionError), one_at_a_time(tmp_path / "text.txt"):
        raise ZeroDivisionError
    assert [path.name for path in tmp_path.iterdir()] == [".text.txt.lock"]


@pytest.mark.parametrize("fault", [OSError(errno.ENOLCK, "No locks available"), NotImplementedError("no flock")])
def test_what_cannot_be_locked_is_fetched_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, fault: Exception
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.setattr(FileLock, "acquire", refuse)
    with one_at_a_time(tmp_path / "text.txt"):
        (tmp_path / "text.txt").touch()
    assert "text.txt cannot be locked" in caplog.text
