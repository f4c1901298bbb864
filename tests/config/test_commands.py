from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from sentcse.config.check import check_command
from sentcse.config.commands import (
    ClusterConfig,
    DashboardConfig,
    DataKitConfig,
    EncodeConfig,
    EvaluateConfig,
    ReportConfig,
    RunsConfig,
    SearchConfig,
)
from sentcse.config.exporting import ExportConfig
from sentcse.config.mining import MineConfig
from sentcse.config.paths import config_dir
from sentcse.config.section import Section
from sentcse.config.worth import WorthConfig
from sentcse.errors import ConfigError

COMMANDS: dict[str, type[Section]] = {
    "evaluate": EvaluateConfig,
    "data_kit": DataKitConfig,
    "export": ExportConfig,
    "report": ReportConfig,
    "runs": RunsConfig,
    "search": SearchConfig,
    "cluster": ClusterConfig,
    "mine": MineConfig,
    "worth": WorthConfig,
    "encode": EncodeConfig,
    "dashboard": DashboardConfig,
}


@pytest.mark.parametrize("data_root", ["data", "/somewhere"])
@pytest.mark.parametrize("name", COMMANDS)
def test_file_and_schema_have_the_same_keys_and_defaults(
    name: str, data_root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SENTCSE_DATA", raising=False)
    if data_root != "data":
        monkeypatch.setenv("SENTCSE_DATA", data_root)
    file = OmegaConf.load(config_dir() / f"{name}.yaml")
    # a key that is a word of Python's has another name in the schema
    fields = {field.alias or key: field for key, field in COMMANDS[name].model_fields.items()}
    required = {key for key, field in fields.items() if field.is_required()}
    assert set(file) == set(fields)
    assert {key for key in fields if OmegaConf.is_missing(file, key)} == required
    defaults = {key: field.get_default(call_default_factory=True) for key, field in fields.items()}
    for key in set(fields) - required:
        assert OmegaConf.select(file, key) == defaults[key], f"{name}: {key}"


@pytest.mark.parametrize(
    ("model", "values", "key"),
    [
        (EvaluateConfig, {"encoder": "x", "tasks": "stsb"}, "tasks"),
        (EvaluateConfig, {"encoder": "x", "published": "all"}, "published"),
        (EvaluateConfig, {"encoder": "x", "mteb_languages": "deu"}, "mteb_languages"),
        (DataKitConfig, {"corpora": "nli"}, "corpora"),
        (ReportConfig, {"sources": "runs"}, "sources"),
        (RunsConfig, {"runs": "one"}, "runs"),
        (SearchConfig, {"columns": "title"}, "columns"),
    ],
)
def test_one_word_is_a_list_of_one(model: type[Section], values: dict[str, Any], key: str) -> None:
    assert getattr(check_command(model, values), key) == [values[key]]


def test_encoders_are_a_list_also_where_it_is_one() -> None:
    assert EvaluateConfig(encoder=Path("runs/a")).encoders == ["runs/a"]
    assert EvaluateConfig(encoder=["a", Path("b")]).encoders == ["a", "b"]


@pytest.mark.parametrize(
    ("model", "values", "said"),
    [
        (ReportConfig, {"sources": []}, "sources"),
        (SearchConfig, {"columns": []}, "columns"),
        (SearchConfig, {"threshold": 1}, "threshold must be below 1, got 1."),
        (EvaluateConfig, {"encoder": "x", "classifier_seed": 2**32}, "classifier_seed must be below 4294967296"),
        (DashboardConfig, {"sweep": ""}, "sweep must not be empty."),
        (RunsConfig, {"action": "delete"}, "action must be 'list', 'show', 'compare', 'remove' or 'status'"),
    ],
)
def test_what_is_refused(model: type[Section], values: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=f"^{said}"):
        check_command(model, values)
