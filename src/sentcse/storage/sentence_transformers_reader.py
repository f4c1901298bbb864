"""Read pooler, head and length of a sentence-transformers folder, without that library.

A closing Normalize module is left out: it changes the length of a vector, which no cosine sees. One before a Dense
module would change what comes out of that, and is refused.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from sentcse.modules.heads import DenseHead, DenseLayer
from sentcse.modules.pooling import LAYERS_NEEDED, layer_weights
from sentcse.storage.model_files import ModelFiles
from sentcse.storage.parts import EncoderRecord
from sentcse.storage.sentence_transformers_settings import not_ours, read_settings, refuse_unknown

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
MOST_LAYERS = 1000
"""More than any encoder has: a larger layer_start is no number of a layer."""

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
    arguments = [module for module in modules if module.get("kwargs")]
    if arguments:
        raise not_ours(files, f"passes {arguments[0]['kwargs']} to a module (modules.json), which sentcse does not")
    kinds = [str(module.get("type")).rpartition(".")[2] for module in modules]
    used = [(kind, str(module.get("path"))) for kind, module in zip(kinds, modules, strict=True)]
    used = [(kind, path) for kind, path in used if kind != WITHOUT_EFFECT]
    while used and used[-1][0] == WITHOUT_EFFECT_AT_THE_END:
        used.pop()
    kinds = [kind for kind, _ in used]
    expected = ["Transformer", *["WeightedLayerPooling"] * kinds.count("WeightedLayerPooling"), "Pooling"]
    if kinds != expected + ["Dense"] * (len(kinds) - len(expected)):
        raise not_ours(
            files,
            f"consists of {', '.join(kinds) if kinds else 'no modules'}; sentcse opens Transformer, Pooling, Dense in "
            "this order, with Normalize at the end only",
        )
    pooling, dense = used[len(expected) - 1], used[len(expected) :]
    pooler = _read_pooler(files, pooling[1], layers=[path for kind, path in used if kind == "WeightedLayerPooling"])
    head = read_head(files, [path for _, path in dense])
    if pooler == "cls_before_pooler" and head is not None:
        pooler = "cls"
    prompt, dimensions, max_length = read_settings(files)
    if prompt != "" and files.object(f"{pooling[1]}/config.json").get("include_prompt") is False:
        raise not_ours(files, f"leaves the prompt out of its mean ({pooling[1]}/config.json), which sentcse does not")
    return EncoderRecord(pooler, head, max_length, prompt=prompt, dimensions=dimensions)


def read_head(files: ModelFiles, folders: Sequence[str]) -> DenseHead | None:
    """The head that lies in these Dense modules; None if there are none."""
    layers = [_read_dense(files, folder) for folder in folders]
    for before, after, folder in zip(layers, layers[1:], folders[1:], strict=False):
        if after.weight.shape[1] != before.weight.shape[0]:
            raise files.damaged(
                folder, f"it reads {after.weight.shape[1]} values and gets {before.weight.shape[0]} from what is before"
            )
    return DenseHead(layers) if len(layers) > 0 else None


def _read_pooler(files: ModelFiles, folder: str, *, layers: Sequence[str]) -> str:
    config = files.object(f"{folder}/config.json")
    refuse_unknown(
        files, f"{folder}/config.json", config, {"pooling_mode", "include_prompt", *CLASSIC_MODES}, kind="Pooling"
    )
    mode = config.get("pooling_mode", [name for flag, name in CLASSIC_MODES.items() if config.get(flag) is True])
    modes = [str(each) for each in mode] if isinstance(mode, list) else [str(mode)]
    if len(modes) != 1 or modes[0] not in POOLER_OF_MODE:
        raise not_ours(
            files,
            f"pools by {' + '.join(modes) if modes else 'nothing'} ({folder}/config.json); sentcse has cls and mean",
        )
    pooler = POOLER_OF_MODE[modes[0]]
    if len(layers) == 0:
        return pooler
    weights = _read_layer_weights(files, layers[0])
    # one state alone are the embeddings, which no pooler mixes with anything
    for name in sorted(LAYERS_NEEDED) if len(weights) > 1 else ():
        if pooler == "avg" and weights == layer_weights(name, len(weights) - 1):
            return name
    raise not_ours(files, f"weighs its layers ({layers[0]}) as none of sentcse's poolers does")


def _read_layer_weights(files: ModelFiles, folder: str) -> list[float]:
    config = files.object(f"{folder}/config.json")
    refuse_unknown(files, f"{folder}/config.json", config, {"layer_start"}, kind="WeightedLayerPooling")
    start = config.get("layer_start")
    weights = files.tensors(f"{folder}/model.safetensors").get("layer_weights")
    if type(start) is not int or not 0 <= start <= MOST_LAYERS or weights is None or weights.ndim != 1:
        raise files.damaged(
            folder, "expected layer_start in config.json, and in model.safetensors layer_weights with a value a layer"
        )
    return [0.0] * start + [float(weight) for weight in weights]


def _read_dense(files: ModelFiles, folder: str) -> DenseLayer:
    config = files.object(f"{folder}/config.json")
    known = {"activation_function", "module_input_name", "use_residual"}
    refuse_unknown(files, f"{folder}/config.json", config, known, kind="Dense")
    names = {path: name for name, path in ACTIVATION_PATHS.items()}
    activation = config.get("activation_function", ACTIVATION_PATHS["tanh"])
    reads = config.get("module_input_name", "sentence_embedding")
    if str(activation) not in names or config.get("use_residual") is True or reads != "sentence_embedding":
        raise not_ours(
            files,
            f"has a Dense module ({folder}, {activation}) of a kind that sentcse cannot build; it builds "
            f"{', '.join(ACTIVATION_PATHS)} on the sentence's vector, without a residual",
        )
    state = files.tensors(f"{folder}/model.safetensors")
    if "linear.weight" not in state:
        raise files.damaged(f"{folder}/model.safetensors", "it holds no linear.weight")
    weight = state["linear.weight"].float()
    bias = state["linear.bias"].float() if "linear.bias" in state else torch.zeros(weight.shape[:1])
    if weight.ndim != 2 or bias.shape != weight.shape[:1]:
        shapes = f"linear.weight has the shape {tuple(weight.shape)} and linear.bias {tuple(bias.shape)}"
        raise files.damaged(f"{folder}/model.safetensors", f"{shapes}, expected (out, in) and (out,)")
    return DenseLayer(weight, bias, names[str(activation)])
