"""Command: the evaluation files, fetched or checked.

python -m sentcse.data download
python -m sentcse.data verify
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from sentcse.command import print_fault
from sentcse.data.download import ensure_senteval
from sentcse.errors import DataError, SentcseError
from sentcse.evaluation.tasks import STS_TASKS, load_task, required_files, splits_of


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m sentcse.data", description="The STS evaluation files.")
    parser.add_argument("action", choices=("download", "verify"), help="fetch what is missing, or check every row")
    parser.add_argument(
        "--root",
        type=Path,
        default=Path(os.environ.get("SENTCSE_DATA", "data")),
        help="folder that holds senteval/ (default: SENTCSE_DATA, else data)",
    )
    chosen = parser.parse_args(arguments)
    try:
        if chosen.action == "download":
            ensure_senteval(chosen.root, [file for name, split in parts() for file in required_files(name, split)])
        verify(chosen.root)
    except SentcseError as fault:
        print_fault(fault)
        return fault.exit_code
    return 0


def parts() -> list[tuple[str, str]]:
    """Every task with each of its splits that is scored."""
    return [(name, split) for name in STS_TASKS for split in splits_of(name) if split != "train"]


def verify(root: Path) -> None:
    """Load every task and print its rows.

    Raises:
        DataError: naming every file that is missing, short or malformed.
    """
    faults = [fault for name, split in parts() if (fault := verify_task(name, split, root)) is not None]
    if faults:
        raise DataError("\n".join(faults))


def verify_task(name: str, split: str, root: Path) -> str | None:
    """Load one task and print its rows; what is wrong with it, or None."""
    try:
        task = load_task(name, split, root)
    except DataError as fault:
        return str(fault)
    print(f"{task.label:<7} {split:<5} {task.pairs:>6,} pairs")
    return None


if __name__ == "__main__":
    sys.exit(main())
