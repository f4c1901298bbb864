"""The commands that make the runs of a study again, read off their configurations."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sentcse.command.composition import as_word, compose
from sentcse.config.paths import config_dir
from sentcse.config.section import flat
from sentcse.records.run_folder import has_effect
from sentcse.studies.study_run import VARIED, StudyRun, shortened

TELLS = ("data.low_shot.", "evaluation.test", "evaluation.pairs_test", "budget")
"""What tells no two methods apart, and yet belongs to a command."""

OWN = "~method"
"""What the command of a method without a configuration file starts from: nothing of another method's options."""

SIZES = ("data.low_shot.size", "data.low_shot.percent")

Overrides = tuple[tuple[str, str], ...]


def remake_commands(runs: Sequence[StudyRun]) -> list[str]:
    """As few commands as make these runs again, seeds, sizes and experiments listed where they form a grid.

    A file that was named by an absolute path has only its last two parts after `...`: it lies elsewhere elsewhere.
    """
    seeds: dict[tuple[str, tuple[str, str], Overrides], set[int]] = defaultdict(set)
    for run in runs:
        base, changes = overrides(run)
        size = next((change for change in changes if change[0] in SIZES), ("", ""))
        seeds[base, size, tuple(change for change in changes if change[0] not in SIZES)].add(run.record.seed)
    sizes: dict[tuple[str, str, Overrides, tuple[int, ...]], list[str]] = defaultdict(list)
    for (base, (key, value), rest), members in seeds.items():
        sizes[base, key, rest, tuple(sorted(members))].append(value)
    bases: dict[tuple[str, tuple[str, ...], Overrides, tuple[int, ...]], list[str]] = defaultdict(list)
    for (base, key, rest, each), values in sizes.items():
        bases[key, tuple(sorted(set(values), key=_numeric)), rest, each].append(base)
    return [
        line
        for (key, in_order, rest, each), starts in bases.items()
        for line in _lines(starts, key, in_order, rest, each)
    ]


def remake_command(run: StudyRun) -> str:
    """The command that makes one run again."""
    base, changes = overrides(run)
    return _line([base], [*changes, ("seed", str(run.record.seed))])


def overrides(run: StudyRun) -> tuple[str, Overrides]:
    """What a run's configuration starts from, and how it departs from it: `experiment=...` or `method=...`, key=value.

    A method that has no configuration file starts from `~method`, and every option of it is added.

    Settings without effect on the result, the seed, and a split's seed that is the run's are left out.
    """
    base = _base(run)
    start = flat(_composed(base))
    changes = {
        key: value
        for key, value in run.config.items()
        if _belongs(key) and not run.is_unread(key) and value != start.get(key) and (key in start or value is not None)
    }
    if run.record.split_seed == run.record.seed or not run.record.is_low_shot:
        changes.pop("data.low_shot.seed", None)
    added = "method." if base == OWN else ()
    return base, tuple((f"{'+' * key.startswith(added)}{key}", _written(value)) for key, value in changes.items())


def _base(run: StudyRun) -> str:
    name, method = run.record.config.get("name"), run.record.method
    if name is not None and (config_dir() / "experiment" / f"{name}.yaml").is_file():
        experiment = f"experiment={name}"
        if _composed(experiment)["method"]["_target_"] == run.config["method._target_"]:
            return experiment
    return f"method={method}" if (config_dir() / "method" / f"{method}.yaml").is_file() else OWN


@cache
def _composed(base: str) -> dict[str, Any]:
    return compose([base])


def _belongs(key: str) -> bool:
    if key.startswith(TELLS):
        return True
    return has_effect(key) and key not in VARIED


def _written(value: Any) -> str:
    """A value as Hydra's command line takes it."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list | tuple):
        return f"[{','.join(_written(item) for item in value)}]"
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}:{_written(item)}" for key, item in value.items()) + "}"
    text = str(shortened(value))
    return as_word(text) if isinstance(value, str) else text


def _lines(
    bases: Sequence[str], key: str, values: Sequence[str], changes: Overrides, seeds: Sequence[int]
) -> list[str]:
    """One command for experiments; one each for what starts from a method."""
    experiments = [base for base in bases if base.startswith("experiment=")]
    groups = ([experiments] if experiments else []) + [[base] for base in bases if base not in experiments]
    varied = ([(key, ",".join(values))] if key else []) + [("seed", ",".join(map(str, seeds)))]
    return [_line(group, [*varied, *changes], many=len(group) * len(values) * len(seeds) > 1) for group in groups]


def _line(bases: Sequence[str], changes: Sequence[tuple[str, str]], *, many: bool = False) -> str:
    start = bases[0] if len(bases) == 1 else f"experiment={','.join(base.partition('=')[2] for base in bases)}"
    words = [*(["-m"] if many else []), start, *(f"{key}={value}" for key, value in changes)]
    return " ".join(["python -m sentcse.train", *map(shlex.quote, words)])


def _numeric(text: str) -> tuple[float, str]:
    try:
        return float(text), text
    except ValueError:
        return float("inf"), text
