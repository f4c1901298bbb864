"""What an encoder is made of, between a file and memory: opening, checkpoints and saving exchange it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True)
class EncoderRecord:
    """What is known of an encoder beside its backbone; empty where a source says nothing.

    Attributes:
        pooler: a name of `sentcse.modules.pooling.POOLERS`, or None.
        head: what follows the pooler, or None.
        max_length: tokens at which sentences are cut, or None.
        provenance: how the encoder was made; its keys are described in `sentcse.storage.model_card`.
        prompt: put before every sentence.
        dimensions: leading values of a vector that are kept; None for all.
    """

    pooler: str | None = None
    head: nn.Module | None = None
    max_length: int | None = None
    provenance: dict[str, Any] = field(default_factory=dict)
    prompt: str = ""
    dimensions: int | None = None


@dataclass(frozen=True)
class EncoderParts:
    """All that a `sentcse.encoder.SentenceEncoder` is made of.

    Attributes:
        backbone: a Hugging Face encoder.
        tokenizer: its tokenizer.
        pooler: a name of `sentcse.modules.pooling.POOLERS`.
        head: what follows the pooler, or None.
        max_length: tokens at which sentences are cut.
        recorded_pooler: what the source says; another than `pooler` if that was asked for.
        provenance: how the encoder was made; its keys are described in `sentcse.storage.model_card`.
        prompt: put before every sentence.
        dimensions: leading values of a vector that are kept; None for all.
    """

    backbone: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    pooler: str
    head: nn.Module | None
    max_length: int
    recorded_pooler: str | None = None
    provenance: dict[str, Any] = field(default_factory=dict)
    prompt: str = ""
    dimensions: int | None = None

    @property
    def width(self) -> int:
        """The number of values in a backbone state."""
        return int(self.backbone.config.hidden_size)
