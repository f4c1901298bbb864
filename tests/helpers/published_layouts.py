"""Training checkpoints as the published code writes them, tiny, and what its forward gives, written out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tiny import VOCABULARY, tiny_bert, tiny_config, tiny_tokenizer
from torch import Tensor
from transformers import BertForMaskedLM, RobertaConfig, RobertaModel

WIDTH = 16
SENTENCES = ["A man plays music.", "the dog sits", "The city is in a dog and the woman runs to it"]


def linear_tanh() -> dict[str, Tensor]:
    """SimCSE's and miCSE's head."""
    generator = torch.Generator().manual_seed(5)
    return {
        "dense.weight": 0.3 * torch.randn(WIDTH, WIDTH, generator=generator),
        "dense.bias": torch.randn(WIDTH, generator=generator),
    }


def batchnorm() -> dict[str, Tensor]:
    """DiffCSE's head under --batchnorm: Linear, BatchNorm, ReLU, Linear, BatchNorm without affine."""
    generator = torch.Generator().manual_seed(6)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    return {
        "net.0.weight": 0.3 * normal(2 * WIDTH, WIDTH),
        "net.1.weight": 1 + 0.1 * normal(2 * WIDTH),
        "net.1.bias": normal(2 * WIDTH),
        "net.1.running_mean": normal(2 * WIDTH),
        "net.1.running_var": 1 + normal(2 * WIDTH).square(),
        "net.1.num_batches_tracked": torch.tensor(40),
        "net.3.weight": 0.3 * normal(WIDTH, 2 * WIDTH),
        "net.4.running_mean": normal(WIDTH),
        "net.4.running_var": 1 + normal(WIDTH).square(),
        "net.4.num_batches_tracked": torch.tensor(40),
    }


def through(head: dict[str, Tensor], pooled: Tensor) -> Tensor:
    """What the published head makes of (rows, width) at evaluation."""
    if "dense.weight" in head:
        return torch.tanh(pooled @ head["dense.weight"].T + head["dense.bias"])
    hidden = pooled @ head["net.0.weight"].T
    hidden = (hidden - head["net.1.running_mean"]) / (head["net.1.running_var"] + 1e-5).sqrt()
    hidden = (hidden * head["net.1.weight"] + head["net.1.bias"]).clamp(min=0) @ head["net.3.weight"].T
    return (hidden - head["net.4.running_mean"]) / (head["net.4.running_var"] + 1e-5).sqrt()


def roberta() -> Any:
    config = RobertaConfig(
        vocab_size=len(VOCABULARY), hidden_size=WIDTH, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=40, initializer_range=0.2, pad_token_id=0, bos_token_id=2, eos_token_id=3,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return RobertaModel(config, add_pooling_layer=False).eval()


def published_forward(backbone: Any, pooler: str, head: dict[str, Tensor] | None = None) -> Any:
    """Vectors as the published code computes them at evaluation: one sentence at a time, all hidden states."""
    rows = []
    for sentence in SENTENCES:
        batch = tiny_tokenizer()(sentence, return_tensors="pt")
        with torch.no_grad():
            states = backbone(**{**batch, "output_hidden_states": True}).hidden_states
        if pooler.startswith("cls"):
            row = states[-1][:, 0]
        else:
            row = {"avg": states[-1], "avg_first_last": (states[1] + states[-1]) / 2}[pooler].mean(1)
        rows.append(row if pooler != "cls" or head is None else through(head, row))
    return np.concatenate([row.numpy() for row in rows])


def inside(name: str, state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"{name}.{key}": tensor for key, tensor in state.items()}


def positions() -> dict[str, Tensor]:
    """What transformers 4.2.1 stored among the weights."""
    return {"bert.embeddings.position_ids": torch.arange(64)[None]}


def simcse_state(*, mlm: bool = False) -> dict[str, Tensor]:
    state = inside("bert", tiny_bert().state_dict()) | positions() | inside("mlp", linear_tanh())
    return state | ({"lm_head.bias": torch.zeros(4), "lm_head.decoder.weight": torch.zeros(4, WIDTH)} if mlm else {})


def diffcse_state() -> dict[str, Tensor]:
    generator = BertForMaskedLM(tiny_config(num_hidden_layers=1)).state_dict()
    state = inside("bert", tiny_bert().state_dict()) | positions() | inside("mlp", batchnorm())
    state |= inside("discriminator", tiny_bert(seed=2).state_dict()) | inside("generator", generator)
    state |= {"electra_head.weight": torch.zeros(2, WIDTH), "electra_head.bias": torch.zeros(2)}
    return state | {"lm_head.bias": torch.zeros(4)}


def micse_state() -> dict[str, Tensor]:
    """Of a RoBERTa, before miCSE's conversion script."""
    return inside("roberta", roberta().state_dict()) | inside("mlp", linear_tanh())


def converted(state: dict[str, Tensor], *, head: str) -> dict[str, Tensor]:
    """As the conversion scripts leave the names: SimCSE's writes the head as `pooler`, miCSE's leaves `mlp`."""
    return {
        name.replace("mlp", head).replace("roberta.", "").replace("bert.", ""): tensor for name, tensor in state.items()
    }


def write_folder(folder: Path, state: dict[str, Tensor], backbone: Any = None) -> Path:
    """pytorch_model.bin, the config.json of a class that transformers does not have, and the tokenizer."""
    folder.mkdir(parents=True)
    config = tiny_config() if backbone is None else backbone.config
    described = {**config.to_dict(), "architectures": ["BertForCL"], "transformers_version": "4.2.1"}
    (folder / "config.json").write_text(json.dumps(described))
    tiny_tokenizer(folder)
    torch.save(state, folder / "pytorch_model.bin")
    return folder


def write_hub(folder: Path) -> Path:
    """The hub's cache, with small checkpoints under the published names, as their code wrote them."""

    def keep(name: str, state: dict[str, Tensor], backbone: Any = None) -> None:
        repository = folder / f"models--{name.replace('/', '--')}"
        write_folder(repository / "snapshots" / ("0" * 40), state, backbone)
        (repository / "refs").mkdir()
        (repository / "refs" / "main").write_text("0" * 40)

    of_roberta = inside("roberta", roberta().state_dict()) | inside("mlp", batchnorm())
    keep("princeton-nlp/sup-simcse-bert-base-uncased", converted(simcse_state(), head="pooler"))
    keep("princeton-nlp/unsup-simcse-bert-base-uncased", converted(simcse_state(), head="pooler"))
    keep("sap-ai-research/miCSE", converted(simcse_state(), head="mlp"))
    for kind in ("sts", "trans"):
        keep(f"voidism/diffcse-bert-base-uncased-{kind}", diffcse_state())
        keep(f"voidism/diffcse-roberta-base-{kind}", of_roberta, roberta())
    return folder
