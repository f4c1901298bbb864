"""How texts are encoded: the arguments of `SentenceEncoder.encode`, checked, also by sentence-transformers' names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch

PRECISIONS = {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}
SPELLINGS = {
    "normalize_embeddings": "normalize",
    "convert_to_tensor": "as_tensor",
    "show_progress_bar": "progress",
}
"""What sentence-transformers calls them."""


@dataclass(frozen=True)
class Encoding:
    """How texts are encoded; the arguments of `SentenceEncoder.encode`.

    Raises:
        ValueError: naming the argument that has an impossible value.
    """

    batch_size: int = 64
    max_length: int | None = None
    normalize: bool = False
    device: str | torch.device | None = None
    precision: str = "float32"
    as_tensor: bool = False
    truncate_dim: int | None = None
    prompt: str | None = None
    progress: bool = False

    def __post_init__(self) -> None:
        for name in ("batch_size", "truncate_dim"):
            value = getattr(self, name)
            if value is not None and (type(value) is not int or value < 1):
                raise ValueError(f"{name} must be at least 1, got {value!r}")
        if self.precision not in PRECISIONS:
            raise ValueError(
                f"precision must be one of {', '.join(PRECISIONS)}, in which is computed, got {self.precision!r}: "
                "vectors are float32 always; quantise them afterwards"
            )
        if self.prompt is not None and not isinstance(self.prompt, str):
            raise ValueError(f"prompt must be a text, got {self.prompt!r}")

    def respelled(self, spellings: Mapping[str, Any]) -> Encoding:
        """With arguments by the names that sentence-transformers has for them.

        Raises:
            TypeError: for a name that is none of them.
            ValueError: for a `prompt_name`, of which an encoder keeps none.
        """
        given = {name: value for name, value in spellings.items() if value is not None}
        if given.pop("prompt_name", None) is not None:
            raise ValueError(f"prompt_name must be None, got {spellings['prompt_name']!r}: give the text as prompt")
        if given.pop("convert_to_numpy", True) is False:
            given["convert_to_tensor"] = True
        for name in given:
            if name not in SPELLINGS:
                raise TypeError(f"encode() got an unexpected keyword argument {name!r}")
        return replace(self, **{SPELLINGS[name]: value for name, value in given.items()})
