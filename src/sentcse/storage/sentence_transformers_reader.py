"""Read pooler, head and length of a sentence-transformers folder, without that library.

A closing Normalize module is left out: it changes the length of a vector, which no cosine sees. One before a Dense
module would change what comes out of that, and is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from sentcse.errors import SentcseError
from sentcse.modules.heads import DenseHead, DenseLayer
from sentcse.modules.pooling import LAYERS_NEEDED, layer_weights
from sentcse.storage.model_files import ModelFiles
from sentcse.storage.parts import EncoderRecord

ACTIVATION_PATHS = {
    "tanh": "torch.nn.modules.activation.Tanh",
    "relu": "torch.nn.modules.activation.ReLU",
    "identity": "torch.nn.modules.linear.Identity",
}
"""How a Dense module names what `sentcse.modules.heads.ACTIVATIONS` holds."""

CLASSIC_MODES = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
"""The flags of the library before version 6, by the names that it uses since."""

POOLER_OF_MODE = {"cls": "cls_before_pooler", "mean": "avg"}
WITHOUT_EFFECT = "Dropout"
"""Changes nothing in eval mode."""
WITHOUT_EFFECT_AT_THE_END = "Normalize"
"""Changes no cosine of what comes out of it."""


def read_sentence_transformers_layout(files: ModelFiles) -> EncoderRecord:
    """Read modules.json and what it names.

    Raises:
        SentcseError: if a file is missing or damaged, or a module does what sentcse cannot.
    """
    modules = files.json("modules.json")
    if not isinstance(modules, list) or not all(isinstance(module, dict) for module in modules):
        raise files.damaged("modules.json", "expected a list of objects")
    kinds = [str(module.get("type")).rpartition(".")[2] for module in modules]
    used = [(kind, str(module.get("path"))) for kind, module in zip(kinds, modules, strict=True)]
    used = [(kind, path) for kind, path in used if kind != WITHOUT_EFFECT]
    while used and used[-1][0] == WITHOUT_EFFECT_AT_THE_END:
        used.pop()
    kinds = [kind for kind, _ in used]
    expected = ["Transformer", *["WeightedLayerPooling"] * kinds.count("WeightedLayerPooling"), "Pooling"]
    if kinds != expected + ["Dense"] * (len(kinds) - len(expected)):
        raise _not_ours(
            files,
            f"consists of {', '.join(kinds)}; sentcse opens Transformer, Pooling, Dense in this order, with Normalize "
            "at the end only",
        )
    pooling, dense = used[len(expected) - 1], used[len(expected) :]
    pooler = _read_pooler(files, pooling[1], layers=[path for kind, path in used if kind == "WeightedLayerPooling"])
    head = read_head(files, [path for _, path in dense])
    if pooler == "cls_before_pooler" and head is not None:
        pooler = "cls"
    return EncoderRecord(pooler, head, _read_max_length(files))


def read_head(files: ModelFiles, folders: Sequence[str]) -> DenseHead | None:
    """The head that lies in these Dense modules; None if there are none."""
    return DenseHead([_read_dense(files, folder) for folder in folders]) if len(folders) > 0 else None


def _not_ours(files: ModelFiles, what: str) -> SentcseError:
    return SentcseError(f"{files.source} {what}: use it through sentence-transformers.")


def _read_config(files: ModelFiles, folder: str) -> dict[str, Any]:
    config = files.json(f"{folder}/config.json")
    if not isinstance(config, dict):
        raise files.damaged(f"{folder}/config.json", f"expected an object, got {type(config).__name__}")
    return config


def _read_pooler(files: ModelFiles, folder: str, *, layers: Sequence[str]) -> str:
    config = _read_config(files, folder)
    mode = config.get("pooling_mode", [name for flag, name in CLASSIC_MODES.items() if config.get(flag) is True])
    modes = [mode] if isinstance(mode, str) else list(mode)
    if len(modes) != 1 or modes[0] not in POOLER_OF_MODE:
        raise _not_ours(files, f"pools by {' + '.join(modes)} ({folder}/config.json); sentcse has cls and mean")
    pooler = POOLER_OF_MODE[modes[0]]
    if len(layers) == 0:
        return pooler
    weights = _read_layer_weights(files, layers[0])
    for name in sorted(LAYERS_NEEDED):
        if pooler == "avg" and weights == layer_weights(name, len(weights) - 1):
            return name
    raise _not_ours(files, f"weighs its layers ({layers[0]}) as none of sentcse's poolers does")


def _read_layer_weights(files: ModelFiles, folder: str) -> list[float]:
    start = _read_config(files, folder).get("layer_start")
    weights = files.tensors(f"{folder}/model.safetensors").get("layer_weights")
    if not isinstance(start, int) or weights is None:
        raise files.damaged(folder, "expected layer_start in config.json and layer_weights in model.safetensors")
    return [0.0] * start + [float(weight) for weight in weights]


def _read_dense(files: ModelFiles, folder: str) -> DenseLayer:
    config = _read_config(files, folder)
    names = {path: name for name, path in ACTIVATION_PATHS.items()}
    activation = config.get("activation_function", ACTIVATION_PATHS["tanh"])
    reads = config.get("module_input_name", "sentence_embedding")
    if activation not in names or config.get("use_residual") is True or reads != "sentence_embedding":
        raise _not_ours(
            files,
            f"has a Dense module ({folder}, {activation}) of a kind that sentcse cannot build; it builds "
            f"{', '.join(ACTIVATION_PATHS)} on the sentence's vector, without a residual",
        )
    state = files.tensors(f"{folder}/model.safetensors")
    if "linear.weight" not in state:
        raise files.damaged(f"{folder}/model.safetensors", "it holds no linear.weight")
    weight = state["linear.weight"].float()
    bias = state["linear.bias"].float() if "linear.bias" in state else torch.zeros(weight.shape[0])
    return DenseLayer(weight, bias, names[activation])


def _read_max_length(files: ModelFiles) -> int | None:
    if files.find("sentence_bert_config.json") is None:
        return None
    config = files.json("sentence_bert_config.json")
    if not isinstance(config, dict):
        raise files.damaged("sentence_bert_config.json", f"expected an object, got {type(config).__name__}")
    if config.get("do_lower_case") is True:
        raise _not_ours(files, "lower-cases text outside its tokenizer (do_lower_case), which sentcse does not")
    length = config.get("max_seq_length")
    return length if isinstance(length, int) else None
