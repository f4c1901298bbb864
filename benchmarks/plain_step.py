"""The yardstick of training speed: one step of each method, written the plain way on top of transformers.

    python benchmarks/plain_step.py simcse|diffcse|micse minilm|bert-base --batches FILE [--device cuda]

Nothing is fused or left out: every attention map is kept, every vocabulary score computed, every pair of attention rows
compared, which is the work of the published implementations. Weights are random, which does not change the time.
`--batches` is a torch file of (input_ids, attention_mask) pairs, (batch, tokens) each, one a step. Prints a JSON line.
`python -m benchmarks.train_step --plain benchmarks/plain_step.py` times it and this project in turn.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import BertConfig, BertModel, DistilBertConfig, DistilBertForMaskedLM

SIZES: dict[str, tuple[dict[str, Any], dict[str, Any], slice]] = {
    "minilm": (
        {"hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 12, "intermediate_size": 1536},
        {"dim": 384, "n_layers": 3, "n_heads": 12, "hidden_dim": 1536},
        slice(2, 6),
    ),
    "bert-base": ({}, {}, slice(7, 11)),
    "tiny": (
        {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64},
        {"dim": 32, "n_layers": 1, "n_heads": 2, "hidden_dim": 64},
        slice(0, 2),
    ),
}
"""Encoder, generator, and the layers whose attention miCSE compares."""
MASK_ID, CLS_ID = 103, 101
TEMPERATURE, RTD_WEIGHT, MASKING_RATIO, AMI_WEIGHT, AMI_SAMPLES = 0.05, 0.005, 0.30, 0.0005, 150


class Plain(nn.Module):
    """A method with random weights; called with ids and mask, (batch, tokens), it gives the loss of a step."""

    def __init__(self, method: str, size: str) -> None:
        super().__init__()
        encoder, generator, self.layers = SIZES[size]
        self.method, config = method, BertConfig(**{"attn_implementation": "eager", **encoder})
        width = config.hidden_size
        self.encoder = BertModel(config, add_pooling_layer=False)
        if method == "diffcse":
            self.head = nn.Sequential(
                nn.Linear(width, 2 * width, bias=False),
                nn.BatchNorm1d(2 * width),
                nn.ReLU(),
                nn.Linear(2 * width, width, bias=False),
                nn.BatchNorm1d(width, affine=False),
            )
            self.generator = DistilBertForMaskedLM(DistilBertConfig(**generator)).requires_grad_(False)
            self.discriminator = BertModel(config, add_pooling_layer=False)
            self.classifier = nn.Linear(width, 2)
        else:
            self.head = nn.Sequential(nn.Linear(width, width), nn.Tanh())

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """The loss of a batch, of which each sentence is taken twice, side by side."""
        ids, mask = ids.repeat_interleave(2, 0), mask.repeat_interleave(2, 0)
        out = self.encoder(ids, attention_mask=mask, output_attentions=self.method == "micse")
        z = self.head(out.last_hidden_state[:, 0])
        loss = info_nce(z)
        if self.method == "diffcse":
            loss = loss + RTD_WEIGHT * self.replaced_token_detection(ids, mask, z)
        if self.method == "micse":
            loss = loss - AMI_WEIGHT * attention_information(torch.stack(out.attentions[self.layers]))
        return loss

    def replaced_token_detection(self, ids: Tensor, mask: Tensor, z: Tensor) -> Tensor:
        """DiffCSE's loss of its discriminator, a mean over all tokens, padding included."""
        with torch.no_grad():
            masked = (torch.rand(ids.shape, device=ids.device) < MASKING_RATIO) & mask.bool()
            edited = self.generator(ids.masked_fill(masked, MASK_ID), attention_mask=mask).logits.argmax(-1)
            edited[:, 0] = CLS_ID
            replaced = (edited != ids) & mask.bool()
        embedded = self.discriminator.embeddings(edited * mask)
        embedded = torch.cat([z.unsqueeze(1), embedded[:, 1:]], 1)
        added = (1.0 - mask[:, None, None].to(embedded.dtype)) * torch.finfo(embedded.dtype).min
        states = self.discriminator.encoder(embedded, attention_mask=added).last_hidden_state
        return F.cross_entropy(self.classifier(states).flatten(0, 1), replaced.long().flatten())


def info_nce(z: Tensor) -> Tensor:
    cosines = F.cosine_similarity(z[0::2].unsqueeze(1), z[1::2].unsqueeze(0), dim=-1)
    return F.cross_entropy(cosines / TEMPERATURE, torch.arange(len(cosines), device=z.device))


def attention_information(maps: Tensor) -> Tensor:
    """Of (layers, 2 * batch, heads, tokens, tokens): all pairs of rows are compared, and their diagonal is used."""
    layers, views, heads, tokens, _ = maps.shape
    maps = maps.permute(1, 0, 2, 3, 4).reshape(views, 2, layers // 2, heads, tokens, tokens)
    rows = maps.permute(0, 3, 2, 1, 4, 5).flatten(3)
    x, y = rows[0::2].flatten(0, 2), rows[1::2].flatten(0, 2)
    support = ((x > 0) & (y > 0)).double()
    enough = support.sum(1) >= AMI_SAMPLES
    x, y, support = x[enough], y[enough], support[enough]
    chosen = torch.multinomial(support, AMI_SAMPLES)
    x, y = x.gather(1, chosen).log(), y.gather(1, chosen).log()
    x, y = x - x.mean(1, keepdim=True), y - y.mean(1, keepdim=True)
    r = F.cosine_similarity(x.unsqueeze(1), y.unsqueeze(0), dim=-1, eps=1e-6).diagonal()
    return (-0.5 * torch.log(1 - r.square())).mean() * support.mean() ** 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("method", choices=["simcse", "diffcse", "micse"])
    parser.add_argument("size", choices=sorted(SIZES))
    parser.add_argument("--batches", required=True)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--precision", choices=["fp32", "bf16", "fp16"], default="fp32")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(args.threads)
    take = step(Plain(args.method, args.size).to(args.device).train(), args.precision, args.device)
    batches = torch.load(args.batches, weights_only=True)
    seconds = []
    for number in range(args.warmup + args.steps):
        ids, mask = (tensor.to(args.device) for tensor in batches[number % len(batches)])
        started = time.perf_counter()
        take(ids, mask)
        if args.device == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - started)
    if args.device == "cuda":
        peak = torch.cuda.max_memory_allocated() / 2**30
    else:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    median = statistics.median(seconds[args.warmup :])
    print(json.dumps({"seconds_per_step": round(median, 4), "peak_gib": round(peak, 2)}))


def step(model: Plain, precision: str, device: str) -> Callable[[Tensor, Tensor], None]:
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=3e-5)
    scaler = torch.amp.GradScaler(device, enabled=precision == "fp16")
    dtype: Any = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(precision)

    def take(ids: Tensor, mask: Tensor) -> None:
        with torch.autocast(device, dtype, enabled=dtype is not None):
            loss = model(ids, mask)
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(trained, 1.0)
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad()

    return take


if __name__ == "__main__":
    main()
