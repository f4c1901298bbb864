from __future__ import annotations

from typing import Any

import pytest

from sentcse.config.check import check_command
from sentcse.config.mining import MineConfig
from sentcse.errors import ConfigError
from sentcse.mine.negatives import Rules


def test_the_rules_are_settings_of_the_same_defaults() -> None:
    config = check_command(MineConfig, {"path": "a.csv", "encoder": "x"})
    assert {name: getattr(config, name) for name in Rules.__dataclass_fields__} == vars(Rules())


def test_a_single_column_is_a_list_of_one() -> None:
    config = check_command(MineConfig, {"path": "a.csv", "encoder": "x", "columns": "text", "corpus_columns": "title"})
    assert (config.columns, config.corpus_columns) == (["text"], ["title"])


@pytest.mark.parametrize(
    ("key", "value"), [("negatives", 0), ("look_at", 0), ("margin", -0.1), ("relative_margin", 2), ("pick", "best")]
)
def test_a_value_out_of_range_is_named(key: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=key):
        check_command(MineConfig, {"path": "a.csv", "encoder": "x", key: value})
