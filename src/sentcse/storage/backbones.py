"""Open backbones and tokenizers, from a folder, the hub's cache or the hub."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from sentcse.errors import SentcseError
from sentcse.machine.files import first_line
from sentcse.machine.hub import hub_is_reachable, is_offline_by_choice
from sentcse.machine.locate import locate
from sentcse.records.layout import CONFIG_FILE, ENCODER_FOLDER, GENERATOR_FOLDER
from sentcse.storage.adapters import is_adapter
from sentcse.storage.loaded_weights import check_loaded

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel

T = TypeVar("T")

CHECKPOINT_SUFFIX = ".ckpt"
"""Of a training checkpoint, which `sentcse.storage.checkpoint` opens."""


def load_backbone(
    name_or_path: str | Path, *, dropout: float | None = None, revision: str | None = None
) -> PreTrainedModel:
    """Load a Hugging Face encoder without its own pooling layer, weights in float32.

    Args:
        name_or_path: a local folder or a hub name.
        dropout: sets every dropout of the backbone; None leaves them as the checkpoint has them.
        revision: branch, tag or commit on the hub.

    Raises:
        SentcseError: if the checkpoint cannot be had, or is not an encoder.
    """
    import torch
    from transformers import AutoModel

    source = check_source(name_or_path)
    config = load_config(source, revision=revision)
    if config.is_encoder_decoder:
        raise SentcseError(
            f"{name_or_path} is an encoder-decoder ({config.model_type}); sentcse trains encoders "
            "such as BERT or RoBERTa: name one in encoder.name_or_path."
        )
    if dropout is not None:
        # not above: what looks whether a model is there, before training, does without torch
        from sentcse.modules.dropout import set_dropout

        set_dropout(config, dropout)
    backbone, report = from_hub_or_folder(
        AutoModel.from_pretrained,
        source,
        revision=revision,
        config=config,
        dtype=torch.float32,
        output_loading_info=True,
        ignore_mismatched_sizes=True,  # refused below, in a sentence
        **without_pooling_layer(config),
    )
    mismatched = [(name, tuple(has), tuple(expected)) for name, has, expected in report["mismatched_keys"]]
    check_loaded(name_or_path, backbone, report["missing_keys"], report["unexpected_keys"], mismatched)
    return cast("PreTrainedModel", backbone)


def load_config(source: str | Path, *, revision: str | None = None) -> PretrainedConfig:
    """The backbone's configuration; raises SentcseError where it cannot be had."""
    from transformers import AutoConfig

    return cast("PretrainedConfig", from_hub_or_folder(AutoConfig.from_pretrained, source, revision=revision))


def encoder_folder(name_or_path: str | Path) -> str:
    """The folder or hub name to load: of a run, its exported encoder."""
    located = locate(str(name_or_path))
    exported = Path(located).expanduser() / ENCODER_FOLDER
    return str(exported) if (exported / "config.json").is_file() else located


def masked_language_model_folder(name_or_path: str | Path) -> str:
    """The folder or hub name to load: of a generator's run, its exported model."""
    located = locate(str(name_or_path))
    exported = Path(located).expanduser() / GENERATOR_FOLDER
    return str(exported) if (exported / "config.json").is_file() else located


def check_source(name_or_path: str | Path) -> str:
    """Refuse what can be neither a checkpoint folder nor a hub name, before a library misreads it.

    Raises:
        SentcseError: for a missing folder, a file, a folder without a checkpoint, or what the hub takes for no name.
    """
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]  # exported when it is asked for

    text = str(name_or_path)
    path = Path(text).expanduser()
    if path.is_dir():
        if not (path / "config.json").is_file() and not is_adapter(path):
            runs = sorted(file.parent.name for file in path.glob(f"*/{CONFIG_FILE}"))
            if runs:
                raise SentcseError(f"{path} is a folder of runs: name one of them, for example {path / runs[0]}.")
            raise SentcseError(
                f"{path} holds no checkpoint: config.json is missing; expected a folder in Hugging Face layout "
                "(config.json, model.safetensors, tokenizer files)."
            )
        return str(path)
    # a name without a folder is the hub's, whatever lies here
    if path.parent != Path() and not path.exists() and any(path.parent.glob(f"*/{CONFIG_FILE}")):
        similar = difflib.get_close_matches(path.name, (each.name for each in path.parent.iterdir()), 1, 0.8)
        hint = f" Did you mean {path.parent / similar[0]}?" if similar else ""
        raise SentcseError(f"{path} does not exist; {path.parent} holds other runs.{hint}")
    looks_like_path = path.is_absolute() or text.startswith((".", "~")) or text.count("/") > 1 or path.exists()
    expected = "give a folder in Hugging Face layout, or a name on the model hub"
    if looks_like_path:
        raise SentcseError(f"{path} is not a folder: {expected}.")
    try:
        validate_repo_id(text)
    except ValueError as error:
        raise SentcseError(f"{text} is neither a folder nor a name that the model hub takes: {expected}.") from error
    return text


def from_hub_or_folder(load: Callable[..., T], source: str | Path, *, revision: str | None = None, **kwargs: Any) -> T:
    """Call a `from_pretrained`: what lies here first, the hub after, each failure as one sentence.

    The cache comes before the hub so that a run does not change because somebody uploaded something: name a
    `revision` to ask for another.

    Raises:
        SentcseError: if the source cannot be had or read.
    """
    # nobody is asked whether to run a model's own code: it is not run
    kwargs["trust_remote_code"] = False
    with quiet_transformers():
        if Path(source).is_dir():
            try:
                return load(str(source), local_files_only=True, **kwargs)
            except Exception as error:  # what the libraries make of a damaged file can be anything
                raise SentcseError(
                    f"{source} cannot be read as a checkpoint: {first_line(error)}; give a complete one."
                ) from error
        try:
            return load(source, revision=revision, local_files_only=True, **kwargs)
        except (OSError, ValueError) as error:
            if not hub_is_reachable():
                raise SentcseError(_unreachable(str(source))) from error
        try:
            return load(source, revision=revision, **kwargs)
        except Exception as error:
            raise SentcseError(f"{source} could not be loaded from the model hub: {first_line(error)}") from error


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Without the load report and its bar: which weights are missing is checked here and said in one sentence."""
    from transformers.utils import logging

    verbosity = logging.get_verbosity()
    bars = logging.is_progress_bar_enabled()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def without_pooling_layer(config: PretrainedConfig) -> dict[str, bool]:
    """Arguments that leave the backbone's own pooling layer out: it is never used and would be trained by nothing."""
    from transformers import MODEL_MAPPING

    model_class: Any = MODEL_MAPPING[type(config)]
    return {"add_pooling_layer": False} if "add_pooling_layer" in inspect.signature(model_class).parameters else {}


def require_model(name_or_path: str, *, revision: str | None = None, key: str = "encoder.name_or_path") -> None:
    """Make sure that a model can be had, without loading it.

    Args:
        name_or_path: a local folder or a hub name.
        revision: branch, tag or commit on the hub.
        key: the setting that names it, for the message.

    Raises:
        SentcseError: if it lies neither here nor in the hub's cache, and the hub is out of reach.
    """
    from huggingface_hub import try_to_load_from_cache

    checkpoint = Path(locate(name_or_path)).expanduser()
    if checkpoint.suffix == CHECKPOINT_SUFFIX and checkpoint.is_file():
        return
    source = check_source(encoder_folder(name_or_path))
    if Path(source).is_dir() or isinstance(try_to_load_from_cache(source, "config.json", revision=revision), str):
        return
    if not hub_is_reachable():
        raise SentcseError(_unreachable(source, key))


def _unreachable(source: str, key: str | None = None) -> str:
    why = "the hub is switched off (HF_HUB_OFFLINE)" if is_offline_by_choice() else "the hub cannot be reached"
    return (
        f"The model {source} is not on this machine and {why}: name a local folder instead, for example "
        f"{'' if key is None else f'{key}='}/path/to/{source.rsplit('/', 1)[-1]} (config.json, model.safetensors, "
        "tokenizer files)."
    )
