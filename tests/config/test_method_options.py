from __future__ import annotations

import inspect

import pytest
from composing import change, compose, faults
from hydra.utils import get_class

from sentcse.config import check_config
from sentcse.config.method_options import METHOD_OPTIONS, method_names, reads_generator
from sentcse.config.paths import config_dir

LOADED = {"encoder", "generator", "discriminator", "mlm_head", "optimizer", "origin", "chunk", "mask_duplicates"}
"""Arguments of methods that are no settings of their own: they are made of what other groups name."""


@pytest.mark.parametrize("target", sorted(METHOD_OPTIONS))
def test_options_bind_to_the_signature_of_the_method(target: str) -> None:
    """What the schema lets through is what `build` and the constructor behind it take, with the same defaults."""
    method = get_class(target)
    parameters = {**inspect.signature(method.__init__).parameters, **inspect.signature(method.build).parameters}
    accepted = {name for name, each in parameters.items() if each.kind is each.KEYWORD_ONLY} - LOADED
    fields = {name: field for name, field in METHOD_OPTIONS[target].model_fields.items() if name != "target"}
    assert fields.keys() == accepted
    for name, field in fields.items():
        assert field.default == parameters[name].default, f"{name}: the schema and the method start differently"


def test_every_method_has_a_file_of_its_name_and_the_other_way_round() -> None:
    files = sorted(path.stem for path in (config_dir() / "method").glob("*.yaml"))
    assert {name: compose(f"method={name}")["method"]["_target_"].rpartition(".")[2].lower() for name in files} == {
        name: name for name in method_names()
    }


@pytest.mark.parametrize(("target", "reads"), [("SimCSE", False), ("DiffCSE", True), ("MiCSE", False), ("Mine", True)])
def test_the_generator_counts_for_methods_that_read_it_and_those_that_nobody_knows(target: str, reads: bool) -> None:
    assert reads_generator(f"sentcse.methods.{target}") is reads


def test_methods_from_outside_take_their_own_options() -> None:
    method = {"_target_": "my.package.MyMethod", "temperature": 0.1, "my_option": [1, 2]}
    config = check_config(change(method=method))
    assert config.method.model_dump(by_alias=True)["my_option"] == [1, 2]
    assert config.method_name == "mymethod"
    (line,) = faults(method={**method, "temperature": 0})
    assert line == "method.temperature must be above 0, got 0."


def test_a_method_without_a_target() -> None:
    (line,) = faults(method={"temperature": 0.1})
    assert line == "method._target_ is required and was not given."
