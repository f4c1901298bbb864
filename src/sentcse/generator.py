"""Command: adapt or train a masked language model on a corpus, as a generator for DiffCSE.

python -m sentcse.generator generator_experiment=minilm_wiki seed=1
"""

from __future__ import annotations

import sys
from typing import Any

from sentcse.command.composed import announce_loading, run_command
from sentcse.sweeps.sweep_job import run_sweep_job


def main() -> None:
    """Run the command and exit with its code."""
    sys.exit(run_command(generator_job, "generator_train", run_sweep_job))


def generator_job(values: dict[str, Any]) -> None:
    """Check one composed configuration, then train."""
    from sentcse.config.check import check_generator_config
    from sentcse.training.preflight import fetch_sources

    config = check_generator_config(values)
    fetch_sources(config)
    announce_loading()
    # seconds of imports: not before the configuration is known to be right and everything to be there
    from sentcse.training.generator_run import train_generator

    train_generator(config)


if __name__ == "__main__":
    main()
