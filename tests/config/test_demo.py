from __future__ import annotations

from typing import Any

import pytest
from omegaconf import OmegaConf

from sentcse.config.check import check_command
from sentcse.config.demo import DemoConfig
from sentcse.config.paths import config_dir
from sentcse.errors import ConfigError


def test_file_and_schema_have_the_same_keys_and_defaults() -> None:
    file, fields = OmegaConf.load(config_dir() / "demo.yaml"), DemoConfig.model_fields
    assert list(file) == list(fields)
    for key, field in fields.items():
        assert OmegaConf.is_missing(file, key) if field.is_required() else OmegaConf.select(file, key) == field.default


def test_one_word_is_a_list_of_one() -> None:
    given = check_command(DemoConfig, {"encoder": "a", "corpus": "b.txt", "pooler": "avg", "columns": "text"})
    assert (given.encoder, given.pooler, given.columns) == (["a"], ["avg"], ["text"])
    # null is a pooler: the encoder's own record
    assert check_command(DemoConfig, {"encoder": ["a", "b"], "corpus": "c", "pooler": [None, "avg"]}).pooler == [
        None,
        "avg",
    ]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"encoder": ["a", "b", "c"]}, "encoder"),
        ({"encoder": []}, "encoder"),
        ({"port": 65_536}, "port must be at most 65535"),
        ({"top_k": 101}, "top_k must be at most 100"),
        ({"map_sentences": 3}, "map_sentences must be at least 4"),
        ({"map": "tsne"}, "map"),
        ({"host": ""}, "host"),
    ],
)
def test_what_it_refuses(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        check_command(DemoConfig, {"encoder": "a", "corpus": "b.txt", **values})
