"""Signals that are noted: this process sends them to itself."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from sentcse.training.stop_signals import StopSignals

BOTH = (signal.SIGINT, signal.SIGTERM)


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = [signal.getsignal(each) for each in BOTH]
    yield
    for each, handler in zip(BOTH, before, strict=True):
        signal.signal(each, handler)


def begin(signals: StopSignals, *, first: bool = True) -> None:
    """As Lightning does: train, a batch, and another one."""
    trainer: Any = SimpleNamespace(is_global_zero=first)
    module: Any = None
    signals.on_train_start(trainer, module)
    for batch in range(2):
        signals.on_train_batch_start(trainer, module, None, batch)


def end(signals: StopSignals) -> None:
    nothing: Any = None
    signals.on_train_end(nothing, nothing)


@pytest.mark.parametrize("how", BOTH)
def test_the_first_is_noted_and_forgotten_with_the_next_start(how: signal.Signals) -> None:
    before = [signal.getsignal(each) for each in BOTH]
    signals = StopSignals()
    for _ in range(2):
        begin(signals)
        assert signals.received is None
        os.kill(os.getpid(), how)
        assert signals.received == how.name
        end(signals)
        assert [signal.getsignal(each) for each in BOTH] == before


def test_a_second_ctrl_c_acts_and_a_second_sigterm_does_not() -> None:
    signals = StopSignals()
    begin(signals)
    os.kill(os.getpid(), signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
    end(signals)
    begin(signals)
    for _ in range(2):
        os.kill(os.getpid(), signal.SIGTERM)
    assert signals.received == "SIGTERM"


def test_what_is_ignored_stays_ignored() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signals = StopSignals()
    begin(signals)
    os.kill(os.getpid(), signal.SIGINT)
    assert signals.received is None


def test_a_thread_takes_nothing_over() -> None:
    before, signals = signal.getsignal(signal.SIGTERM), StopSignals()
    thread = threading.Thread(target=begin, args=[signals])
    thread.start()
    thread.join()
    assert signal.getsignal(signal.SIGTERM) is before


def test_before_the_first_step_sigterm_waits_and_ctrl_c_acts() -> None:
    """Until then nothing is to be kept; but SIGTERM is not left to Lightning."""
    before = [signal.getsignal(each) for each in BOTH]
    signals, trainer = StopSignals(), SimpleNamespace(is_global_zero=True)
    nothing: Any = None
    signals.on_train_start(trainer, nothing)  # type: ignore[arg-type]
    os.kill(os.getpid(), signal.SIGTERM)
    assert signals.received == "SIGTERM"
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
    signals.on_exception(nothing, nothing, KeyboardInterrupt())
    assert [signal.getsignal(each) for each in BOTH] == before


@pytest.mark.parametrize("first", [True, False])
def test_of_several_processes_the_first_answers_ctrl_c(capfd: pytest.CaptureFixture[str], first: bool) -> None:
    signals = StopSignals()
    begin(signals, first=first)
    os.kill(os.getpid(), signal.SIGINT)
    end(signals)
    assert ("the run stops after this step" in capfd.readouterr().err) == first
