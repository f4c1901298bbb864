"""Write the classic sentence-transformers layout by hand.

The library's own `save_pretrained` writes module names that only its newest versions know, and adds a random pooling
layer to the weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from sentcse.machine.files import write_json
from sentcse.modules.heads import DenseLayer
from sentcse.modules.pooling import LAYERS_NEEDED, layer_weights
from sentcse.storage.sentence_transformers_reader import ACTIVATION_PATHS, CLASSIC_MODES
from sentcse.storage.sentence_transformers_settings import MODEL_FILE, TRANSFORMER_FILE

PROMPT_NAME = "default"


def write_sentence_transformers_layout(
    folder: Path,
    *,
    pooler: str,
    layers: int,
    width: int,
    head: Sequence[DenseLayer],
    max_length: int,
    leave_pooling_layer_out: bool,
    prompt: str,
    dimensions: int | None,
) -> list[str]:
    """Write modules.json and what it names.

    Args:
        folder: holds, or will hold, the backbone and its tokenizer.
        pooler: a name of `sentcse.modules.pooling.POOLERS`.
        layers: the backbone's transformer layers.
        width: values in a token state.
        head: what follows the pooler.
        max_length: tokens at which sentences are cut.
        leave_pooling_layer_out: the backbone's class has a pooling layer that the weights do not hold: the library
            would build it with random weights and a warning.
        prompt: put before every sentence.
        dimensions: leading values of a vector that are kept; None for all.

    Returns:
        the folders of the head's Dense modules.
    """
    every_layer = pooler in LAYERS_NEEDED
    modules = [("Transformer", "")]
    if every_layer:
        modules.append(("WeightedLayerPooling", _module_folder(modules, "WeightedLayerPooling")))
        _write_layer_pooling(folder / modules[-1][1], pooler=pooler, layers=layers, width=width)
    modules.append(("Pooling", _module_folder(modules, "Pooling")))
    _write_pooling(folder / modules[-1][1], mode="cls" if pooler.startswith("cls") else "mean", width=width)
    dense = []
    for layer in head:
        modules.append(("Dense", _module_folder(modules, "Dense")))
        dense.append(modules[-1][1])
        _write_dense(folder / dense[-1], layer)
    model: dict[str, Any] = {"similarity_fn_name": "cosine"}
    if prompt != "":
        model |= {"prompts": {PROMPT_NAME: prompt}, "default_prompt_name": PROMPT_NAME}
    if dimensions is not None:
        model["truncate_dim"] = dimensions
    write_json(folder / MODEL_FILE, model)
    _write_transformer(folder, max_length, every_layer=every_layer, leave_pooling_layer_out=leave_pooling_layer_out)
    write_json(
        folder / "modules.json",
        [
            {"idx": index, "name": str(index), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for index, (kind, path) in enumerate(modules)
        ],
    )
    return dense


def _module_folder(before: Sequence[tuple[str, str]], kind: str) -> str:
    return f"{len(before)}_{kind}"


def _write_transformer(folder: Path, max_length: int, *, every_layer: bool, leave_pooling_layer_out: bool) -> None:
    settings: dict[str, Any] = {"max_seq_length": max_length, "do_lower_case": False}
    if every_layer:
        # here and not in config.json, where it would make AutoModel return every layer, too
        settings["config_args"] = {"output_hidden_states": True}
    if leave_pooling_layer_out:
        settings["model_args"] = {"add_pooling_layer": False}
    write_json(folder / TRANSFORMER_FILE, settings)


def _write_layer_pooling(folder: Path, *, pooler: str, layers: int, width: int) -> None:
    folder.mkdir()
    write_json(
        folder / "config.json", {"word_embedding_dimension": width, "layer_start": 0, "num_hidden_layers": layers}
    )
    weights = torch.tensor(layer_weights(pooler, layers), dtype=torch.float32)
    save_file({"layer_weights": weights}, folder / "model.safetensors", metadata={"format": "pt"})


def _write_pooling(folder: Path, *, mode: str, width: int) -> None:
    folder.mkdir()
    flags = {flag: name == mode for flag, name in CLASSIC_MODES.items()}
    write_json(folder / "config.json", {"word_embedding_dimension": width, **flags, "include_prompt": True})


def _write_dense(folder: Path, layer: DenseLayer) -> None:
    folder.mkdir()
    width_out, width_in = layer.weight.shape
    config = {
        "in_features": width_in,
        "out_features": width_out,
        "bias": True,
        "activation_function": ACTIVATION_PATHS[layer.activation],
    }
    write_json(folder / "config.json", config)
    tensors = {"linear.weight": layer.weight, "linear.bias": layer.bias}
    tensors = {name: tensor.detach().cpu().float().contiguous() for name, tensor in tensors.items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
