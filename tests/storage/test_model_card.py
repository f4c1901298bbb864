from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from sentcse.storage.model_card import model_card

RECORD: dict[str, Any] = {
    "base_model": "google-bert/bert-base-uncased",
    "method": "simcse",
    "recipe": {"method.temperature": 0.05, "trainer.max_steps": 15625, "data.source": "a|b"},
    "data": {"source": "wiki_sentences.txt", "sentences": 1_000_000, "sha256": "0123abcd"},
    "selection": {"metric": "val/stsb_spearman", "step": 1250, "labels": "STS-B dev"},
    "scores": {
        "STS-B dev": {"pairs": 1500, "before": 79.7, "after": 83.604},
        "STS-B test": {"pairs": 1379, "after": 76},
    },
    "versions": {"torch": "2.13.0", "sentcse": "0.1.0"},
}


def card(record: dict[str, Any], **arguments: Any) -> str:
    return model_card(record, **{"name": "encoder", "pooler": "avg", "max_length": 32, "width": 384, **arguments})


def front_matter(text: str) -> dict[str, Any]:
    _, matter, _ = text.split("---\n", 2)
    content: dict[str, Any] = yaml.safe_load(matter)
    return content


def test_duplicates_that_were_left_out_are_on_the_card() -> None:
    data = {**RECORD["data"], "dropped_duplicates": 3}
    assert "| duplicates left out | 3 |" in card({**RECORD, "data": data}).splitlines()


def test_front_matter() -> None:
    assert front_matter(card(RECORD)) == {
        "library_name": "sentence-transformers",
        "pipeline_tag": "sentence-similarity",
        "tags": ["sentence-transformers", "sentence-similarity", "feature-extraction", "sentcse", "simcse"],
        "base_model": "google-bert/bert-base-uncased",
    }


def test_everything_recorded_is_shown() -> None:
    text = card(RECORD)
    for line in [
        "| `method.temperature` | 0.05 |",
        "| `trainer.max_steps` | 15,625 |",
        "| `data.source` | a\\|b |",
        "| sentences | 1,000,000 |",
        "| SHA-256 of the text | 0123abcd |",
        "| task | pairs | before | after |",
        "| STS-B dev | 1,500 | 79.70 | 83.60 |",
        "| STS-B test | 1,379 |  | 76.00 |",
        "sentcse 0.1.0, torch 2.13.0",
    ]:
        assert line in text.splitlines(), line
    assert "The checkpoint of step 1,250 was chosen as the best by `val/stsb_spearman`." in text
    assert "The choice used the labels of STS-B dev." in text


def test_nothing_is_invented_for_an_empty_record() -> None:
    text = card({})
    assert re.findall(r"^## .*", text, flags=re.MULTILINE) == ["## Usage"]
    assert "base_model" not in front_matter(text)
    assert "trained" not in text.split("## Usage")[0]


def test_a_folder_is_no_base_model_of_the_hub() -> None:
    text = card({"base_model": "/home/somebody/models/my-bert"})
    assert "base_model" not in front_matter(text)
    assert "trained from `my-bert`" in text
    assert "somebody" not in text


@pytest.mark.parametrize(
    ("selection", "said"),
    [
        (
            {"rule": "last", "step": 1250},
            "The checkpoint of step 1,250 is the last one: no scores were compared, and no",
        ),
        (
            {"metric": "InfoNCE", "labels": None},
            "The checkpoint was chosen as the best by `InfoNCE`. The choice used no labels.",
        ),
        ({"metric": "x", "stopped": "Stopped at step 9."}, "as the best by `x`. The training: `Stopped at step 9.`"),
        (
            {"metric": "x", "alpha": 0.625, "places": 8},
            "The weights lie at alpha = 0.625 on the line from those before training (0) through those of that step "
            "(1): the best of 8 places",
        ),
        ({"metric": "x", "labels": "STS-B dev"}, "The choice used the labels of STS-B dev."),
    ],
)
def test_how_the_checkpoint_was_chosen(selection: dict[str, Any], said: str) -> None:
    assert said in card({**RECORD, "selection": selection})
    assert "## Selection" not in card({**RECORD, "selection": {"step": 3}})
