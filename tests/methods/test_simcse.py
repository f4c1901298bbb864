from __future__ import annotations

from pathlib import Path

import pytest
from composing import checked
from tiny import tiny_decoder

from sentcse.errors import ConfigError
from sentcse.training.run import build_encoder, build_method


def test_the_masked_language_model_term_needs_a_mask_token(tmp_path: Path) -> None:
    """A GPT's files do not say that it has none: the configuration passes, and the method says it."""
    decoder = tiny_decoder(tmp_path / "gpt")
    config = checked("data=text", "data.path=x.txt", f"encoder.name_or_path={decoder}", "method.mlm_weight=0.1")
    with pytest.raises(ConfigError, match=r"needs a mask token and the tokenizer of .*gpt has none: set method\.mlm"):
        build_method(config, build_encoder(config))
