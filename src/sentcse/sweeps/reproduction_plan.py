"""From the recipes and seeds of a reproduction to its runs, and to the sweep that makes them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from sentcse.command.composition import HYDRA_FLAGS, MULTIRUN, compose, explain_composition
from sentcse.config import TrainConfig, check_config
from sentcse.config.commands import ReproduceConfig
from sentcse.config.recipes import require_published
from sentcse.errors import ConfigError
from sentcse.records.run_folder import RunFolder
from sentcse.records.sweep_record import Job
from sentcse.studies.reproduction import changes, suites_of

FIRST_SEED = 42
"""The seed of the published scripts, which leave it at transformers' default."""
CHOSEN_HERE = {
    "experiment": "the recipes are the first words",
    "seed": "seeds=N or seeds=[42,43] names them",
    "sweep": "the runs are every seed of every recipe",
    "name": "a run's name is its recipe's",
    "trainer.fast_dev_run": "nothing of it is kept; dry_run=true tries a few steps of each recipe",
}


@dataclass(frozen=True)
class Planned:
    """A recipe and its runs.

    Attributes:
        name: of the experiment.
        configs: checked, one a seed.
        changes: what of them is set otherwise than in the recipe.
        suites: that they are scored on.
    """

    name: str
    configs: tuple[TrainConfig, ...]
    changes: tuple[str, ...]
    suites: tuple[str, ...]


def plan_reproduction(config: ReproduceConfig) -> list[Planned]:
    """The runs of every recipe, composed and checked as their command lines would be.

    Raises:
        ConfigError: if a recipe has no published score, a seed is named twice, or a setting of the runs is wrong or is
            not to be set here.
    """
    require_published(config.recipes)
    seeds = seeds_of(config)
    _refuse_chosen_here(config.overrides)
    planned = []
    for name in config.recipes:
        configs = tuple(_composed(name, seed, config.overrides) for seed in seeds)
        plain = _composed(name, seeds[0], [])
        planned.append(Planned(name, configs, changes(plain, configs[0]), suites_of(name, transfer=config.transfer)))
    return planned


def seeds_of(config: ReproduceConfig) -> list[int]:
    """The seeds: as they are named, else so many from 42 on.

    Raises:
        ConfigError: if one is named twice.
    """
    seeds = [FIRST_SEED + each for each in range(config.seeds)] if isinstance(config.seeds, int) else config.seeds
    if len(set(seeds)) < len(seeds):
        raise ConfigError(f"seeds={seeds} names a seed twice; name each once.")
    return seeds


def sweep_words(config: ReproduceConfig) -> list[str]:
    """The words after `python -m sentcse.train` of the sweep that makes the runs."""
    seeds = ",".join(map(str, seeds_of(config)))
    return ["-m", f"experiment={','.join(config.recipes)}", f"seed={seeds}", *config.overrides]


def jobs(planned: Sequence[Planned]) -> list[Job]:
    """The runs as jobs of a sweep, in its order."""
    configs = [config for each in planned for config in each.configs]
    return [Job(number, (), {}, config, RunFolder(config), None) for number, config in enumerate(configs, start=1)]


def _composed(name: str, seed: int, overrides: Sequence[str]) -> TrainConfig:
    try:
        return check_config(compose([f"experiment={name}", f"seed={seed}", *overrides]))
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(explain_composition(error)) from error


def _refuse_chosen_here(overrides: Sequence[str]) -> None:
    for word in overrides:
        key = re.sub(r"^[+~]*", "", word).partition("=")[0]
        if key in CHOSEN_HERE:
            raise ConfigError(f"{word} is not for a reproduction: {CHOSEN_HERE[key]}.")
        if word in MULTIRUN or key in HYDRA_FLAGS or "=" not in word:
            raise ConfigError(f"{word} is not of the form key=value; --help lists the keys.")
