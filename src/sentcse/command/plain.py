"""Commands whose settings are one file of configs/ and key=value on the command line, without Hydra's composition."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from sentcse.command.composed import INTERRUPTED
from sentcse.command.composition import PLAIN_OVERRIDE, explain_composition, plain_values
from sentcse.config.check import check_command
from sentcse.config.explain import unknown_setting
from sentcse.config.paths import config_dir
from sentcse.config.section import Section
from sentcse.errors import ConfigError, SentcseError, leave_quietly, print_fault

C = TypeVar("C", bound=Section)


def run_plain_command(
    job: Callable[[C], None], config_name: str, model: type[C], arguments: Sequence[str] | None = None
) -> int:
    """Read the settings, check them, run the job.

    Args:
        job: gets the checked settings.
        config_name: a file of configs/, which is also the text of --help.
        model: the schema of that file.
        arguments: key=value words; None for the command line's.

    Returns:
        The exit code, as `sentcse.command.composed.run_command`.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    path = config_dir() / f"{config_name}.yaml"
    if {"-h", "--help"} & set(words):
        print(path.read_text(encoding="utf-8"), end="")
        return 0
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stdout)
    logging.getLogger("sentcse").setLevel(logging.INFO)
    try:
        job(check_command(model, plain_values(_with_overrides(path.read_text(encoding="utf-8"), words, model))))
        sys.stdout.flush()  # here, where a reader that has gone is noticed
    except SentcseError as fault:
        print_fault(fault)
        return fault.exit_code
    except BrokenPipeError:
        leave_quietly()
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return INTERRUPTED
    return 0


def with_first_word(words: Sequence[str], key: str) -> list[str]:
    """A command line whose plain words are all settings but the first, which goes to `key`.

    A second plain word stays as it is, and is refused as a setting without a value.
    """
    settings = list(words)
    for place, word in enumerate(settings):
        if PLAIN_OVERRIDE.match(word) is None and not word.startswith("-"):
            settings[place] = f"{key}={json.dumps(word, ensure_ascii=False)}"
            break
    return settings


def settings_of(words: Sequence[str], key: str) -> list[str]:
    """A command line with plain words as key=value: the first plain word is the action, the others go to `key`."""
    plain = [word for word in words if PLAIN_OVERRIDE.match(word) is None and not word.startswith("-")]
    settings = [word for word in words if word not in plain]
    if plain:
        settings.append(f"action={plain[0]}")
    if len(plain) > 1:
        settings.append(f"{key}={json.dumps(plain[1:], ensure_ascii=False)}")
    return settings


def _parsed(word: str) -> Any:
    try:
        return OmegaConf.from_dotlist([word])
    except YAMLError as error:
        raise ConfigError(f"{word} cannot be read as key=value: a list is written key=[a,b].") from error
    except RecursionError:
        raise ConfigError(f"{word[:40]}... cannot be read: it is nested too deep.") from None


def _with_overrides(text: str, words: Sequence[str], model: type[Section]) -> Any:
    strange = [word for word in words if "=" not in word or word.startswith("-")]
    if strange:
        raise ConfigError(f"{strange[0]} is not of the form key=value; --help lists the keys.")
    # these commands have no groups of settings
    nested = [key for word in words if "." in (key := word.partition("=")[0])]
    if nested:
        raise ConfigError(unknown_setting(model, nested[0]))
    try:
        changes = [_parsed(word) for word in words]
        return OmegaConf.merge(OmegaConf.create(text), *changes)
    except OmegaConfBaseException as error:
        raise ConfigError(explain_composition(error)) from error
