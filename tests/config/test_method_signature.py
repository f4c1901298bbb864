from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest

from sentcse.config.method_options import CustomMethodOptions
from sentcse.config.method_signature import accepted_options, keywords, strange_options
from sentcse.methods import Method


class Base(Method):
    def __init__(self, encoder: Any, *, shared: int = 1, optimizer: Any = None) -> None: ...


class Own(Base):
    def __init__(self, encoder: Any, *, my_weight: float = 0.1, **base: Any) -> None: ...


class Closed(Base):
    def __init__(self, encoder: Any, *, my_weight: float = 0.1) -> None: ...


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("own_methods")
    for method in (Own, Closed):
        setattr(module, method.__name__, method)
    monkeypatch.setitem(sys.modules, "own_methods", module)


def options(name: str, **given: Any) -> CustomMethodOptions:
    return CustomMethodOptions(_target_=f"own_methods.{name}", **given)


def test_keywords_come_from_the_bases_as_long_as_the_rest_is_handed_on() -> None:
    assert {"my_weight", "shared"} <= keywords(Own)
    assert "my_weight" in keywords(Closed)
    assert "shared" not in keywords(Closed)


def test_a_misspelt_option_is_named_with_those_that_there_are() -> None:
    (said,) = strange_options(options("Own", my_wieght=0.5))
    assert said.startswith("method.my_wieght=0.5 is no option of own_methods.Own: it takes ")
    assert "my_weight, " in said
    assert "optimizer" not in said  # a setting of its own


def test_options_that_fit_say_nothing() -> None:
    assert list(strange_options(options("Own", my_weight=0.5, shared=2))) == []


def test_what_the_defaults_of_simcse_merge_in_is_left_out_unless_it_was_changed() -> None:
    merged = options("Own", my_weight=0.5, temperature=0.05)
    assert list(strange_options(merged)) == []
    assert "temperature" not in accepted_options(Own, merged)
    assert accepted_options(Own, merged)["my_weight"] == 0.5
    (said,) = strange_options(options("Own", temperature=0.1))
    assert "method.temperature=0.1 is no option" in said


def test_a_target_that_cannot_be_imported_is_left_to_who_builds_it() -> None:
    assert list(strange_options(CustomMethodOptions(_target_="nowhere.Method", x=1))) == []
