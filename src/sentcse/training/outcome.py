"""What a run gave an encoder, before and after: for the terminal, and for its model card."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sentcse.config.evaluation import LABEL_FREE, RTD_ACCURACY
from sentcse.evaluation.tasks.sts import StsTask
from sentcse.records.contents import Results
from sentcse.records.layout import STEP, score_key
from sentcse.training.dev_evaluation import LABEL_FREE_LABELS, EvaluationCallback, score_text

logger = logging.getLogger(__name__)


def print_outcome(results: Results, encoder: Path) -> None:
    """Print the scores before and after, and where the encoder is."""
    initial, best = results["initial"], results["best"]
    if len(best) == 1:
        logger.info("step         %d, the last: nothing was compared", best[STEP])
    for key, value in best.items():
        if key != STEP:
            show = _free if key in LABEL_FREE else _score
            logger.info("%-12s %s -> %s (step %d)", key, show(initial.get(key)), show(value), best[STEP])
    if "stopped" in results:
        logger.info("%s", results["stopped"])
    if "merge" in results:
        alpha, places = results["merge"]["alpha"], results["merge"]["scores"]
        logger.info("merge        alpha %g is the best of %d places (0: the start, 1: the step)", alpha, len(places))
    for name, test in results["test"].items():
        key = score_key(name, "test")
        before, after = _score(initial.get(key)), _score(test["spearman"])
        logger.info("%-12s %s -> %s (%d pairs)", key, before, after, test["pairs"])
    deleted = "" if encoder.is_dir() else " (deleted since: export a checkpoint again, or overwrite=true trains again)"
    logger.info("encoder      %s%s", encoder, deleted)
    for sentence in disappointments(results):
        logger.warning("note: %s", sentence)


def disappointments(results: Results) -> Iterator[str]:
    """What of a run did not go as hoped: its best step scores below the encoder that it began with."""
    initial, best = results["initial"], results["best"]
    for key, after in best.items():
        before = initial.get(key)
        if key == STEP or key in LABEL_FREE or before is None:  # a score without labels is no grade
            continue
        if after is None:
            yield (
                f"Every evaluation found the encoder collapsed, which scored {before:.2f} on {key} before training: "
                "set a lower optimizer.learning_rate."
            )
        elif after < before:
            yield (
                f"Training has lowered {key}: the best step, {best[STEP]}, scores {after:.2f}, and the encoder scored "
                f"{before:.2f} before the first. Keep the encoder as it was, or set a lower optimizer.learning_rate, "
                "fewer steps, or another encoder.pooler."
            )


def selection_and_scores(evaluation: EvaluationCallback, results: Results) -> dict[str, Any]:
    """What the model card says of the choice of the step and of the scores."""
    initial, best = results["initial"], results["best"]
    scores: dict[str, dict[str, Any]] = {}
    chosen = next((task for task in evaluation.dev_tasks if task.name == evaluation.select), None)
    if chosen is not None:
        key = score_key(chosen.name, "dev")
        scores[f"{chosen.label} dev"] = {"pairs": chosen.pairs, "before": initial.get(key), "after": best[key]}
    for task in evaluation.test_tasks:
        tested = results["test"][task.name]
        before = initial.get(score_key(task.name, "test"))
        scores[f"{task.label} test"] = {"pairs": tested["pairs"], "before": before, "after": tested["spearman"]}
    return {"selection": {**_selection(evaluation, chosen), "step": best[STEP], **_more(results)}, "scores": scores}


def _selection(evaluation: EvaluationCallback, chosen: StsTask | None) -> dict[str, Any]:
    every = f"every {evaluation.every_n_steps} steps"
    if chosen is not None:
        return {"metric": f"{chosen.label} dev Spearman, {every}", "labels": f"{chosen.label} dev"}
    if evaluation.held_out is None or evaluation.monitor is None:
        return {"rule": "last"}
    label, sentences = LABEL_FREE_LABELS[evaluation.monitor], f"{len(evaluation.held_out.texts):,} held-out sentences"
    of = "of" if evaluation.select == RTD_ACCURACY else "of two dropout views of"
    return {"metric": f"{label} {of} {sentences}, {every}", "labels": None}


def _more(results: Results) -> dict[str, Any]:
    stopped = {"stopped": results["stopped"]} if "stopped" in results else {}
    if "merge" not in results:
        return stopped
    return {**stopped, "alpha": results["merge"]["alpha"], "places": len(results["merge"]["scores"])}


def _free(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _score(value: float | None) -> str:
    return score_text(float("nan") if value is None else value)
