from __future__ import annotations

from typing import Any

import pytest

from sentcse.config.check import check_command
from sentcse.config.worth import WorthConfig
from sentcse.errors import ConfigError


def test_one_method_and_one_budget_are_lists_of_one() -> None:
    config = check_command(WorthConfig, {"encoder": "x", "methods": "micse", "steps": 7})
    assert (config.methods, config.steps) == (["micse"], [7])


@pytest.mark.parametrize(
    ("key", "value"), [("methods", []), ("methods", "mycse"), ("steps", 0), ("part", 1), ("pooler", "cls")]
)
def test_a_value_out_of_range_is_named(key: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=key):
        check_command(WorthConfig, {"encoder": "x", key: value})
