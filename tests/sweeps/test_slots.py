from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from sentcse.sweeps.slots import gpu_slot, slot_folder, visible_gpus

HOLD = """
import sys
from pathlib import Path
from sentcse.sweeps.slots import gpu_slot
with gpu_slot(["0", "1"], folder=Path(sys.argv[1])) as position:
    print(position, flush=True)
    sys.stdin.read()
"""


def test_a_first_job_on_every_gpu_before_a_second_on_any(tmp_path: Path) -> None:
    with ExitStack() as held:
        taken = [held.enter_context(gpu_slot(["0", "1", "2"], per_device=2, folder=tmp_path)) for _ in range(6)]
    assert taken == [0, 1, 2, 0, 1, 2]


def test_who_finds_none_free_waits_and_gets_the_first_that_is(tmp_path: Path) -> None:
    got: list[int] = []
    waiting = threading.Event()

    def want() -> None:
        with gpu_slot(["0", "1"], folder=tmp_path, poll_seconds=0.01, on_wait=waiting.set) as position:
            got.append(position)

    other = threading.Thread(target=want)
    with gpu_slot(["0", "1"], folder=tmp_path) as first, ExitStack() as second:
        assert (first, second.enter_context(gpu_slot(["0", "1"], folder=tmp_path))) == (0, 1)
        other.start()
        assert waiting.wait(10)
        assert got == []
        second.close()
        other.join(10)
        assert got == [1]


def test_the_place_of_a_killed_process_is_free(tmp_path: Path) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "0\n"
        with gpu_slot(["0", "1"], folder=tmp_path) as position:
            assert position == 1
    finally:
        other.kill()
        other.communicate()
    with gpu_slot(["0", "1"], folder=tmp_path) as position:
        assert position == 0


def test_a_fault_gives_the_place_back(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), gpu_slot(["0"], folder=tmp_path):
        raise ZeroDivisionError
    with gpu_slot(["0"], folder=tmp_path) as position:
        assert position == 0


def test_gpus_are_named_as_the_machine_names_them(tmp_path: Path) -> None:
    assert visible_gpus(2, {}) == ["0", "1"]
    assert visible_gpus(2, {"CUDA_VISIBLE_DEVICES": "3, GPU-8f/1"}) == ["3", "GPU-8f/1"]
    assert visible_gpus(1, {"CUDA_VISIBLE_DEVICES": ""}) == ["0"]
    with gpu_slot(["GPU-8f/1"], folder=tmp_path) as position:  # a name that is no file name
        assert position == 0
    assert slot_folder().is_absolute()


def test_there_must_be_places(tmp_path: Path) -> None:
    for devices, places in (([], 1), (["0"], 0)):
        with (
            pytest.raises(ValueError, match="there must be devices"),
            gpu_slot(devices, per_device=places, folder=tmp_path),
        ):
            pass
