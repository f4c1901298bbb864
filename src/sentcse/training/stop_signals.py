"""SIGTERM and Ctrl-C that wait for the end of a step."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType
from typing import Any

SAID = b"\nCtrl-C: the run stops after this step and keeps it; once more stops it at once.\n"
STDERR = 2


class StopSignals:
    """Notes the first SIGTERM or Ctrl-C instead of acting on it; a second Ctrl-C acts."""

    def __init__(self) -> None:
        self.received: str | None = None
        """SIGINT or SIGTERM; None where nobody has asked."""
        self._before: dict[signal.Signals, Any] = {}

    def install(self) -> None:
        """Take both over, once; nothing in a thread, which gets no signals."""
        if self._before or threading.current_thread() is not threading.main_thread():
            return
        self.received = None
        for each in (signal.SIGINT, signal.SIGTERM):
            handler = signal.getsignal(each)
            # what a shell has its background jobs ignore stays ignored
            if handler is not signal.SIG_IGN:
                self._before[each] = handler
                signal.signal(each, self._note)

    def restore(self) -> None:
        """Give both back."""
        for each, handler in self._before.items():
            signal.signal(each, handler)
        self._before = {}

    def _note(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and self.received == "SIGINT":
            raise KeyboardInterrupt
        if self.received is None:
            self.received = signal.Signals(number).name
            if number == signal.SIGINT:
                os.write(STDERR, SAID)  # a logger may be in the midst of a line
