"""From words of the command line to the values of a configuration, by Hydra; its faults as sentences."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import hydra
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from sentcse.config.budget import register_resolvers
from sentcse.config.paths import config_dir
from sentcse.errors import ConfigError

PLAIN_OVERRIDE = re.compile(r"^(?P<key>[A-Za-z_][\w.]*)=")
PLAIN_WORD = re.compile(r"[\w./]+")
UNQUOTED = re.compile(r"[\w./~+:@-]+")
"""What neither Hydra nor a shell reads as anything but itself."""
CHECKPOINT_GROUPS = ("encoder", "generator")
NO_SUCH_CHOICE = re.compile(r"^Could not override '(?P<group>[\w/]+)'")
MULTIRUN = ("-m", "--multirun")
HYDRA_FLAGS = (
    "--help",
    "--hydra-help",
    "--version",
    "--cfg",
    "--resolve",
    "--package",
    "--run",
    "--multirun",
    "--shell-completion",
    "--config-path",
    "--config-name",
    "--config-dir",
    "--experimental-rerun",
    "--info",
)
NO_SUCH_KEY = re.compile(r"^Interpolation key '(?P<key>[\w.]+)' not found$")
NO_NAME = re.compile(r"[-+.\d]+|true|false")
NO_CHOICE = ("", "null", "~", "None")
MISSING = "???"
OF_A_FOLDER = ("hydra.run.dir", "hydra.sweep.dir", "hydra.sweep.subdir")
HERE = ".\"'"
"""What Lightning itself gives as hydra.run.dir to the further processes of a run is the folder here, in quotes."""
AMBIGUOUS = "Ambiguous value for argument "
QUOTE = '"'


def compose(overrides: Sequence[str], config_name: str = "train") -> dict[str, Any]:
    """What the command line would compose in a process of its own: plain values, unchecked.

    Args:
        overrides: words of the command line, for example `experiment=simcse_bert`.
        config_name: a file of configs/.
    """
    try:
        with hydra.initialize_config_dir(str(config_dir()), version_base="1.3"):
            composed = hydra.compose(config_name, tolerant_overrides(overrides, config_dir()), return_hydra_config=True)
            HydraConfig.instance().set_config(composed)
            with open_dict(composed):
                del composed["hydra"]
            return plain_values(composed)
    finally:
        GlobalHydra.instance().clear()
        HydraConfig.instance().cfg = None


def tolerant_overrides(arguments: Sequence[str], configs: Path) -> list[str]:
    """Let unknown keys through Hydra, which would stop at the first: the schema names them all and suggests.

    `key=value` becomes `++key=value` unless the key chooses a file of a config group or belongs to Hydra. `-m` goes to
    the front, as Hydra refuses settings on both sides of it.

    Raises:
        ConfigError: for a group without a choice, for a flag that Hydra does not have, and for a folder of Hydra's,
            which would change nothing or hide a sweep.
    """
    unknown = [word for word in arguments if word.startswith("--") and word.partition("=")[0] not in HYDRA_FLAGS]
    if unknown:
        raise ConfigError(
            f"{unknown[0]} is no option here: settings are key=value, for example optimizer.learning_rate=3e-5; "
            "docs/published_flags.md translates the flags of the published code."
        )
    if not {"-sc", "--shell-completion"}.isdisjoint(arguments):
        return list(arguments)  # install=bash is Hydra's own
    changed = []
    for argument in arguments:
        match = PLAIN_OVERRIDE.match(argument)
        key = match["key"] if match is not None else None
        if key in OF_A_FOLDER and argument.partition("=")[2].strip(HERE) != "":
            raise ConfigError(
                f"{argument} would not move a run: set runs.root to the folder that runs lie in; the records of sweeps "
                "lie in its sweeps/."
            )
        is_group = key is not None and (configs / key).is_dir()
        if is_group and argument.partition("=")[2] in NO_CHOICE:
            options = ", ".join(sorted(path.stem for path in (configs / str(key)).glob("*.yaml")))
            raise ConfigError(f"{argument} chooses nothing: leave it out, or choose one of {options}.")
        if is_group and NO_NAME.fullmatch(argument.partition("=")[2]):
            options = ", ".join(sorted(path.stem for path in (configs / str(key)).glob("*.yaml")))
            raise ConfigError(f"{argument}: there is no such file in configs/{key}/; choose one of {options}.")
        plain = key is not None and key.split(".")[0] != "hydra" and not is_group
        changed.append(f"++{argument}" if plain else argument)
    return sorted(changed, key=lambda word: word not in MULTIRUN)


def plain_values(composed: DictConfig) -> dict[str, Any]:
    """The composed configuration, resolved, as plain containers; values that are still missing are left out.

    Raises:
        ConfigError: if an interpolation cannot be resolved.
    """
    register_resolvers()
    try:
        values: dict[str, Any] = OmegaConf.to_container(composed, resolve=True)  # type: ignore[assignment]
    except OmegaConfBaseException as error:
        raise ConfigError(explain_composition(error)) from error
    return _without_missing(values)


def _without_missing(values: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _without_missing(value) if isinstance(value, dict) else value
        for key, value in values.items()
        if not (isinstance(value, str) and value == MISSING)
    }


def quoted(text: str) -> str:
    """A value as Hydra reads it back, whatever is in it: backslashes count where a quote follows, and only there."""
    escaped = re.sub(r'(\\*)("|$)', lambda found: 2 * found[1] + found[2].replace('"', '\\"'), text)
    return f'"{escaped}"'


def as_word(text: str) -> str:
    """A value as Hydra's command line takes it, quoted where it must be."""
    return text if UNQUOTED.fullmatch(text) else quoted(text)


def explain_composition(error: Exception) -> str:
    """One sentence for what Hydra or OmegaConf could not compose."""
    if isinstance(error, MissingConfigException) and error.missing_cfg_file is not None:
        group, _, option = str(error.missing_cfg_file).rpartition("/")
        options = list(error.options) if error.options is not None else []
        close = difflib.get_close_matches(option, options, 1)
        hint = f"; did you mean {close[0]}?" if close else "."
        if group in CHECKPOINT_GROUPS:
            hint = f"; for a checkpoint of this name set {group}.name_or_path={option}."
        known = f" (known: {', '.join(options)})" if options else ""
        return f"{group}={option}: there is no such file in configs/{group}/{hint}{known}"
    cause = error.__cause__ if isinstance(error.__cause__, OmegaConfBaseException) else error
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    if isinstance(cause, OverrideParseException):
        word = cause.override.removeprefix("++")
        if PLAIN_WORD.fullmatch(word):
            return f"{word} is not of the form key=value: write {word}=VALUE; --help lists the settings."
        return f"{word} cannot be read as key=value ({lines[0]}): quote it, e.g. 'key=\"value\"'."
    choice = NO_SUCH_CHOICE.match(lines[0]) if lines else None
    if choice is not None:
        return f"{choice['group']} is not a choice of this command; --help lists its choices."
    if lines and lines[0].startswith(AMBIGUOUS):
        word = lines[0].removeprefix(AMBIGUOUS).strip("'").removeprefix("++")
        return f"{word} names several values, which only -m (one run for each) takes; a list is written key=[a,b]."
    if lines and lines[0].endswith("more than once in the final defaults list"):
        return f"{lines[0]}: choose it once, as group=option without a +."
    key = getattr(cause, "full_key", None)
    lacking = NO_SUCH_KEY.match(lines[0]) if lines else None
    if lacking is not None:
        source = lacking["key"]
        return f"{key} takes its value from {source}, which is not there: set one of them."
    place = f"{key}: " if key else ""
    reason = lines[0].rpartition(" raised while resolving interpolation: ")[2] if lines else type(error).__name__
    return f"{place}{reason.strip(QUOTE)}"
