"""Command: score an encoder.

python -m sentcse.evaluate encoder=runs/NAME tasks=sts
"""

from __future__ import annotations

import sys

from sentcse.command.plain import run_plain_command
from sentcse.config.commands import EvaluateConfig


def main() -> None:
    """Run the command and exit with its code."""
    sys.exit(run_plain_command(evaluate_job, "evaluate", EvaluateConfig))


def evaluate_job(config: EvaluateConfig) -> None:
    """Fetch what is missing, score, print the table."""
    from pathlib import Path

    from sentcse.data.fetching.senteval_download import ensure_senteval
    from sentcse.evaluation.reports.results_text import format_results
    from sentcse.evaluation.run import check_combination, named_rows, run_evaluation
    from sentcse.evaluation.tasks.selection import senteval_files
    from sentcse.machine.device import choose_device

    data_root = Path(config.data_root)
    check_combination(config.encoder, against=config.against, reproduces=config.reproduces, bootstrap=config.bootstrap)
    choose_device(config.device)
    named_rows(config.published, config.reproduces, tasks=config.tasks, mode=config.mode, protocol=config.protocol)
    ensure_senteval(
        data_root, senteval_files(config.tasks, mode=config.mode, protocol=config.protocol), level=config.verify
    )
    results = run_evaluation(
        config.encoder,
        pooler=config.pooler,
        known_as=config.known_as,
        against=config.against,
        against_pooler=config.against_pooler,
        against_known_as=config.against_known_as,
        tasks=config.tasks,
        mode=config.mode,
        protocol=config.protocol,
        data_root=data_root,
        batch_size=config.batch_size,
        max_length=config.max_length,
        bootstrap=config.bootstrap,
        seed=config.seed,
        published=config.published,
        reproduces=config.reproduces,
        classifier_seed=config.classifier_seed,
        device=config.device,
        output=config.output,
        verify=config.verify,
        mteb=config.mteb,
        mteb_languages=config.mteb_languages,
        progress=config.progress and sys.stderr.isatty(),
    )
    print(format_results(results, config.format))


if __name__ == "__main__":
    main()
