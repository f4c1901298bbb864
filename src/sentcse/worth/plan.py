"""The runs that are tried: every method with every budget, on one part of the corpus."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from sentcse.command.composition import compose, explain_composition
from sentcse.config import TrainConfig, check_config
from sentcse.config.worth import WorthConfig
from sentcse.errors import ConfigError

CHOSEN_HERE = {
    "method": "methods=[simcse] names what is tried",
    "method._target_": "methods=[simcse] names what is tried",
    "experiment": "only settings of the runs are taken",
    "encoder.name_or_path": "encoder=MODEL names it",
    "encoder.pooler": "pooler=avg names it",
    "evaluation": "pairs=FILE are what the runs are compared on",
    "trainer.max_steps": "steps=[25,100] names the budgets",
    "trainer.max_epochs": "steps=[25,100] names the budgets",
    "data.low_shot": "part=6400 says how much is trained on",
    "data.duplicates": "the runs leave duplicates out",
    "runs.root": "output=FOLDER holds the runs",
    "name": "a run is named after its method and budget",
    "sweep": "only settings of the runs are taken",
}
LOGGED_EVERY = 1


@dataclass(frozen=True)
class Trial:
    """A method with a budget, and the checked configuration of its run."""

    method: str
    steps: int
    config: TrainConfig

    @property
    def name(self) -> str:
        """Method and budget in words."""
        return f"{self.method}, {self.steps:,} steps"


def plan(config: WorthConfig, *, size: int | None = None) -> list[Trial]:
    """The runs, the shorter budgets first.

    Args:
        config: the command's settings.
        size: sentences that are trained on; None before they are known, for the checks alone.

    Raises:
        ConfigError: if a setting of the runs is wrong or is not to be set here.
    """
    for word in config.overrides:
        refuse_chosen_here(word)
    budgets = sorted(set(config.steps))
    return [
        Trial(method, steps, trial_config(config, method, steps, size))
        for steps in budgets
        for method in dict.fromkeys(config.methods)
    ]


def trial_config(config: WorthConfig, method: str, steps: int, size: int | None) -> TrainConfig:
    """The configuration of one run: its recipe's defaults, the encoder's own vectors trained as they are."""
    first_token = config.pooler == "cls_before_pooler"
    # a head between an encoder's mean and InfoNCE is the published objective for a first token alone
    heads = [] if first_token else ["method.head=none"]
    values = _composed(["data=text", "evaluation=none", f"method={method}", *heads, *config.overrides])
    # put in as values: a path may hold what Hydra's grammar reads otherwise
    values["encoder"] |= {"name_or_path": config.encoder, "pooler": "cls" if first_token else config.pooler}
    values["runs"] |= {"root": str(Path(config.output) / "runs"), "keep": "export"}
    values["trainer"] |= {"max_steps": steps, "log_every_n_steps": LOGGED_EVERY, "progress": False}
    values["evaluation"] |= {"every_n_steps": steps}
    values["data"] |= {"duplicates": "drop"}
    values["data"]["low_shot"] |= {"size": size, "percent": None, "seed": config.seed, "official": False}
    values |= {"seed": config.seed, "name": f"{method}_{steps}", "data_root": config.data_root}
    return check_config(values)


def refuse_chosen_here(word: str) -> None:
    """Stop at a setting of the runs that this command chooses itself.

    Raises:
        ConfigError: saying what to set instead, also where it is no setting.
    """
    name = re.sub(r"^[+~]*", "", word).partition("=")[0]
    for chosen, instead in CHOSEN_HERE.items():
        if name == chosen or (name.startswith(f"{chosen}.") and chosen != "method"):
            raise ConfigError(f"{word} is not to be set here: {instead}.")
    if "=" not in word or word.startswith("-"):
        raise ConfigError(f"{word} is not of the form key=value; --help lists the keys.")


def _composed(words: list[str]) -> dict[str, Any]:
    try:
        return compose(words)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(explain_composition(error)) from error
