"""Command: lay out the W&B dashboard of a low-shot study, as a workspace and a report.

python -m sentcse.dashboard project=sentcse [entity=NAME] [sweep=low_shot_1a2b3c4d]
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from sentcse.command.plain import run_plain_command
from sentcse.config.commands import DashboardConfig
from sentcse.config.method_options import method_names
from sentcse.errors import SentcseError

if TYPE_CHECKING:
    from sentcse.training.wandb.panels import Place

MISSING = "python -m sentcse.dashboard needs a package: pip install 'sentcse[dashboard]'."
NO_ACCOUNT = (
    "Saving the workspace and the report needs a W&B account: log in with `wandb login`, or set WANDB_API_KEY, and "
    "give this command again."
)
DEFAULT_PROJECT = "sentcse"


def main() -> None:
    """Run the command and exit with its code."""
    sys.exit(run_plain_command(dashboard_job, "dashboard", DashboardConfig))


def dashboard_job(config: DashboardConfig) -> None:
    """Build both, then save them, for which an account is needed.

    Raises:
        SentcseError: without the package, without an account, or if W&B cannot be reached.
    """
    try:
        import wandb_workspaces  # noqa: F401
    except ModuleNotFoundError:
        raise SentcseError(MISSING) from None
    from sentcse.training.wandb.panels import Place, report, workspace

    project = config.project if config.project is not None else os.environ.get("WANDB_PROJECT", DEFAULT_PROJECT)
    entity = config.entity if config.entity is not None else os.environ.get("WANDB_ENTITY")
    place = Place(entity if entity is not None else "", project, config.sweep, config.score, config.dev)
    panels = sum(len(section.panels) for section in workspace(place).sections)
    blocks = len(report(place, method_names()).blocks)
    print(f"Built a workspace of {panels} panels and a report of {blocks} blocks for {project}.")
    _save(place)


def shown_methods(account: Any, place: Place) -> list[str]:
    """The methods of the runs that are shown: those of the package in their order, then others by name.

    Args:
        account: `wandb.Api`.
        place: of the runs.
    """
    wanted: dict[str, Any] = {"jobType": {"$ne": "generator"}}
    if place.sweep is not None:
        wanted["group"] = place.sweep
    runs = account.runs(f"{place.entity}/{place.project}", filters=wanted)
    # a project may hold runs that are not ours
    found = {str(run.config["method"]) for run in runs if "method" in run.config}
    known = [method for method in method_names() if method in found]
    return [*known, *sorted(found.difference(known))]


def _save(place: Place) -> None:
    """Save both in W&B, of the account's own entity where none is given.

    Raises:
        SentcseError: without an account, or if W&B cannot be reached.
    """
    from dataclasses import replace

    import wandb

    from sentcse.training.wandb.panels import report, workspace

    try:
        account = wandb.Api()
        entity = place.entity if place.entity != "" else str(account.default_entity)
        here = replace(place, entity=entity)
        print(f"workspace {workspace(here).save().url}")
        print(f"report    {report(here, shown_methods(account, here)).save().url}")
    except wandb.errors.UsageError as error:
        raise SentcseError(NO_ACCOUNT) from error
    except Exception as error:  # of wandb and wandb-workspaces, whose kinds nobody lists
        lines = str(error).splitlines()
        raise SentcseError(
            f"W&B did not take the dashboard of {place.project} ({lines[0] if lines else type(error).__name__}): check "
            "the account, the entity and the network."
        ) from error


if __name__ == "__main__":
    main()
