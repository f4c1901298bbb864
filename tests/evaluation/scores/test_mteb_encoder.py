from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

from sentcse.errors import SentcseError
from sentcse.evaluation.scores.mteb_tasks import score_mteb_tasks

# importing mteb takes seconds: only in the tests themselves
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("mteb") is None, reason="the extra mteb is not installed"),
]


@pytest.fixture
def wrap():
    from sentcse.evaluation.scores.mteb_encoder import MtebEncoder

    return lambda encoder: MtebEncoder(encoder, batch_size=5, max_length=7)


def test_each_text_is_encoded_once_and_stands_where_it_was(wrap, make_encoder):
    vectors = {"a": (1, 2), "b": (3, 4), "c": (5, 6)}
    encoder = make_encoder(vectors)
    found = wrap(encoder).encode([{"text": ["b", "a"]}, {"text": ["b", "c"]}], task_metadata=None, prompt_type=None)
    assert found.tolist() == [[3, 4], [1, 2], [3, 4], [5, 6]]
    assert encoder.calls == [{"sentences": ["b", "a", "c"], "batch_size": 5, "precision": "float32", "max_length": 7}]


def test_texts_are_compared_by_cosine(wrap, make_encoder):
    wrapped = wrap(make_encoder({}))
    one, other = (np.random.default_rng(seed).normal(size=(4, 3)) for seed in (0, 1))
    length = [np.linalg.norm(each, axis=1) for each in (one, other)]
    expected = one @ other.T / np.outer(*length)
    np.testing.assert_allclose(wrapped.similarity(one, other), expected, rtol=0, atol=1e-6)
    np.testing.assert_allclose(wrapped.similarity_pairwise(one, other), expected.diagonal(), rtol=0, atol=1e-6)


def test_nobody_that_mteb_knows(wrap, make_encoder):
    assert wrap(make_encoder({})).mteb_model_meta.name == "sentcse/encoder"


def test_vectors_that_are_not_finite_stop_with_the_text(local, make_encoder):
    task = local.LocalClustering()
    task.load_data()
    with pytest.raises(SentcseError, match=r"20 of 30 texts hold NaN or infinity, first for '(rain|trains) \d'"):
        score_mteb_tasks(make_encoder(lambda text: (np.nan, 1) if "rain" in text else (1, 0)), [task])
