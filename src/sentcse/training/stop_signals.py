"""SIGTERM and Ctrl-C that wait for the end of a step."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer

SAID = b"\nCtrl-C: the run stops after this step and keeps it; once more stops it at once.\n"
STDERR = 2
NAMES = ("SIGTERM", "SIGINT")


class Stopped(SystemExit):
    """Ends a run behind the checkpoint of a step, in all of its processes.

    Lightning answers a `KeyboardInterrupt` by killing the processes that it has started, whatever they do.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name
        """SIGTERM or SIGINT."""


class StopSignals(Callback):
    """Notes the first SIGTERM or Ctrl-C instead of acting on it; a second Ctrl-C acts.

    Ctrl-C ends a run at once before its first step, when there is nothing to keep. SIGTERM waits for it, as Lightning
    would answer it with a broadcast in the midst of what several processes exchange, and they would wait for each
    other without an end.
    """

    def __init__(self) -> None:
        self.received: str | None = None
        """SIGTERM or SIGINT; None where nobody has asked."""
        self._before: dict[str, Any] = {}
        self._speaks = True

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Forget what was asked of a run before; SIGTERM waits from here on."""
        self._speaks = trainer.is_global_zero
        self.received = None
        self._take_over("SIGTERM")

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """From here on there is something to keep, and Ctrl-C waits too."""
        self._take_over("SIGINT")

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Give both back, so that they end the process at once."""
        self._give_back()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Give both back, so that they end the process at once."""
        self._give_back()

    def _take_over(self, name: str) -> None:
        # a thread gets no signals
        if name in self._before or threading.current_thread() is not threading.main_thread():
            return
        number = signal.Signals[name]
        handler = signal.getsignal(number)
        # what a shell has its background jobs ignore stays ignored
        if handler is not signal.SIG_IGN:
            self._before[name] = handler
            signal.signal(number, self._note)

    def _give_back(self) -> None:
        for name, handler in self._before.items():
            signal.signal(signal.Signals[name], handler)
        self._before = {}

    def _note(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and self.received == "SIGINT":
            raise KeyboardInterrupt
        if self.received is None:
            self.received = signal.Signals(number).name
            if number == signal.SIGINT and self._speaks:
                os.write(STDERR, SAID)  # a logger may be in the midst of a line
