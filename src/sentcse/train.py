"""Command: train one encoder, or with -m one for each combination of settings.

python -m sentcse.train experiment=simcse_bert seed=1
"""

from __future__ import annotations

import sys
from typing import Any

from sentcse.command.composed import announce_loading, run_command
from sentcse.sweeps.sweep_job import run_sweep_job


def main() -> None:
    """Run the command and exit with its code."""
    sys.exit(run_command(train_job, "train", run_sweep_job))


def train_job(values: dict[str, Any]) -> None:
    """Check one composed configuration, then train."""
    from sentcse.config import check_config
    from sentcse.training.preflight import fetch_sources

    config = check_config(values)
    fetch_sources(config)
    announce_loading()
    # seconds of imports: not before the configuration is known to be right and everything to be there
    from sentcse.training.run import train

    train(config)


if __name__ == "__main__":
    main()
