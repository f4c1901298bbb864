"""What a sweep does around each of its jobs, in the process that runs it: a GPU of its own, a note of how it ended."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from hydra.core.hydra_config import HydraConfig

from sentcse.errors import BusyError, SentcseError, print_fault
from sentcse.records.outcomes import JobOutcome, Outcomes
from sentcse.records.run_folder import failure_content
from sentcse.sweeps.launching import Kind, kind_of
from sentcse.sweeps.slots import VISIBLE, gpu_slot, visible_gpus

GPUS_OF_SWEEP = "SENTCSE_GPUS_OF_SWEEP"
ALL_GPUS = "all"
TERMINATED = 128 + signal.SIGTERM
WATCH_SECONDS = 0.5


def run_sweep_job(job: Callable[[dict[str, Any]], None], values: dict[str, Any]) -> None:
    """Run one job; whatever goes wrong in it is noted, and not raised, so that the sweep goes on.

    Args:
        job: of the command.
        values: its resolved configuration.

    Raises:
        KeyboardInterrupt: on Ctrl-C.
        SystemExit: on SIGTERM.
    """
    hydra = HydraConfig.get()
    outcomes, run = Outcomes(Path(hydra.sweep.dir)), str(hydra.job.name)
    launcher = kind_of(str(hydra.launcher._target_))
    if launcher == "joblib":
        end_with_parent()
    if launcher == "submitit_local":
        see_gpus_of_parent()
    if os.environ.get("SLURM_PROCID", "0") == "0":
        outcomes.begin(run)
    started = time.perf_counter()
    status, reason = "done", None
    try:
        with own_gpu(values, launcher) as placed:
            job(placed)
    except KeyboardInterrupt:
        outcomes.forget(run)
        raise
    except BusyError as busy:
        print(busy, flush=True)
        status = "busy"
    except SentcseError as fault:
        print_fault(fault)
        status, reason = "failed", failure_content(fault)["reason"]
    except Exception as defect:
        traceback.print_exc()
        status, reason = "failed", failure_content(defect)["reason"]
    except SystemExit as stopped:
        # Hydra would take it for the end of the whole sweep, which only a signal is
        if stopped.code == TERMINATED:
            outcomes.forget(run)
            raise
        status, reason = "failed", f"It ended its process with {stopped.code}."
    if os.environ.get("SLURM_PROCID", "0") == "0":
        outcomes.write(run, JobOutcome(status, reason, round(time.perf_counter() - started, 1)))  # type: ignore[arg-type]


@contextmanager
def own_gpu(values: dict[str, Any], launcher: Kind) -> Iterator[dict[str, Any]]:
    """The configuration with a GPU that no other job of a sweep has, where the job computes on one.

    SLURM deals out GPUs itself.
    """
    trainer = values["trainer"]
    wants_one = trainer["accelerator"] in ("auto", "gpu") and trainer["devices"] == 1
    count = gpu_count() if wants_one and launcher != "submitit_slurm" else 0
    if count == 0:
        yield values
        return
    names = visible_gpus(count, os.environ)
    with gpu_slot(names, per_device=values["runs"]["jobs_per_gpu"], on_wait=_say_waiting) as position:
        # where there is one GPU the configuration stays as it is
        yield values if count == 1 else {**values, "trainer": {**trainer, "devices": [position]}}


def see_gpus_of_parent() -> None:
    """Undo that submitit's local executor gives each job the GPUs 0 to `gpus_per_node`, and none where that is unset.

    All of its jobs would share the first; `own_gpu` chooses among those that the sweep itself sees.
    """
    seen = os.environ.get(GPUS_OF_SWEEP)
    if seen == ALL_GPUS:
        os.environ.pop(VISIBLE, None)
    elif seen is not None:
        os.environ[VISIBLE] = seen


def tell_gpus_to_jobs() -> None:
    """Note which GPUs this process sees, for `see_gpus_of_parent` in the processes of its jobs."""
    os.environ[GPUS_OF_SWEEP] = os.environ.get(VISIBLE, ALL_GPUS)


def gpu_count() -> int:
    """CUDA GPUs that this process sees."""
    import torch

    return torch.cuda.device_count()


def end_with_parent() -> None:
    """Have this process end when the one that started it is gone.

    A worker whose sweep was killed would go on training, and hold its run against the sweep that is started again.
    """
    if any(thread.name == end_with_parent.__name__ for thread in threading.enumerate()):
        return
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(WATCH_SECONDS)
        os.kill(os.getpid(), signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)

    threading.Thread(target=watch, name=end_with_parent.__name__, daemon=True).start()


def _say_waiting() -> None:
    print("Waiting for a free GPU.", flush=True)


@contextmanager
def stopped_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end this process as Ctrl-C does, so that its workers are ended and the table is printed.

    A run in this process has Lightning's handler, which ends it between two steps.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        raise SystemExit(TERMINATED)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
