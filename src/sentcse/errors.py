"""The faults that a user can mend: a command prints their text without a traceback and exits with `exit_code`."""

from __future__ import annotations


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
