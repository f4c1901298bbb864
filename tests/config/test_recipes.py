"""Which recipes have a published score, and what is said of the others."""

from __future__ import annotations

import pytest

from sentcse.config.recipes import published_recipes, require_published
from sentcse.errors import ConfigError
from sentcse.evaluation.statistics.published_rows import published_rows


def test_recipes_with_a_published_score_and_no_others() -> None:
    found = published_recipes()
    assert {"simcse_bert", "sup_simcse_bert", "diffcse_bert", "diffcse_bert_transfer", "micse_bert"} <= set(found)
    assert not {"simcse_minilm", "quickstart", "micse_bert_10"} & set(found)


def test_every_published_recipe_has_a_row_whose_average_is_the_recipes() -> None:
    for name, recipe in published_recipes().items():
        rows = [row for row in published_rows() if row.name == name]
        averages = {f"{row.suite}_avg": row.average.score for row in rows if row.average is not None}
        for key, score in recipe["published"].items():
            # SimCSE's README has two averages of its supervised BERT
            assert averages[key] == pytest.approx(score, abs=0.011), name


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], "Name the recipes"),
        (["simcse_bert", "simcse_minilm"], "no recipe 'simcse_minilm' with a published score"),
        (["simcse_bert", "simcse_bert"], "named twice"),
    ],
)
def test_what_cannot_be_reproduced_is_said_with_what_can(names: list[str], said: str) -> None:
    with pytest.raises(ConfigError, match=said) as fault:
        require_published(names)
    assert "\n" not in str(fault.value)
    if "twice" not in said:
        assert "simcse_bert" in str(fault.value).partition("there are")[2]
    require_published(["simcse_bert", "micse_bert"])
