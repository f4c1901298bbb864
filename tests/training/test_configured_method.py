"""The encoder and the method of a configuration."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from sentcse.config import TrainConfig
from sentcse.errors import ConfigError
from sentcse.methods import DiffCSE, SimCSE
from sentcse.training.configured_method import build_encoder, build_method, method_class

Configure = Callable[..., TrainConfig]

OWN_METHOD = """
from sentcse.methods import SimCSE

class Mine(SimCSE):
    def __init__(self, encoder, *, my_weight: float = 0.1, **base):
        super().__init__(encoder, **base)
        self.my_weight = my_weight
"""


@pytest.mark.parametrize(
    ("pooler", "trained"), [("cls", "cls_before_pooler"), ("avg", "avg"), ("avg_top2", "avg_top2")]
)
def test_an_encoder_has_the_configured_pooler_dropout_and_no_head(
    configure: Configure, pooler: str, trained: str
) -> None:
    encoder = build_encoder(configure(f"encoder.pooler={pooler}", "encoder.dropout=0.3"))
    assert (encoder.pooler, encoder.head) == (trained, None)
    dropouts = {part.p for part in encoder.backbone.modules() if isinstance(part, torch.nn.Dropout)}
    assert dropouts == {0.3}
    own = build_encoder(configure(f"encoder.pooler={pooler}"))
    assert own.backbone.config.hidden_dropout_prob == 0.2  # as its checkpoint has it


def test_a_method_gets_its_options_and_the_optimiser(configure: Configure) -> None:
    config = configure("method.temperature=0.2", "method.head=batchnorm", "optimizer.weight_decay=0.25")
    method = build_method(config, build_encoder(config))
    assert isinstance(method, SimCSE)
    assert method.temperature == 0.2
    assert type(method.head).__name__ == "BatchNormHead"
    assert method.optimizer_settings.weight_decay == 0.25
    assert method.optimizer_settings.learning_rate == 1e-3


def test_a_method_of_ones_own_gets_the_options_that_it_accepts(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(OWN_METHOD)
    monkeypatch.syspath_prepend(tmp_path)
    config = configure("~method", "+method._target_=mine.Mine", "+method.my_weight=0.75", "+method.head=batchnorm")
    method = build_method(config, build_encoder(config))
    assert (type(method), vars(method)["my_weight"]) == (method_class("mine.Mine"), 0.75)
    assert type(method.head).__name__ == "BatchNormHead"


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("sentcse.methods.Nothing", "cannot be imported"),
        ("no_such_module.Method", "cannot be imported"),
        ("Method", "cannot be imported"),
        ("torch.nn.Linear", "is not a method"),
        ("sentcse.methods.Method", "is not a method"),
        ("sentcse.methods.objective.flatten_views", "is not a method"),
    ],
)
def test_what_is_no_method(target: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=f"method._target_={target} {sentence}"):
        method_class(target)
    assert method_class("sentcse.methods.SimCSE") is SimCSE


def test_rows_of_a_discriminator_that_is_shared_out_are_computed_together(
    configure: Configure, of_method: Callable[[str], list[str]]
) -> None:
    """Pieces of them would differentiate themselves, by weights of which a device has a part."""
    rows = {}
    for strategy in ("ddp", "fsdp2"):
        config = configure(*of_method("diffcse"), f"trainer.strategy={strategy}")
        method = build_method(config, build_encoder(config))
        assert isinstance(method, DiffCSE)
        rows[strategy] = method.discriminator_rows
    assert rows == {"ddp": "auto", "fsdp2": None}
    eight = configure(*of_method("diffcse"), "trainer.strategy=fsdp2", "method.discriminator_rows=8")
    with pytest.raises(ConfigError, match=r"method\.discriminator_rows=8 cannot be computed apart"):
        build_method(eight, build_encoder(eight))
