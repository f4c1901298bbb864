"""A step on a part of a batch, in a process: `python global_step.py RANK RANKS FOLDER gloo|nccl [METHOD...]`.

Without dropout and with masks that depend on the tokens alone, so that it does not matter which rank has a sentence.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from tiny import tiny_config, tiny_tokenizer
from tiny_methods import tiny_diffcse, tiny_encoder
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import DTensor
from transformers import BertForMaskedLM

from sentcse.methods import Method, MiCSE, SimCSE
from sentcse.methods.objective import Batch, Objective
from sentcse.modules.lora import LoRA
from sentcse.modules.masked_language_model_head import MaskedLanguageModelHead
from sentcse.modules.masking import masked_language_model_labels
from sentcse.training.sharding import own_part, share_out

SENTENCES, TOKENS = 8, 11


def global_batch(name: str) -> dict[str, Tensor]:
    """Eight sentences of two views with words of their own, and of many lengths; the last half is shorter.

    Supervised SimCSE gets a hard negative as third view. Of a method that masks duplicates, sentence 1 is sentence 6, a
    positive of the first half an anchor of the second, and a hard negative of one half a positive of the other.
    """
    drawn = torch.Generator().manual_seed(0)
    ids = torch.randint(5, 60, (SENTENCES, 3, TOKENS), generator=drawn)
    lengths = torch.randint(4, TOKENS + 1, (SENTENCES, 3), generator=drawn)
    lengths[SENTENCES // 2 :] = lengths[SENTENCES // 2 :].clamp(max=8)
    mask = (torch.arange(TOKENS) < lengths[..., None]).long()
    if name.endswith("_masked"):
        for target, source in (((1,), (6,)), ((2, 1), (7, 0)), ((3, 2), (4, 1))):
            ids[target], mask[target] = ids[source], mask[source]
    views = 3 if name.startswith("simcse") and name != "simcse_mlm" else 2
    return {"input_ids": (ids * mask)[:, :views], "attention_mask": mask[:, :views]}


def part_of(batch: Batch, rank: int, ranks: int) -> dict[str, Tensor]:
    """A rank's sentences, padded to the longest of its own."""
    own = {name: tensor.chunk(ranks)[rank] for name, tensor in batch.items()}
    longest = int(own["attention_mask"].sum(dim=-1).max())
    return {name: tensor[..., :longest] for name, tensor in own.items()}


def selected(ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Masked ids and the selected tokens: a third of the words."""
    chosen = (ids % 3 == 0) & mask.bool()
    return torch.where(chosen, int(tiny_tokenizer().mask_token_id), ids), chosen


def noise(dropout: float) -> dict[str, float]:
    return {"hidden_dropout_prob": dropout, "attention_probs_dropout_prob": dropout}


def simcse(*, dropout: float = 0.0, **options: Any) -> SimCSE:
    torch.manual_seed(0)
    return SimCSE(tiny_encoder(**noise(dropout)), hard_negative_weight=0.5, **options)


def simcse_mlm(*, dropout: float = 0.0, **options: Any) -> SimCSE:
    torch.manual_seed(0)
    model = BertForMaskedLM(tiny_config())
    method = SimCSE(tiny_encoder(**noise(dropout)), mlm_weight=1.0, mlm_head=MaskedLanguageModelHead(model), **options)

    def mask(batch: Batch) -> tuple[Tensor, Tensor]:
        masked, chosen = selected(batch["input_ids"], batch["attention_mask"])
        return masked, masked_language_model_labels(batch["input_ids"], chosen)

    method.mask = mask  # type: ignore[method-assign]
    return method


def diffcse(*, discriminator_rows: int | None = 4, **options: Any) -> Method:
    method = tiny_diffcse(discriminator_rows, **options)
    method.generator.mask = selected  # type: ignore[method-assign]
    return method


def diffcse_before_head(**options: Any) -> Method:
    return diffcse(condition="before_head", count_padding=False, **options)


def micse(*, dropout: float = 0.0, ami_samples: int = 2 * TOKENS**2, **options: Any) -> MiCSE:
    """Compares every position unless told otherwise: which are drawn depends on the rank."""
    torch.manual_seed(0)
    return MiCSE(
        tiny_encoder(**noise(dropout)),
        ami_weight=1.0,
        ami_layers=[0, 1],
        ami_samples=ami_samples,
        ami_minimum_support=20,
        **options,
    )


def simcse_masked(**options: Any) -> SimCSE:
    return simcse(mask_duplicates=True, **options)


def diffcse_masked(**options: Any) -> Method:
    return diffcse(mask_duplicates=True, **options)


def micse_masked(**options: Any) -> MiCSE:
    return micse(mask_duplicates=True, **options)


def with_adapters(method: Method) -> Method:
    """With LoRA whose second matrices are no longer 0, so that both have gradients."""
    method.adapt(LoRA(rank=2, dropout=0.0))
    for name, each in method.named_parameters():
        if ".lora_B." in name:
            nn.init.normal_(each)
    return method


def diffcse_lora(**options: Any) -> Method:
    return with_adapters(diffcse(**options))


def micse_lora(**options: Any) -> Method:
    return with_adapters(micse(**options))


def moved(method: Method) -> Method:
    """Away from its start, each weight by a little."""
    torch.manual_seed(9)
    with torch.no_grad():
        for parameter in method.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return method


def simcse_near(**options: Any) -> Method:
    return moved(simcse(stay_near="similarities", stay_near_weight=3.0, **options))


def diffcse_near(**options: Any) -> Method:
    return moved(diffcse(stay_near="weights", stay_near_weight=3.0, **options))


METHODS: dict[str, Callable[..., Method]] = {
    each.__name__: each
    for each in (
        *(simcse, simcse_mlm, diffcse, diffcse_before_head, micse),
        *(simcse_masked, diffcse_masked, micse_masked),
        *(diffcse_lora, micse_lora),
        *(simcse_near, diffcse_near),
    )
}


def exact(method: Method) -> Method:
    """In float64, but for the generator, which predicts whole numbers."""
    method.double()
    if method.start is not None:
        vars(method.start)["_encoder"].double()
    if "_generator" in vars(method):
        method.generator.float()  # type: ignore[union-attr]
    return method


def in_whole_pieces(**options: Any) -> Method:
    return diffcse(discriminator_rows=None, **options)


SHARDED: dict[str, Callable[..., Method]] = {
    "simcse": simcse,
    "simcse_mlm": simcse_mlm,
    "diffcse": in_whole_pieces,
    "micse": micse,
}
"""Methods whose weights are shared out over the ranks as well: a discriminator that differentiates itself cannot be."""


class Step(nn.Module):
    """The method as DDP takes it: a step is its forward."""

    def __init__(self, method: Method) -> None:
        super().__init__()
        self.method = method
        self.objective: Objective | None = None

    def forward(self, batch: Batch) -> Tensor:
        self.objective = self.method.objective(batch)
        return self.objective.total()


def take_step(step: nn.Module, method: Method, batch: Batch) -> dict[str, Tensor]:
    """Loss, gradients, running statistics and metrics of a step, by name."""
    loss = step(batch)
    loss.backward()
    inner: Any = step if isinstance(step, Step) else step.module
    gradients = {f"grad.{name}": each.grad for name, each in method.named_parameters() if each.grad is not None}
    running = {f"running.{name}": each for name, each in method.named_buffers() if "running" in name}
    metrics = {f"metric.{name}": each.detach() for name, each in inner.objective.metrics.items()}
    gradients = {name: each.full_tensor() if isinstance(each, DTensor) else each for name, each in gradients.items()}
    return {"loss": loss.detach(), **gradients, **running, **metrics}


def main(rank: int, ranks: int, folder: Path, backend: str, names: Sequence[str]) -> None:
    """Take a method's step as one of `ranks`, on a GPU of its own under NCCL, and write what came of it.

    Without names every method's, and those without gathering and with weights that are shared out.
    """
    from torch.nn.parallel import DistributedDataParallel

    torch.set_num_threads(1)
    device = torch.device("cpu")
    if backend == "nccl":
        device = torch.device("cuda", rank)
        torch.cuda.set_device(device)
    torch.distributed.init_process_group(backend, f"file://{folder}/store", rank=rank, world_size=ranks)
    found = {}

    def there(method: Method) -> Method:
        exact(method).to(device).on_fit_start()
        return method

    def taken(step: nn.Module, method: Method, name: str) -> dict[str, Tensor]:
        own = {key: each.to(device) for key, each in part_of(global_batch(name), rank, ranks).items()}
        return {key: each.cpu() for key, each in take_step(step, method, own).items()}

    for name in names or METHODS:
        for chunk in (None, 3):
            method = there(METHODS[name](chunk=chunk))
            step = DistributedDataParallel(Step(method), broadcast_buffers=False)
            found[f"{name}/{chunk}"] = taken(step, method, name)
    if not names:
        apart = there(simcse(gather=False))
        found["apart"] = taken(DistributedDataParallel(Step(apart)), apart, "simcse")
    for name, build in SHARDED.items() if not names else ():
        method = there(build())
        shared_out = share_out(Step(method), init_device_mesh(device.type, (ranks,)))
        found[f"{name}/sharded"] = taken(shared_out, method, name)
        found[f"{name}/part"] = {"weights": torch.tensor(sum(own_part(each).numel() for each in method.parameters()))}
    torch.save(found, folder / f"{rank}.pt")
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4], sys.argv[5:])
