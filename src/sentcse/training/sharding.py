"""Weights, gradients and moments shared out over the devices (FSDP2), for encoders that outgrow one of them."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.strategies import DDPStrategy
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.optim import Optimizer
from torch.utils._pytree import tree_map_only
from transformers import PreTrainedModel

from sentcse.methods import Method

M = TypeVar("M", bound=LightningModule)


class FullyShardedStrategy(DDPStrategy):
    """Every process has its part of each weight, of its gradient and moments, and gathers a layer while it computes.

    The rest is as with `ddp`: processes, gathered batches, who writes. Checkpoints hold whole weights and moments, as
    those of any run. A module is shared out layer by layer on its way to the device, which has a whole one only while
    the first process scores.

    Lightning's `ModelParallelStrategy` calls no module's own forward pass, in which parts are gathered, and writes
    checkpoints of parts.
    """

    whole: Method | None = None
    """On the first process, what is trained, with whole weights on the CPU: as scored last, or as before training."""

    def model_to_device(self) -> None:
        """Nothing yet: a whole one may be too large."""

    def configure_ddp(self) -> None:
        """Share out the weights; each part goes to its process's device."""
        module = self.lightning_module
        assert isinstance(module, Method)
        if self.is_global_zero:
            # the copy is not to have a trainer of its own
            self.whole = copy.deepcopy(module, {id(module.trainer): module.trainer})
        # Lightning calls the training step as forward pass of what is around its module; each process takes its part of
        # weights of its own, which the seed has made those of the others
        self.model = share_out(module, init_device_mesh(self.root_device.type, (self.world_size,)))

    def lightning_module_state_dict(self) -> dict[str, Any]:
        """Whole weights, which all processes have to ask for and the first one gets."""
        return self._whole(super().lightning_module_state_dict())

    def optimizer_state(self, optimizer: Optimizer) -> dict[str, Any]:
        """Whole moments, which all processes have to ask for and the first one gets."""
        return self._whole(super().optimizer_state(optimizer))

    def _whole(self, state: dict[str, Any]) -> dict[str, Any]:
        """`state` with whatever is shared out gathered: on the CPU of the first process, nothing on the others."""

        def gathered(part: DTensor) -> Tensor:
            whole = part.full_tensor()
            return whole.cpu() if self.is_global_zero else whole.new_empty(0)

        found: dict[str, Any] = tree_map_only(DTensor, gathered, state)
        return found

    def load_optimizer_state_dict(self, checkpoint: Mapping[str, Any]) -> None:
        """Take this process's part of whole moments."""
        states = [
            _share_out_moments(state, optimizer)
            for state, optimizer in zip(checkpoint["optimizer_states"], self.optimizers, strict=True)
        ]
        super().load_optimizer_state_dict({**checkpoint, "optimizer_states": states})

    def gather(self) -> None:
        """Bring `whole` up to date, which all processes have to ask for."""
        state = self.lightning_module_state_dict()
        if self.whole is not None:
            self.whole.load_state_dict(state)


class Root(nn.Module):
    """What is around a module that is shared out, and gathers what is in no layer of a backbone for a whole step."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *arguments: Any, **named: Any) -> Any:
        """The module's own."""
        return self.module(*arguments, **named)


def share_out(module: nn.Module, mesh: DeviceMesh) -> Root:
    """Leave each process of `mesh` its part of every weight: of each layer of a backbone, and of what is left."""
    root = Root(module)
    backbones = [each for each in module.modules() if isinstance(each, PreTrainedModel)]
    lists = [each for backbone in backbones for each in backbone.modules() if isinstance(each, nn.ModuleList)]
    layers = dict.fromkeys(layer for each in lists for layer in each if not isinstance(layer, nn.ModuleList))
    # from the inside: what is shared out already is left alone by what is around it
    for layer in reversed(layers):
        fully_shard(layer, mesh=mesh)
    fully_shard(root, mesh=mesh)
    return root


def own_part(weights: Tensor) -> Tensor:
    """What this process has of a weight: all of it where nothing is shared out."""
    return weights.to_local() if isinstance(weights, DTensor) else weights


def _share_out_moments(state: dict[str, Any], optimizer: Optimizer) -> dict[str, Any]:
    weights = [each for group in optimizer.param_groups for each in group["params"]]
    return {**state, "state": {place: _share_out(moments, weights[place]) for place, moments in state["state"].items()}}


def _share_out(moments: dict[str, Tensor], like: Tensor) -> dict[str, Tensor]:
    """Moments as `like` is shared out; the count of steps is no part of it."""
    assert isinstance(like, DTensor)
    return {
        name: each if name == "step" else distribute_tensor(each, like.device_mesh, like.placements)
        for name, each in moments.items()
    }


@contextmanager
def whole_weights(trainer: Trainer, pl_module: M) -> Iterator[M | None]:
    """The module as one process can use it alone; all processes have to enter.

    Where weights are shared out it is a copy with whole ones, and None on all processes but the first. The encoder, and
    what more is moved there to be scored, lies on the device until the block ends.
    """
    strategy = trainer.strategy
    if not isinstance(strategy, FullyShardedStrategy):
        yield pl_module
        return
    strategy.gather()
    whole: Any = strategy.whole
    if whole is None:
        yield None
        return
    whole.evaluation_encoder().to(strategy.root_device)
    try:
        yield whole
    finally:
        whole.cpu()


def whole_module(trainer: Trainer, module: M) -> M:
    """What was trained, as one process can use it: where weights are shared out, with those of the last evaluation."""
    strategy = trainer.strategy
    whole: Any = strategy.whole if isinstance(strategy, FullyShardedStrategy) else None
    return module if whole is None else whole
