from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tiny import tiny_checkpoint

from sentcse.config.demo import DemoConfig
from sentcse.demo.prepare import draw_map, open_models, read_corpus
from sentcse.encoder import SentenceEncoder
from sentcse.errors import ConfigError, SentcseError


@pytest.fixture
def config(tmp_path: Path) -> DemoConfig:
    tiny_checkpoint(tmp_path / "tiny")
    lines = [f"{number}\tthe dog runs {'x' * number}" for number in range(1, 13)]
    (tmp_path / "rows.tsv").write_text("\n".join(["id\ttext", *lines]) + "\n")
    given = {"encoder": [str(tmp_path / "tiny")], "corpus": str(tmp_path / "rows.tsv"), "columns": ["text"]}
    return DemoConfig.model_validate({**given, "pooler": ["avg"], "map": "pca", "device": "cpu"})


def test_a_model_has_the_vectors_of_the_corpus(config: DemoConfig) -> None:
    sentences = read_corpus(config)
    (model,) = open_models(config, sentences)
    vectors = SentenceEncoder.from_pretrained(config.encoder[0], pooler="avg").encode(sentences, normalize=True)
    np.testing.assert_allclose(model.unit, vectors, atol=1e-6)
    assert model.name.endswith("/tiny (avg)")


def test_one_encoder_by_two_poolers(config: DemoConfig) -> None:
    two = config.model_copy(update={"encoder": config.encoder * 2, "pooler": ["avg", "cls_before_pooler"]})
    names = [model.name.rpartition("/")[2] for model in open_models(two, read_corpus(two))]
    assert names == ["tiny (avg)", "tiny (cls_before_pooler)"]
    with pytest.raises(ConfigError, match="pooler names 2 and encoder 1: one for each, or one"):
        open_models(config.model_copy(update={"pooler": ["avg", "avg"]}), read_corpus(config))


def test_one_pooler_is_of_both(config: DemoConfig) -> None:
    two = config.model_copy(update={"encoder": config.encoder * 2})
    assert len(open_models(two, read_corpus(two))) == 2
    without = config.model_copy(update={"pooler": None})
    with pytest.raises(SentcseError, match="pooler"):
        open_models(without, read_corpus(without))


def test_the_map_is_of_all_or_of_a_part(config: DemoConfig) -> None:
    sentences = read_corpus(config)
    (model,) = open_models(config, sentences)
    drawn = draw_map(config, model, sentences)
    assert drawn is not None
    assert "12 sentences in" in drawn
    assert all(sentence in drawn for sentence in sentences)
    part = draw_map(config.model_copy(update={"map_sentences": 5}), model, sentences)
    assert part is not None
    assert "5 of 12" in part
    assert sum(f'"{sentence}"' in part for sentence in sentences) == 5
    assert draw_map(config.model_copy(update={"map": "none"}), model, sentences) is None
    assert draw_map(config, model, sentences[:3]) is None
