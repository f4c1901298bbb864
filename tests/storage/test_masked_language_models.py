from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tiny import tiny_bert, tiny_config
from transformers import AutoModelForMaskedLM

from sentcse.errors import SentcseError
from sentcse.storage.masked_language_models import load_to_train


@pytest.mark.parametrize("tied", [True, False])
def test_a_checkpoint_with_a_head_keeps_it(tmp_path: Path, tied: bool) -> None:
    torch.manual_seed(0)
    model = AutoModelForMaskedLM.from_config(tiny_config(tie_word_embeddings=tied))
    with torch.no_grad():
        model.get_output_embeddings().bias += 1
    model.save_pretrained(tmp_path)
    loaded, has_head = load_to_train(tmp_path, dropout=0.25)
    assert has_head
    assert loaded.config.hidden_dropout_prob == 0.25
    assert torch.equal(loaded.get_output_embeddings().bias, model.get_output_embeddings().bias)
    assert torch.equal(loaded.get_output_embeddings().weight, model.get_output_embeddings().weight)
    assert (loaded.get_output_embeddings().weight is loaded.get_input_embeddings().weight) == tied


def test_a_new_head_is_tied_even_if_the_checkpoint_says_otherwise(tmp_path: Path) -> None:
    tiny_bert(tie_word_embeddings=False).save_pretrained(tmp_path)
    loaded, has_head = load_to_train(tmp_path)
    assert not has_head
    assert loaded.config.tie_word_embeddings
    assert loaded.get_output_embeddings().weight is loaded.get_input_embeddings().weight


def test_half_an_encoder_is_refused(tmp_path: Path) -> None:
    model = tiny_bert()
    state = {name: value for name, value in model.state_dict().items() if "layer.1" not in name}
    model.save_pretrained(tmp_path, state_dict=state)
    with pytest.raises(SentcseError, match=r"lacks 16 weights of its encoder \(bert.encoder.layer.1"):
        load_to_train(tmp_path)
