"""What W&B is given when a run is complete: summary, table of scores, curves, geometry."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sentcse.config.generator_schema import RunConfig
from sentcse.config.tasks import label_of
from sentcse.evaluation.scores.evaluation import sts_average
from sentcse.records.layout import spearman_metric
from sentcse.records.run_folder import RunFolder
from sentcse.training.wandb.geometry_plot import COLUMNS, geometry_rows, plot_geometry
from sentcse.training.wandb.identity import finite, monitored
from sentcse.training.wandb.run import finish_wandb, start_wandb
from sentcse.training.wandb.state import known_as, note_handed_over, owes_wandb

if TYPE_CHECKING:
    import wandb

logger = logging.getLogger(__name__)

SCORE_COLUMNS: list[str | int] = ["task", "part", "pairs", "before", "after"]


def log_results(config: RunConfig, results: Mapping[str, Any], folder: RunFolder) -> None:
    """Give results to the W&B run of this process, if there is one, and close it as complete.

    A fault of W&B is told and stops nothing.
    """
    if "wandb" not in sys.modules:
        return
    import wandb

    if wandb.run is None:
        return
    try:
        _log(wandb.run, config, results, folder)
    except Exception as error:  # of wandb, whose kinds nobody lists; the run itself is complete
        logger.warning("W&B lost the results (%s); %s has them.", error, folder.results)
        return
    if finish_wandb(0):
        # not before: W&B has only then written all of it
        note_handed_over(folder)


def log_finished_run(config: RunConfig, results: Mapping[str, Any], folder: RunFolder) -> None:
    """Hand over a complete run that W&B knows nothing of, or not all: trained without it, or killed at the very end.

    Raises:
        SentcseError: if another process holds the folder.
    """
    if not owes_wandb(config, folder):
        if config.logger.kind == "wandb":
            logger.info("W&B has it already, as %s", known_as(folder))
        return
    with folder.locked():
        dashboard = start_wandb(config, folder)
        if dashboard is None:
            return
        dashboard.forget_after(sys.maxsize)
        log_results(config, results, folder)
    logger.info("W&B has it now as %s", dashboard.version)


def summary(results: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of a run's summary: `best/`, `initial/`, `test/`; what is not finite is left out."""
    tested = {name: task["spearman"] for name, task in results.get("test", {}).items()}
    average = sts_average({label_of(name): score for name, score in tested.items()})
    return finite(
        {
            **{f"initial/{name}": value for name, value in results["initial"].items()},
            **{f"best/{name}": value for name, value in results["best"].items()},
            **{spearman_metric(name, "test"): score for name, score in tested.items()},
            spearman_metric("sts_avg", "test"): average,
            "seconds": results["seconds"],
        }
    )


def score_rows(results: Mapping[str, Any]) -> Iterator[list[Any]]:
    """`SCORE_COLUMNS` of the selecting task and of each test task."""
    for name, value in results["best"].items():
        task, _, part = name.rpartition("_")
        if part == "dev":
            yield [task, part, None, results["initial"].get(name), value]
    for task, tested in results.get("test", {}).items():
        yield [task, "test", tested["pairs"], results["initial"].get(f"{task}_test"), tested["spearman"]]


def _log(run: wandb.Run, config: RunConfig, results: Mapping[str, Any], folder: RunFolder) -> None:
    import wandb

    run.summary.update(summary(results))
    run.config.update({"sentences": results["data"]["sentences"]}, allow_val_change=True)  # type: ignore[no-untyped-call]
    logged: dict[str, Any] = {}
    scores = list(score_rows(results))
    if scores:
        logged["scores"] = wandb.Table(columns=SCORE_COLUMNS, data=scores)
    if folder.curves.is_file():
        logged["curves"] = wandb.Image(str(folder.curves))
    geometry = geometry_rows(folder.metrics, monitored(config))
    if geometry:
        figure = plot_geometry(geometry, title=folder.path.name, best_step=results["best"]["step"])
        logged["geometry"] = wandb.Image(figure)
        table = wandb.Table(columns=list(COLUMNS), data=[list(row) for row in geometry])
        logged["geometry_points"] = wandb.plot.scatter(table, "uniformity", "alignment", title="Geometry")
    # without a step: they join the row of the last one
    run.log(logged)
