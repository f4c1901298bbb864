from __future__ import annotations

from typing import Any

import pytest

from sentcse.encoding.options import Encoding


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"batch_size": "64"}, "batch_size must be at least 1, got '64'"),
        ({"batch_size": True}, "batch_size must be at least 1, got True"),
        ({"truncate_dim": -1}, "truncate_dim must be at least 1, got -1"),
        ({"precision": "int8"}, "precision must be one of float32, bfloat16, float16.*got 'int8'.*quantise them"),
        ({"prompt": 3}, "prompt must be a text, got 3"),
    ],
)
def test_an_impossible_value_is_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Encoding(**options)


def test_names_of_sentence_transformers() -> None:
    given = {"normalize_embeddings": True, "convert_to_tensor": True, "show_progress_bar": True, "prompt_name": None}
    assert Encoding(batch_size=8).respelled(given) == Encoding(8, normalize=True, as_tensor=True, progress=True)
    assert Encoding(normalize=True).respelled({"show_progress_bar": None}) == Encoding(normalize=True)
    assert Encoding().respelled({"convert_to_numpy": True}) == Encoding()
    # theirs is a list of tensors then, and a tensor is one
    assert Encoding().respelled({"convert_to_numpy": False}).as_tensor


def test_strange_names() -> None:
    with pytest.raises(TypeError, match=r"encode\(\) got an unexpected keyword argument 'normalise'"):
        Encoding().respelled({"normalise": True})
    with pytest.raises(ValueError, match="prompt_name must be None, got 'query': give the text as prompt"):
        Encoding().respelled({"prompt_name": "query"})
