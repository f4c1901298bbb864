"""What all commands share: Hydra composes, faults become sentences, exit codes say what happened."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from sentcse.command.composition import explain_composition, plain_values, tolerant_overrides
from sentcse.config.paths import config_dir
from sentcse.errors import ConfigError, SentcseError, how_to_continue, leave_quietly, print_fault
from sentcse.machine.files import first_line

INTERRUPTED = 130


Job = Callable[[dict[str, Any]], None]


def run_command(job: Job, config_name: str, sweep_job: Callable[[Job, dict[str, Any]], None]) -> int:
    """Compose `config_name` with the command line, run the job once or, with -m, once a combination.

    Args:
        job: gets the resolved configuration as plain containers.
        config_name: a file of configs/.
        sweep_job: runs the job with one combination's configuration, and raises no fault of it.

    Returns:
        The exit code: 0, 1 (data, models, runs; jobs of a sweep that are not done), 2 (configuration) or 130 (Ctrl-C).
        A fault that the user can mend is printed as its sentence; a defect of the program keeps its traceback.
    """
    faults: list[SentcseError] = []
    composed_once = False

    def run_job(composed: DictConfig) -> None:
        nonlocal composed_once
        composed_once = True
        if HydraConfig.get().mode == RunMode.MULTIRUN:
            sweep_job(job, plain_values(composed))
            return
        try:
            job(plain_values(composed))
        except SentcseError as fault:
            faults.append(fault)
            print_fault(fault)

    # Hydra's own handler prints tracebacks; this makes it hand exceptions on to the lines below
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        sys.argv[1:] = tolerant_overrides(sys.argv[1:], config_dir())
        hydra.main(version_base="1.3", config_path=str(config_dir()), config_name=config_name)(run_job)()
    except SentcseError as fault:
        if fault not in faults:
            print_fault(fault)
        return fault.exit_code
    except (HydraException, OmegaConfBaseException) as error:
        print_fault(ConfigError(explain_composition(error)))
        return ConfigError.exit_code
    except (ValueError, TypeError) as error:
        if composed_once:
            raise
        # Hydra's words for flags that exclude each other, and for a group's choice that is no name
        print_fault(ConfigError(f"{first_line(error)}; --help lists the flags and the choices."))
        return ConfigError.exit_code
    except RecursionError:
        if composed_once:
            raise
        print_fault(ConfigError("A setting cannot be read: it is nested too deep."))
        return ConfigError.exit_code
    except BrokenPipeError:
        leave_quietly()
        return 0
    except KeyboardInterrupt as interrupt:
        which = how_to_continue(any(word.lstrip("+").lower() == "overwrite=true" for word in sys.argv))
        # a training knows what it has kept
        said = str(interrupt) or f"{which} continues from the last checkpoint, or begins where there is none."
        print(f"Interrupted. {said}", file=sys.stderr)
        return INTERRUPTED
    return faults[0].exit_code if faults else 0


def announce_loading() -> None:
    """Say on standard error that the libraries are being imported, which takes seconds; once a process."""
    if "torch" not in sys.modules:
        print("Loading torch and transformers ...", file=sys.stderr, flush=True)
