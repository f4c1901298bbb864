"""Signals that are noted: this process sends them to itself."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from sentcse.training.stop_signals import StopSignals

BOTH = (signal.SIGINT, signal.SIGTERM)


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = [signal.getsignal(each) for each in BOTH]
    yield
    for each, handler in zip(BOTH, before, strict=True):
        signal.signal(each, handler)


@pytest.mark.parametrize("how", BOTH)
def test_the_first_is_noted_and_forgotten_with_the_next_start(how: signal.Signals) -> None:
    before = [signal.getsignal(each) for each in BOTH]
    signals = StopSignals()
    for _ in range(2):
        signals.install()
        signals.install()  # at every batch
        assert signals.received is None
        os.kill(os.getpid(), how)
        assert signals.received == how.name
        signals.restore()
        assert [signal.getsignal(each) for each in BOTH] == before


def test_a_second_ctrl_c_acts_and_a_second_sigterm_does_not() -> None:
    signals = StopSignals()
    signals.install()
    os.kill(os.getpid(), signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
    signals.restore()
    signals.install()
    for _ in range(2):
        os.kill(os.getpid(), signal.SIGTERM)
    assert signals.received == "SIGTERM"


def test_what_is_ignored_stays_ignored() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signals = StopSignals()
    signals.install()
    os.kill(os.getpid(), signal.SIGINT)
    assert signals.received is None


def test_a_thread_takes_nothing_over() -> None:
    before, signals = signal.getsignal(signal.SIGTERM), StopSignals()
    thread = threading.Thread(target=signals.install)
    thread.start()
    thread.join()
    assert signal.getsignal(signal.SIGTERM) is before
