"""A hash that names an encoder by what it computes, wherever it lies and whatever it is called."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

import torch
from torch import Tensor

from sentcse.data.hashing import sha256_of, tokenizer_as_text
from sentcse.storage.parts import EncoderParts
from sentcse.storage.saving import export_head

NOT_CONTENT = ("_name_or_path", "architectures", "dtype", "transformers_version")
"""Keys of a backbone's configuration that say where it came from; a tensor's own dtype is hashed with it."""


def tensors_sha256(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 of tensors with their names, dtypes and shapes, in hexadecimal; their order does not matter."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        # numpy has no bfloat16; bytes are bytes
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def encoder_sha256(encoder: EncoderParts) -> str:
    """SHA-256 of all that an encoder's vectors depend on.

    That is weights, head, pooler, length, tokeniser, architecture, prompt and kept dimensions.

    It is the same for a checkpoint, for the folder that it is exported to and for a copy of that folder.

    Raises:
        SentcseError: if the head is of a class that cannot be exported.
    """
    config = encoder.backbone.config
    architecture = {name: value for name, value in config.to_diff_dict().items() if name not in NOT_CONTENT}
    layers = export_head(encoder.head)
    head = {f"{i}.weight": layer.weight for i, layer in enumerate(layers)}
    head |= {f"{i}.bias": layer.bias for i, layer in enumerate(layers)}
    return sha256_of(
        tensors_sha256(encoder.backbone.state_dict()),
        tensors_sha256(head),
        json.dumps([layer.activation for layer in layers]),
        json.dumps(architecture, sort_keys=True, default=str),
        encoder.pooler,
        str(encoder.max_length),
        tokenizer_as_text(encoder.tokenizer),
        # where there are none, the hash is that of earlier versions
        *([f"prompt {encoder.prompt}"] if encoder.prompt != "" else []),
        *([f"dimensions {encoder.dimensions}"] if encoder.dimensions is not None else []),
    )
