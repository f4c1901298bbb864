"""Adapters of peft in folders of their own, in peft's layout: `adapter_config.json` and `adapter_model.safetensors`."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentcse.errors import SentcseError
from sentcse.machine.files import first_line
from sentcse.machine.hub import cached_model
from sentcse.modules.lora import ADAPTER, MISSING, merged

if TYPE_CHECKING:
    from transformers import PreTrainedModel

ADAPTER_FOLDER = "adapter"
"""Of an exported encoder: what was trained beside its weights, into which it is merged."""
ADAPTER_CONFIG = "adapter_config.json"
ADAPTER_WEIGHTS = "adapter_model.safetensors"
ORIGIN_ATTRIBUTE = "sentcse_origin"
"""Of a backbone: what its weights are opened from, and the commit where the hub has them.

It does not stand in the configuration, which is exported, and by which equal encoders are told to be equal.
"""
PREFIX = "base_model.model."
"""Before the names of the backbone's layers in `ADAPTER_WEIGHTS`."""


def is_adapter(source: str | Path) -> bool:
    """Whether a folder holds an adapter and no model of its own."""
    folder = Path(source).expanduser()
    return (folder / ADAPTER_CONFIG).is_file() and not (folder / "config.json").is_file()


def set_origin(backbone: PreTrainedModel, source: str | Path | None, *, revision: str | None = None) -> None:
    """Have adapters that are put into a backbone name what its weights are opened from; None where no name has them.

    Libraries leave the name of the model there that came first: of an adapter's folder or of a training checkpoint that
    is not what its weights are.

    Args:
        backbone: with the weights of `source`.
        source: a folder or file, whose absolute path is written, or a name on the hub.
        revision: of the hub's. The commit is written, as a name may stand for other weights tomorrow.
    """
    place = None if source is None else Path(source).expanduser()
    commit = None
    if place is None:
        name = ""
    elif place.exists():
        name = str(place.absolute())
    else:
        name, cached = str(source), cached_model(str(source), revision)
        commit = revision if cached is None else cached.name
    setattr(backbone, ORIGIN_ATTRIBUTE, (name, commit))


def save_adapter(backbone: PreTrainedModel, folder: Path) -> None:
    """Write what `sentcse.modules.lora.adapt` put into a backbone, and which model it belongs to, into a new folder."""
    import peft
    from safetensors.torch import save_file

    folder.mkdir()
    settings: Any = backbone.peft_config[ADAPTER]
    name, revision = getattr(backbone, ORIGIN_ATTRIBUTE, (backbone.config._name_or_path, None))
    origin = {"base_model_name_or_path": name, "revision": revision}
    content = {**settings.to_dict(), **origin, "inference_mode": True}
    plain = {name: sorted(value) if isinstance(value, set) else value for name, value in content.items()}
    (folder / ADAPTER_CONFIG).write_text(json.dumps(plain, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    state = peft.get_peft_model_state_dict(backbone, adapter_name=ADAPTER, save_embedding_layers=False)
    tensors = {f"{PREFIX}{name}": tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    save_file(tensors, folder / ADAPTER_WEIGHTS, metadata={"format": "pt"})


def adapter_base(folder: str | Path) -> tuple[str, str | None]:
    """The model that an adapter belongs to, as its folder names it, and its branch, tag or commit on the hub.

    Raises:
        SentcseError: if it names none, or cannot be read.
    """
    path = Path(folder).expanduser() / ADAPTER_CONFIG
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        named, revision = content["base_model_name_or_path"], content.get("revision")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _unreadable(folder, error) from error
    if not isinstance(named, str) or named == "" or Path(named).expanduser().absolute() == Path(folder).absolute():
        raise SentcseError(
            f"{folder} is an adapter and does not say of which model: name it in base_model_name_or_path of "
            f"{ADAPTER_CONFIG}, or open the model with adapter={folder}."
        )
    return named, revision if isinstance(revision, str) else None


def with_adapter(backbone: PreTrainedModel, folder: str | Path) -> PreTrainedModel:
    """A backbone with the adapter of a local folder added to its weights.

    Raises:
        SentcseError: without peft, or if the folder holds no adapter, a damaged one, or one of another architecture.
    """
    try:
        import peft
    except ImportError:
        raise SentcseError(MISSING) from None
    from safetensors.torch import load_file

    path = Path(folder).expanduser()
    if not (path / ADAPTER_CONFIG).is_file():
        raise SentcseError(
            f"{folder} holds no adapter: expected a local folder of peft's with {ADAPTER_CONFIG} and {ADAPTER_WEIGHTS}."
        )
    try:
        with warnings.catch_warnings():  # of a base by another name, for which `adapter=` is, or in no folder
            warnings.simplefilter("ignore")
            adapted: Any = peft.get_peft_model(backbone, peft.PeftConfig.from_pretrained(str(path)))
            expected = set(peft.get_peft_model_state_dict(adapted))
        state = load_file(path / ADAPTER_WEIGHTS)
        # peft leaves out what does not fit and says nothing
        lacking = expected ^ state.keys()
        if len(lacking) > 0:
            raise ValueError(f"{min(lacking)} is in one of the two alone")
        peft.set_peft_model_state_dict(adapted, state)
    except Exception as error:  # what the libraries make of a damaged file can be anything
        raise _unreadable(folder, error) from error
    return merged(adapted)


def _unreadable(folder: str | Path, error: Exception) -> SentcseError:
    return SentcseError(
        f"{folder} cannot be read as an adapter of this model ({first_line(error)}): is it whole, and of a model of "
        "this architecture?"
    )
