from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from composing import checked, compose
from pydantic import ValidationError

from sentcse.config.check import check_command, check_generator_config
from sentcse.config.commands import DataKitConfig, EvaluateConfig, ReportConfig, RunsConfig
from sentcse.config.exporting import ExportConfig
from sentcse.config.section import Section, expand_home, local_path
from sentcse.data.fetching.kit import verify_kit
from sentcse.errors import ConfigError, DataError


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home folder, which is not the current one."""
    folder = tmp_path / "home"
    (folder / "here").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    monkeypatch.chdir(folder / "here")
    return folder


@pytest.mark.parametrize("same", ["", "x", "./x", "a//b/", "a/~/b", "package:x/~", "~nobody-of-this-name/x", 3, None])
def test_what_has_no_home_in_it_stays_as_it_is(same: object) -> None:
    assert expand_home(same) == same


@pytest.mark.parametrize(
    "key",
    ["runs.root", "data_root", "data.cache_dir", "data.path", "evaluation.pairs_dev", "evaluation.pairs_test"],
)
def test_settings_of_a_training(key: str, home: Path) -> None:
    value: Any = checked("data=text", "data.path=x.txt", f'{key}="~/x"')
    for part in key.split("."):
        value = getattr(value, part)
    assert value == f"{home}/x"


@pytest.mark.parametrize(
    "key",
    ["runs.root", "data_root", "data.path", "evaluation.pairs_dev", "encoder.name_or_path", "generator.name_or_path"],
)
@pytest.mark.parametrize("address", ["s3://bucket/x", "memory://x", "hf://datasets/a/b", "file://host/x"])
def test_an_address_elsewhere_is_no_folder_of_that_name(key: str, address: str) -> None:
    with pytest.raises(ConfigError) as fault:
        checked("data=text", "data.path=x.txt", f"{key}={address}")
    assert f"{key}: files are read and written on this machine alone; mount the address as a folder" in str(fault.value)
    assert f"or copy what lies there, got '{address}'." in str(fault.value)


def test_an_address_of_this_machine_is_a_path(home: Path) -> None:
    config = checked("data=text", f"data.path=file://{home}/x.txt", f"runs.root=file://{home}/runs")
    encoder = {"encoder": f"file://{home}/encoder", "against": "~/other", "tasks": ["stsb"]}
    assert (EvaluateConfig(**encoder).encoder, EvaluateConfig(**encoder).against) == (f"{home}/encoder", "~/other")
    assert (config.data.path, config.runs.root) == (f"{home}/x.txt", f"{home}/runs")
    assert [local_path(value) for value in ("~", 3, None, "a b://x")] == [str(home), 3, None, "a b://x"]


def test_settings_that_are_made_of_another(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTCSE_DATA", "~/data")
    config = checked("data=text", "data.path=null", 'data.dataset="~/saved"')
    assert (config.data_root, config.data.cache_dir) == (f"{home}/data", f"{home}/data/cache")
    assert config.data.dataset == f"{home}/saved"
    values = compose("data=text", 'data.path="~/x.txt"', 'runs.root="~/runs"', config_name="generator_train")
    generator = check_generator_config(values)
    found = (generator.data_root, generator.data.path, generator.runs.root)
    assert found == (f"{home}/data", f"{home}/x.txt", f"{home}/runs")


@pytest.mark.parametrize(
    ("command", "values"),
    [
        (EvaluateConfig, {"encoder": "x", "data_root": "~/x", "output": "~/x", "tasks": "~/x"}),
        (DataKitConfig, {"data_root": "~/x"}),
        (ExportConfig, {"checkpoint": "~/x", "output": "~/x"}),
        (ReportConfig, {"sources": ["~/x"], "output": "~/x"}),
        (RunsConfig, {"runs": ["~/x"], "root": "~/x", "sweep": "~/x"}),
    ],
)
def test_settings_of_the_other_commands(command: type[Section], values: dict[str, Any], home: Path) -> None:
    found = check_command(command, values).model_dump(include=set(values) - {"encoder"})
    assert {str(value) for value in found.values()} <= {f"{home}/x", f"['{home}/x']"}


def test_a_command_looks_there(home: Path) -> None:
    with pytest.raises(DataError, match=f"{home}/data"):
        verify_kit(check_command(DataKitConfig, {"data_root": "~/data", "tasks": "stsb"}))


class Numbers(Section):
    whole: int = 1
    real: float | None = None
    several: list[int] | None = None
    either: int | bool = 0
    word: str = ""


@pytest.mark.parametrize(("key", "kind"), [("whole", "int_type"), ("real", "float_type"), ("several", "int_type")])
@pytest.mark.parametrize("value", [True, False])
def test_true_is_no_number(key: str, kind: str, value: bool | list[object]) -> None:
    value = [3, value] if key == "several" else value
    with pytest.raises(ValidationError) as fault:
        Numbers(**{key: value})
    assert [(error["loc"], error["type"]) for error in fault.value.errors()] == [((key,), kind)]


def test_true_is_taken_where_it_is_meant() -> None:
    assert Numbers(either=True).either is True
    assert (Numbers(whole=1).whole, Numbers(real=1).real) == (1, 1.0)
