"""The settings of a sentence-transformers folder: each is honoured, known to change no vector, or refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sentcse.errors import SentcseError
from sentcse.modules.input_length import SHORTEST_INPUT
from sentcse.storage.model_files import ModelFiles

MODEL_FILE = "config_sentence_transformers.json"
TRANSFORMER_FILE = "sentence_bert_config.json"

HARMLESS: dict[str, dict[str, Any]] = {
    MODEL_FILE: {
        "__version__": ...,
        "similarity_fn_name": ...,  # of the library's comparisons; ours are by cosine
        "model_type": "SentenceTransformer",
    },
    TRANSFORMER_FILE: {
        "transformer_task": "feature-extraction",
        "modality_config": {"text": {"method": "forward", "method_output_name": "last_hidden_state"}},
        "module_output_name": "token_embeddings",
        "unpad_inputs": ...,  # computes the same without the padding
    },
    "Pooling": {"word_embedding_dimension": ..., "embedding_dimension": ...},
    "Dense": {"in_features": ..., "out_features": ..., "bias": ..., "module_output_name": "sentence_embedding"},
    "WeightedLayerPooling": {"word_embedding_dimension": ..., "embedding_dimension": ..., "num_hidden_layers": ...},
}
"""By file or kind of module: settings that change no vector while they have this value (...: any)."""

HARMLESS_ARGUMENTS = {
    "config_args": {"output_hidden_states"},
    "model_args": {"add_pooling_layer", "attn_implementation", "low_cpu_mem_usage"},
    "tokenizer_args": {"use_fast"},
    "processing_kwargs": set(),
}
"""Arguments that the library passes on to transformers, and that change no vector."""


class Settings(NamedTuple):
    """What such a folder says beside its modules.

    Attributes:
        prompt: put before every sentence.
        dimensions: leading values of a vector that are kept; None for all.
        max_length: tokens at which sentences are cut, or None.
    """

    prompt: str
    dimensions: int | None
    max_length: int | None


def read_settings(files: ModelFiles) -> Settings:
    """Read both files of settings where they are there.

    Raises:
        SentcseError: if a file is damaged, or a setting asks for what sentcse does not do.
    """
    model = {} if files.find(MODEL_FILE) is None else files.object(MODEL_FILE)
    transformer = {} if files.find(TRANSFORMER_FILE) is None else files.object(TRANSFORMER_FILE)
    refuse_unknown(files, MODEL_FILE, model, {"prompts", "default_prompt_name", "truncate_dim"}, kind=MODEL_FILE)
    arguments = set(HARMLESS_ARGUMENTS)
    refuse_unknown(
        files, TRANSFORMER_FILE, transformer, {"max_seq_length", "do_lower_case", *arguments}, kind=TRANSFORMER_FILE
    )
    for name in sorted(arguments & transformer.keys()):
        given = {} if transformer[name] is None else transformer[name]
        if not isinstance(given, dict):
            raise files.damaged(TRANSFORMER_FILE, f"{name} is {given!r}, expected an object")
        strange = [key for key in given if key not in HARMLESS_ARGUMENTS[name]]
        if strange:
            raise not_ours(files, f"passes {name}.{strange[0]} to transformers ({TRANSFORMER_FILE})")
    if transformer.get("do_lower_case"):
        raise not_ours(files, "lower-cases text outside its tokenizer (do_lower_case), which sentcse does not")
    dimensions = _whole_number(files, MODEL_FILE, model, "truncate_dim", at_least=1)
    length = _whole_number(files, TRANSFORMER_FILE, transformer, "max_seq_length", at_least=SHORTEST_INPUT)
    return Settings(_default_prompt(files, model), dimensions, length)


def refuse_unknown(files: ModelFiles, file: str, settings: Mapping[str, Any], known: set[str], *, kind: str) -> None:
    """Refuse a setting that is neither in `known` nor harmless; null is as if it were not there.

    Raises:
        SentcseError: naming file and setting.
    """
    harmless = HARMLESS[kind]
    for name, value in settings.items():
        if name in known or value is None or (name in harmless and harmless[name] in (..., value)):
            continue
        raise not_ours(files, f"has {name}={value!r} ({file}), which sentcse does not know")


def not_ours(files: ModelFiles, what: str) -> SentcseError:
    """The fault to raise for a folder that does what sentcse cannot."""
    return SentcseError(f"{files.source} {what}: use it through sentence-transformers.")


def _default_prompt(files: ModelFiles, model: Mapping[str, Any]) -> str:
    name, prompts = model.get("default_prompt_name"), model.get("prompts")
    if name is None:
        return ""
    if not isinstance(name, str) or not isinstance(prompts, dict) or not isinstance(prompts.get(name), str):
        raise files.damaged(MODEL_FILE, f"default_prompt_name is {name!r}, and prompts hold no text of that name")
    return str(prompts[name])


def _whole_number(files: ModelFiles, file: str, settings: Mapping[str, Any], name: str, *, at_least: int) -> int | None:
    value = settings.get(name)
    if value is not None and (type(value) is not int or value < at_least):
        raise files.damaged(file, f"{name} is {value!r}, expected a whole number of at least {at_least}")
    return value
