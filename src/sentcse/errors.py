"""The faults that a user can mend: a command prints their text without a traceback and exits with `exit_code`."""

from __future__ import annotations

import os
import sys


class SentcseError(Exception):
    """A fault whose message says what is wrong, where, what was expected and what to do."""

    exit_code = 1


class ConfigError(SentcseError):
    """A configuration that cannot be run; one line for each fault."""

    exit_code = 2


class DataError(SentcseError):
    """Data that is missing, damaged or of the wrong form."""


class BusyError(SentcseError):
    """A run that another process is training."""


def leave_quietly() -> None:
    """Write nothing more, not even at exit: the reader has gone (`... | head`)."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_fault(fault: SentcseError) -> None:
    """Print a fault to standard error, a line for each sentence."""
    for line in str(fault).splitlines():
        print(f"error: {line}", file=sys.stderr)


def how_to_continue(fresh: bool) -> str:
    """Which command goes on with what was stopped: not one that begins by deleting it."""
    return "The command without overwrite=true" if fresh else "The same command"
