"""Results of an evaluation, made up: what is written of them is tested without scoring anything."""

from __future__ import annotations

from typing import Any

from sentcse.config.tasks import SUITE_COLUMNS

GEOMETRY = {"task": "STS-B test", "alignment": 0.2134, "uniformity": -2.5, "anisotropy": 0.1, "effective_rank": 99.96}


def sts(score: float) -> dict[str, Any]:
    """An STS task with its interval."""
    ends = [score - 1, score + 1]
    spearman = {"all": score, "mean": score, "wmean": score}
    return {"split": "test", "spearman": spearman, "pairs": 10, "collapsed": False, "ci95": ends}


def record(name: str = "runs/a", score: float = 70.0, *, pooler: str = "avg", transfer: bool = False) -> dict[str, Any]:
    """An encoder's results: the seven STS tasks, a point apart, and with `transfer` the seven others."""
    tasks = {label: sts(score + index) for index, label in enumerate(SUITE_COLUMNS["sts"])}
    average: dict[str, Any] = {"sts": score + 3, "sts_ci95": [score + 2, score + 4], "transfer": None}
    if transfer:
        accuracy = {"split": "test", "accuracy": 80.0, "rows": 5, "collapsed": False}
        tasks |= dict.fromkeys(SUITE_COLUMNS["transfer"], accuracy)
        average["transfer"] = 80.0
    return {
        "protocol": "simcse",
        "mode": "test",
        "encoder": name,
        "pooler": pooler,
        "recorded_pooler": None,
        "max_length": 512,
        "sentences": 10,
        "truncated": 0,
        "tasks": tasks,
        "average": average,
        "geometry": GEOMETRY,
    }


def difference(value: float, p: float = 0.01) -> dict[str, Any]:
    """A task's difference of two encoders."""
    verdict = "not told apart" if p >= 0.05 else "better"
    return {"difference": value, "ci95": [value - 1, value + 1], "p": p, "p_holm": p, "verdict": verdict}
