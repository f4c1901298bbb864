"""What an encoder is made of, between a file and memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class EncoderRecord:
    """What is known of an encoder beside its backbone; empty where a source says nothing.

    Attributes:
        pooler: a name of `sentcse.modules.pooling.POOLERS`, or None.
        head: what follows the pooler, or None.
        max_length: tokens at which sentences are cut, or None.
        provenance: how the encoder was made; its keys are described in `sentcse.storage.model_card`.
    """

    pooler: str | None = None
    head: nn.Module | None = None
    max_length: int | None = None
    provenance: dict[str, Any] = field(default_factory=dict)
