"""LoRA (Hu et al. 2021): the weights stay as they are, and products of two narrow matrices beside them are trained.

Through peft, which is an extra: it puts its layers into the backbone, whose class stays what it was.
"""

from __future__ import annotations

import copy
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from sentcse.errors import ConfigError, SentcseError

if TYPE_CHECKING:
    from torch import nn
    from transformers import PreTrainedModel

ADAPTER = "default"
"""peft's name of an adapter that is given none."""
SETTINGS_ATTRIBUTE = "sentcse_lora"
MISSING = "LoRA needs peft, which is not installed: pip install 'sentcse[peft]'."


@dataclass(frozen=True)
class LoRA:
    """Which layers get adapters, and of what size; the names in brackets are those of `peft.LoraConfig`.

    Attributes:
        rank: columns of the two matrices (r).
        alpha: their product counts alpha / rank times (lora_alpha); None for twice the rank.
        dropout: of what the adapters read, while training (lora_dropout).
        targets: ends of the names of linear layers, or "all-linear" (target_modules); None for those that peft has for
            the architecture, of BERT query and value.

    Raises:
        ValueError: for a number out of its range.
    """

    rank: int
    alpha: float | None = None
    dropout: float = 0.05
    targets: list[str] | Literal["all-linear"] | None = None

    def __post_init__(self) -> None:
        if self.rank < 1 or (self.alpha is not None and self.alpha <= 0) or not 0 <= self.dropout < 1:
            raise ValueError(
                "rank must be at least 1, alpha above 0 and dropout from 0 to below 1, got "
                f"{self.rank}, {self.alpha} and {self.dropout}"
            )


def adapt(backbone: PreTrainedModel, lora: LoRA) -> None:
    """Put adapters into a backbone, and train nothing of it but them; its vectors stay what they are at first.

    Raises:
        SentcseError: without peft.
        ConfigError: if the backbone has no such layers.
    """
    try:
        import peft
    except ImportError:
        raise SentcseError(MISSING) from None
    settings = peft.LoraConfig(
        r=lora.rank,
        lora_alpha=cast("int", 2 * lora.rank if lora.alpha is None else lora.alpha),
        lora_dropout=lora.dropout,
        target_modules=lora.targets,
    )
    names = [name for name, _ in backbone.named_modules()]
    for target in [] if lora.targets is None or isinstance(lora.targets, str) else lora.targets:
        # peft passes over one that is nowhere, where another is
        if not any(name == target or name.endswith(f".{target}") for name in names):
            raise _unknown(backbone, [target])
    try:
        with warnings.catch_warnings():  # peft asks transformers by a name that this one will drop
            warnings.simplefilter("ignore", FutureWarning)
            peft.inject_adapter_in_model(settings, backbone, adapter_name=ADAPTER)
    except ValueError as error:
        raise _unknown(backbone, lora.targets) from error
    setattr(backbone, SETTINGS_ATTRIBUTE, lora)


def lora_of(backbone: nn.Module) -> LoRA | None:
    """What `adapt` put into a backbone; None for one without adapters or with some that came otherwise."""
    found: LoRA | None = getattr(backbone, SETTINGS_ATTRIBUTE, None)
    return found


def linear_layers(backbone: nn.Module) -> list[str]:
    """The last part of the name of every linear layer, each once."""
    from torch.nn import Linear

    return sorted({name.rpartition(".")[2] for name, each in backbone.named_modules() if isinstance(each, Linear)})


def merged(backbone: PreTrainedModel) -> PreTrainedModel:
    """The backbone itself; of one with adapters of peft, a copy with these added to its weights.

    Raises:
        SentcseError: if adapters lie in it that cannot be merged, and would be left out of the weights.
    """
    if callable(getattr(backbone, "merge_and_unload", None)):
        wrapped: Any = copy.deepcopy(backbone)
        return cast("PreTrainedModel", wrapped.merge_and_unload().requires_grad_(True))
    if getattr(backbone, "peft_config", None) is None:
        return backbone
    plain = copy.deepcopy(backbone)
    if not _merge_layers(plain):
        raise SentcseError(
            f"The backbone ({type(backbone).__name__}) holds adapters of PEFT that cannot be merged, without which it "
            "would be written: use LoRA, or merge them before the export."
        )
    for name in ("peft_config", SETTINGS_ATTRIBUTE):
        if hasattr(plain, name):
            delattr(plain, name)
    if hasattr(plain, "_hf_peft_config_loaded"):  # of transformers' own add_adapter, which would save adapters alone
        plain._hf_peft_config_loaded = False
    return plain.requires_grad_(True)


def _merge_layers(model: nn.Module) -> bool:
    """Add every adapter to its layer, which takes its place again; whether there was any."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    layers = [(name, each) for name, each in model.named_modules() if isinstance(each, BaseTunerLayer)]
    for name, layer in layers:
        parent, _, last = name.rpartition(".")
        layer.merge()
        setattr(model.get_submodule(parent), last, layer.get_base_layer())
    return len(layers) > 0


def _unknown(backbone: nn.Module, targets: list[str] | str | None) -> ConfigError:
    return ConfigError(
        f"encoder.lora.targets={_shown(targets)} cannot be had in {type(backbone).__name__}: name linear layers of it "
        f"({', '.join(linear_layers(backbone))}), or all-linear."
    )


def _shown(targets: list[str] | str | None) -> str:
    return "null" if targets is None else targets if isinstance(targets, str) else f"[{','.join(targets)}]"
