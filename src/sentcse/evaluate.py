"""Command: score an encoder.

python -m sentcse.evaluate encoder=runs/NAME tasks=sts
"""

from __future__ import annotations

import sys

from sentcse.command.composed import announce_loading
from sentcse.command.plain import run_plain_command
from sentcse.config.commands import EvaluateConfig


def main() -> None:
    """Run the command and exit with its code."""
    sys.exit(run_plain_command(evaluate_job, "evaluate", EvaluateConfig))


def evaluate_job(config: EvaluateConfig) -> None:
    """Fetch what is missing, score, print the table."""
    announce_loading()
    from pathlib import Path

    from sentcse.data.fetching.senteval_download import ensure_senteval
    from sentcse.evaluation.reports.text import format_results
    from sentcse.evaluation.run import check_settings, run_evaluation
    from sentcse.evaluation.tasks.selection import resolve_tasks, senteval_files

    check_settings(config)
    selected = resolve_tasks(config.tasks, mode=config.mode, protocol=config.protocol)
    ensure_senteval(Path(config.data_root), senteval_files(selected), level=config.verify)
    print(format_results(run_evaluation(config), config.format))


if __name__ == "__main__":
    main()
