"""Where a training step has a GPU waited for, counted by the operations that would on a CPU."""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Mapping
from typing import Any

import pytest
import torch
from global_step import METHODS, global_batch
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.plugins import MixedPrecision
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.data import DataLoader

from sentcse.methods import generator
from sentcse.modules import attention, vocabulary_argmax
from sentcse.training.guards import LossGuard
from sentcse.training.meters import RunningMeans, Throughput

aten = torch.ops.aten
READ_BY_PYTHON = {
    aten._local_scalar_dense.default,
    aten.equal.default,
    aten.nonzero.default,
    aten.masked_select.default,
}
INDEXING = {aten.index.Tensor, aten.index_put.default, aten.index_put_.default}

ASKING = ("/sentcse/", "/transformers/", "/pytorch_lightning/", "/torch/optim/", "/torch/amp/")

AT_MOST = {
    **dict.fromkeys(("simcse", "simcse_masked", "simcse_near", "micse", "micse_masked", "micse_lora"), 0),
    "simcse_mlm": 1,
    **dict.fromkeys(("diffcse", "diffcse_masked", "diffcse_before_head", "diffcse_lora", "diffcse_near"), 2),
}
"""DiffCSE looks for the tokens that its generator predicts, and for those of them of which bf16 is not sure; the
masked-language-model term for those it scores."""


class Waits(TorchDispatchMode):
    """Notes the lines of the package that need a value before they can go on."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        by_mask = func in INDEXING and any(each is not None and each.dtype == torch.bool for each in args[1])
        if by_mask or func in READ_BY_PYTHON:
            stack = traceback.extract_stack()
            asked = [frame for frame in stack if any(name in frame.filename for name in ASKING)][-1]
            self.lines.append(f"{asked.filename}:{asked.lineno} {asked.line}")
        return func(*args, **({} if kwargs is None else kwargs))


class SecondStep(Callback):
    """Counts the second step from its first hook to its last, the optimiser's step with it."""

    def __init__(self) -> None:
        self.waits = Waits()

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        if batch_idx == 1:
            self.waits.__enter__()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if batch_idx == 1:
            self.waits.__exit__(None, None, None)


@pytest.fixture
def as_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """With more rows to screen than are scored at a time."""
    monkeypatch.setattr(generator, "multiplies_bf16", lambda device: True)
    monkeypatch.setattr(vocabulary_argmax, "ROWS_AT_ONCE", 4)
    monkeypatch.setattr(attention, "_answers_at_once", lambda device: False)


@pytest.mark.usefixtures("as_on_a_gpu")
@pytest.mark.parametrize("name", METHODS)
def test_a_step_seldom_waits(name: str) -> None:
    count = SecondStep()
    train(name, "cpu", count)
    assert len(count.waits.lines) <= AT_MOST[name], count.waits.lines


@pytest.mark.usefixtures("as_on_a_gpu")
@pytest.mark.parametrize("name", ["simcse", "diffcse", "micse"])
def test_fp16_waits_no_more(name: str) -> None:
    """The gradient scaler does not ask whether it leaves the step out: the optimiser is told on the device."""
    count = SecondStep()
    plugin = MixedPrecision("16-mixed", "cpu", torch.amp.GradScaler("cpu", init_scale=1024.0))
    train(name, "cpu", count, plugins=[plugin])
    assert len(count.waits.lines) <= AT_MOST[name], count.waits.lines


class WarnedSecondStep(Callback):
    """Has torch warn of every wait of the second step."""

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        torch.cuda.set_sync_debug_mode("warn" if batch_idx == 1 else "default")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
@pytest.mark.parametrize("precision", ["32-true", "16-mixed"])
@pytest.mark.parametrize("name", METHODS)
def test_a_gpu_is_seldom_waited_for(name: str, precision: str) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        train(name, "gpu", WarnedSecondStep(), precision=precision)
    waits = [each for each in caught if "synchroniz" in str(each.message)]
    assert len(waits) <= AT_MOST[name], [f"{each.filename}:{each.lineno}" for each in waits]


def train(name: str, accelerator: str, watching: Callback, **more: Any) -> None:
    options = {"discriminator_rows": None} if name.startswith("diffcse") else {}
    trainer = Trainer(
        max_steps=3,
        accelerator=accelerator,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[LossGuard(), Throughput(), RunningMeans(), watching],
        gradient_clip_val=1.0,
        log_every_n_steps=10,
        **more,
    )
    batches: Any = [global_batch(name)] * 3
    trainer.fit(METHODS[name](dropout=0.1, **options), DataLoader(batches, batch_size=None))
