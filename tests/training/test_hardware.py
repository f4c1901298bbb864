from __future__ import annotations

import os
import platform
from pathlib import Path

from composing import checked
from sentcse.training.hardware import hardware, processor


def test_a_cpu_run_names_device_processor_and_threads() -> None:
    found = hardware(checked("trainer.accelerator=cpu").trainer)
    assert found["device"] == "cpu"
    assert found["threads"] == 1
    assert found["processor"] != ""
    assert "gpu" not in found


def test_the_processor_is_read_from_cpuinfo(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(
        f"processor\t: 0{os.linesep}model name\t: A Fast: One\nprocessor\t: 1\nmodel name\t: B\n"
    )
    assert processor(tmp_path / "cpuinfo") == "A Fast: One"


def test_elsewhere_the_platform_answers(tmp_path: Path) -> None:
    (tmp_path / "arm").write_text("CPU implementer\t: 0x61\n")
    for place in (tmp_path / "arm", tmp_path / "nowhere"):
        assert processor(place) in (platform.processor(), platform.machine())
        assert processor(place) != ""
