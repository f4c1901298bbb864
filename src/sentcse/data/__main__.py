"""Command: the evaluation files and the published corpora, checked or fetched.

python -m sentcse.data verify tasks=sts
python -m sentcse.data download tasks=full corpora=[wiki1m,nli]
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial

from sentcse.command.plain import run_plain_command
from sentcse.config.commands import DataKitConfig
from sentcse.errors import ConfigError, print_fault

ACTIONS = ("verify", "download")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if {"-h", "--help"} & set(words):
        words.insert(0, "verify")
    if len(words) == 0 or words[0] not in ACTIONS:
        got = "nothing" if len(words) == 0 else words[0]
        print_fault(ConfigError(f"python -m sentcse.data needs verify or download as its first word, got {got}."))
        return ConfigError.exit_code
    return run_plain_command(partial(data_job, words[0]), "data_kit", DataKitConfig, words[1:])


def data_job(action: str, config: DataKitConfig) -> None:
    """Fetch what is missing or wrong, if that is asked for; then print what is there.

    Raises:
        SentcseError: if anything is wrong in the end, one sentence a line.
    """
    from sentcse.data.fetching.kit import download_kit, verify_kit

    if action == "download":
        download_kit(config)
    verify_kit(config)


if __name__ == "__main__":
    sys.exit(main())
