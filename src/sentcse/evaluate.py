"""Command: score an encoder.

python -m sentcse.evaluate encoder=runs/NAME tasks=sts
"""

from __future__ import annotations

import sys

from sentcse.config.commands import EvaluateConfig
from sentcse.plain_command import run_plain_command


def main() -> None:
    """Run the command and exit with its code."""
    sys.exit(run_plain_command(evaluate_job, "evaluate", EvaluateConfig))


def evaluate_job(config: EvaluateConfig) -> None:
    """Fetch what is missing, score, print the table."""
    from pathlib import Path

    from sentcse.data.download import ensure_senteval
    from sentcse.evaluation.run import run_evaluation, senteval_files
    from sentcse.evaluation.table import format_results

    data_root = Path(config.data_root)
    ensure_senteval(data_root, senteval_files(config.tasks, mode=config.mode, protocol=config.protocol))
    results = run_evaluation(
        config.encoder,
        pooler=config.pooler,
        tasks=config.tasks,
        mode=config.mode,
        protocol=config.protocol,
        data_root=data_root,
        batch_size=config.batch_size,
        max_length=config.max_length,
        bootstrap=config.bootstrap,
        seed=config.seed,
        output=config.output,
        progress=config.progress and sys.stderr.isatty(),
    )
    print(format_results(results))


if __name__ == "__main__":
    main()
