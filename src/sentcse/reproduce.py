"""Command: train published recipes again and say where their scores stand.

python -m sentcse.reproduce simcse_bert,diffcse_bert,micse_bert seeds=5
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentcse.command.composed import announce_loading, run_command
from sentcse.command.plain import run_plain_command
from sentcse.config.commands import ReproduceConfig
from sentcse.sweeps.sweep_job import run_sweep_job

if TYPE_CHECKING:
    from sentcse.config import TrainConfig
    from sentcse.studies.reproduction import Reproduction
    from sentcse.sweeps.reproduction_plan import Planned


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    return run_plain_command(reproduce_job, "reproduce", ReproduceConfig, split_settings(words))


def split_settings(words: Sequence[str]) -> list[str]:
    """The command's own settings: plain words are recipes, and what is no setting of its own is one of the runs."""
    own = {key for key in ReproduceConfig.model_fields if key != "overrides"}
    plain = [word for word in words if "=" not in word and not word.startswith("-")]
    recipes = [name for word in plain for name in word.split(",") if name != ""]
    helps = [word for word in words if word in ("-h", "--help")]
    rest = [word for word in words if word not in plain and word not in helps]
    mine = [word for word in rest if word.partition("=")[0] in own]
    others = [word for word in rest if word not in mine]
    named = [f"recipes={json.dumps(recipes)}"] if recipes else []
    # as JSON, since a setting may hold what a list is divided by
    return [*helps, *named, *mine, *([f"overrides={json.dumps(others, ensure_ascii=False)}"] if others else [])]


def reproduce_job(config: ReproduceConfig) -> None:
    """Say what it takes, train every seed of every recipe, score, write the verdict.

    Raises:
        SystemExit: with the code of the sweep, where not all runs are done.
    """
    from sentcse.printing.html import require
    from sentcse.sweeps.reproduction_plan import plan_reproduction, sweep_words

    planned = plan_reproduction(config)
    if config.page:
        require("plotly", "jinja2", otherwise="set page=false")
    _say_beforehand(planned, config)
    if config.dry_run:
        return
    sys.argv = ["sentcse-train", *sweep_words(config)]
    code = run_command(train_job, "train", run_sweep_job)
    if code != 0:
        sys.exit(code)
    _conclude([_scored(each, Path(config.output)) for each in planned], config)


def train_job(values: dict[str, Any]) -> None:
    """Check one composed configuration, then train."""
    from sentcse.config import check_config
    from sentcse.training.preflight import fetch_sources

    config = check_config(values)
    fetch_sources(config)
    announce_loading()
    from sentcse.training.run import train

    train(config)


def _say_beforehand(planned: list[Planned], config: ReproduceConfig) -> None:
    from sentcse.machine.files import writing
    from sentcse.sweeps.reproduction_cost import fetch_tests, room, time_needed, what_is_there
    from sentcse.training.preflight import fetch_sources

    for line in what_is_there(planned):
        print(line, flush=True)
    for each in planned:
        if len(each.changes) > 0:
            print(f"{each.name} is changed: {', '.join(each.changes)}.", flush=True)
    if not config.dry_run:
        with writing(Path(config.output), "name another folder, output=DIR"):
            Path(config.output).mkdir(parents=True, exist_ok=True)
        for each in planned:
            fetch_tests(each)
            fetch_sources(each.configs[0])
    else:
        for line in room(planned):
            print(line, flush=True)
    if config.timed_steps > 0:
        for line in time_needed(planned, config.timed_steps, fetch=not config.dry_run):
            print(line, flush=True)


def _scored(planned: Planned, output: Path) -> Reproduction:
    from sentcse.config.recipes import published_recipes
    from sentcse.records.run_folder import RunFolder
    from sentcse.studies.reproduction import Reproduction
    from sentcse.studies.reproduction_scores import merged, over_seeds, score_run

    def scores(config: TrainConfig) -> dict[str, Any]:
        print(f"Scoring {RunFolder(config).path.name}", flush=True)
        return merged([score_run(config, suite, output / "scores") for suite in planned.suites])

    trained = [results for config in planned.configs if (results := RunFolder(config).finished()) is not None]
    return Reproduction(
        name=planned.name,
        recipe=published_recipes()[planned.name],
        changes=planned.changes,
        configs=planned.configs,
        trained=tuple(trained),
        scores=over_seeds([scores(config) for config in planned.configs]),
        suites=planned.suites,
    )


def _conclude(reproductions: list[Reproduction], config: ReproduceConfig) -> None:
    from sentcse.studies.reproduction_report import PAGE_FILE, VERDICT, verdict_text, write_reproduction
    from sentcse.studies.study_run import setting_text

    given = config.model_dump(exclude={"recipes", "overrides"}, exclude_defaults=True)
    own = [f"{key}={setting_text(value)}" for key, value in given.items()]
    words = [",".join(config.recipes), *own, *config.overrides]
    command = " ".join(["python -m sentcse.reproduce", *map(shlex.quote, words)])
    write_reproduction(reproductions, Path(config.output), page=config.page, command=command)
    print(f"\n{verdict_text(reproductions)}\n")
    print(f"Written to {config.output}: {PAGE_FILE if config.page else VERDICT} to begin with")


if __name__ == "__main__":
    sys.exit(main())
