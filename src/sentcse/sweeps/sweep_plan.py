"""From the axes of a sweep to its jobs: which combinations there are, and the run that each of them is."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, open_dict
from omegaconf.errors import OmegaConfBaseException

from sentcse.command.composition import explain_composition, plain_values
from sentcse.config.generator_schema import RunConfig
from sentcse.errors import ConfigError, SentcseError
from sentcse.records.run_folder import RunFolder
from sentcse.records.sweep_record import Job


@dataclass(frozen=True)
class Combination:
    """Overrides of one job, and what tells it from the others."""

    overrides: tuple[str, ...]
    settings: dict[str, str]


def combinations(arguments: Sequence[str], params: Mapping[str, Any], loader: ConfigLoader) -> list[Combination]:
    """Every combination of the axes.

    Args:
        arguments: overrides of the command line, `key=a,b` for an axis.
        params: axes of a configuration file by key, "a,b" or a list; the command line wins over them.
        loader: Hydra's, which knows what is a group.

    Raises:
        ConfigError: for a range or interval, which has no combinations.
    """
    words = [f"{key}={_joined(value)}" for key, value in params.items()] + list(arguments)
    axes: dict[str, list[tuple[str, str]]] = {}
    for override in OverridesParser.create(config_loader=loader).parse_overrides(words):
        key = override.get_key_element()
        if not override.is_sweep_override():
            axes[key.lstrip("+")] = [(str(override.input_line), override.get_value_element_as_str())]
            continue
        if not override.is_discrete_sweep():
            raise ConfigError(f"{override.input_line}: name the values of an axis one by one, {key.lstrip('+')}=a,b.")
        axes[key.lstrip("+")] = [(f"{key}={value}", value) for value in override.sweep_string_iterator()]
    varying = [key for key, values in axes.items() if len(values) > 1]
    return [
        Combination(
            tuple(word for word, _ in chosen),
            {key: value for key, (_, value) in zip(axes, chosen, strict=True) if key in varying},
        )
        for chosen in product(*axes.values())
    ]


def plan(chosen: Iterable[Combination], config_of: Callable[[Sequence[str]], RunConfig]) -> list[Job]:
    """The jobs of combinations; of several that are one run, the first.

    Args:
        chosen: the combinations.
        config_of: the checked configuration of overrides; raises SentcseError where it cannot run.
    """
    jobs: dict[Path | tuple[str, ...], Job] = {}
    for each in chosen:
        config, folder, fault = None, None, None
        try:
            config = _kept(config_of(each.overrides))
            folder = RunFolder(config)
        except SentcseError as error:
            fault = str(error)
        jobs.setdefault(
            each.overrides if folder is None else folder.path,
            Job(len(jobs) + 1, each.overrides, each.settings, config, folder, fault),
        )
    return list(jobs.values())


def _kept(config: RunConfig) -> RunConfig:
    if config.trainer.fast_dev_run:
        raise ConfigError(
            "trainer.fast_dev_run=true tries one run out and keeps nothing, and a sweep counts what is kept: try one "
            "combination without -m, or leave the setting out."
        )
    return config


def compose_job(
    overrides: Sequence[str], *, loader: ConfigLoader, sweep: DictConfig, check: Callable[[dict[str, Any]], RunConfig]
) -> RunConfig:
    """The checked configuration of one job, as its launcher will compose it.

    Raises:
        ConfigError: if it cannot be composed or run.
    """
    before = HydraConfig.instance().cfg
    try:
        composed = loader.load_sweep_config(sweep, list(overrides))
        HydraConfig.instance().set_config(composed)
        with open_dict(composed):
            del composed["hydra"]
        return check(plain_values(composed))
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(explain_composition(error)) from error
    finally:
        HydraConfig.instance().cfg = before


def _joined(value: Any) -> str:
    return ",".join(str(item) for item in value) if isinstance(value, list | tuple) else str(value)


def command_line() -> str:
    """The command as it was given; Hydra's arguments have been changed to let unknown keys through to the schema."""
    words = [word.removeprefix("++") for word in sys.argv[1:]]
    module = getattr(getattr(sys.modules["__main__"], "__spec__", None), "name", None)
    # a reproduction hands over what the command for training takes
    module = "sentcse.train" if module == "sentcse.reproduce" else module
    start = (
        ["python", "-m", module] if module is not None and module.startswith("sentcse") else [Path(sys.argv[0]).name]
    )
    return shlex.join([*start, *words])
