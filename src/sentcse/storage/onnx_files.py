"""An encoder as ONNX: from token ids to sentence vectors in one graph, in float32 and with int8 weights."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from sentcse.errors import SentcseError
from sentcse.machine.files import first_line, writing, written_whole

Kind = Literal["float32", "int8"]
FILES: dict[Kind, str] = {"float32": "encoder.onnx", "int8": "encoder_int8.onnx"}
INPUTS = ("input_ids", "attention_mask")
OUTPUT = "sentence_embedding"
TOLERANCE = 1e-4
"""Between the graph and PyTorch, of the largest value: ten times what rounding gives."""
OPSET = 20


def require_onnx() -> None:
    """Find out before any work whether a graph can be written.

    Raises:
        SentcseError: if onnx, onnxruntime or onnxscript is not installed.
    """
    for name in ("onnx", "onnxscript", "onnxruntime"):
        try:
            __import__(name)
        except ImportError:
            raise SentcseError(f"onnx= needs {name}, which is not installed: pip install 'sentcse[onnx]'.") from None


def write_onnx(
    encoder: nn.Module,
    folder: Path,
    kinds: Sequence[Kind],
    *,
    example: tuple[Tensor, Tensor],
    metadata: Mapping[str, str],
) -> list[Path]:
    """Write `FILES` of an encoder beside its other files, each whole or not at all.

    A graph takes `INPUTS`, int64 of (batch, length), both free, and gives `OUTPUT`, float32 of (batch, width): pooling,
    head and leading values are inside. int8 is dynamic: weights are quantised for each column, to seven bits so that
    products fit on every processor, and activations when they are computed.

    Args:
        encoder: takes (input_ids, attention_mask); in eval mode, float32, on the CPU.
        folder: where the files go.
        kinds: keys of `FILES`.
        example: input_ids and attention_mask of two rows or more, the first without padding, another with.
        metadata: what a reader needs beside the graph, kept in the files.

    Raises:
        SentcseError: if PyTorch cannot write this encoder as ONNX, the graph gives other vectors, or the folder cannot
            be written to.
    """
    written = []
    with writing(folder, "name another folder"), tempfile.TemporaryDirectory() as made_in, _quiet():
        whole = Path(made_in) / FILES["float32"]
        _export(encoder, whole, example, metadata)
        _check(encoder, whole, example)
        for kind in kinds:
            made = whole if kind == "float32" else _quantised(whole, Path(made_in) / FILES["int8"])
            with written_whole(folder / FILES[kind]) as partial:
                partial.write_bytes(made.read_bytes())
            written.append(folder / FILES[kind])
    return written


def _export(encoder: nn.Module, path: Path, example: tuple[Tensor, Tensor], metadata: Mapping[str, str]) -> None:
    import onnx

    free = {name: {0: "batch", 1: "length"} for name in INPUTS}
    try:
        torch.onnx.export(
            encoder,
            example,
            path,
            dynamo=True,
            input_names=list(INPUTS),
            output_names=[OUTPUT],
            dynamic_shapes=free,
            opset_version=OPSET,
            external_data=False,
            verbose=False,
        )
        model = onnx.load(path)
    except (torch.onnx.OnnxExporterError, ValueError) as error:  # ValueError: above protobuf's two gigabytes
        raise SentcseError(
            f"This encoder cannot be written as ONNX by torch {torch.__version__}: {first_line(error)}"
        ) from error
    # shapes in between, which onnxruntime infers itself: older quantisers find weights that do not fit them
    del model.graph.value_info[:]
    onnx.helper.set_model_props(model, dict(metadata))
    onnx.save(model, path)


def _check(encoder: nn.Module, path: Path, example: tuple[Tensor, Tensor]) -> None:
    """The graph and PyTorch give the same for the example, and for its first row alone, cut short."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for rows, length in ((None, None), (1, 2)):
        given = [each[:rows, :length].contiguous() for each in example]
        with torch.no_grad():
            expected = encoder(*given).numpy()
        (found,) = session.run(None, dict(zip(INPUTS, (each.numpy() for each in given), strict=True)))
        off = float(np.abs(found - expected).max(initial=0.0)) / max(1.0, float(np.abs(expected).max()))
        if not off <= TOLERANCE:
            raise SentcseError(
                f"The ONNX graph of this encoder gives other vectors than PyTorch (by {off:.1e}), and was not written: "
                "its architecture is beyond the exporter."
            )


def _quantised(whole: Path, path: Path) -> Path:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(whole, path, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
    return path


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what the exporter and the quantiser tell their developers."""
    loggers: list[Any] = [logging.getLogger(name) for name in ("torch.onnx", "root", "onnxscript", "onnx_ir")]
    before = [each.level for each in loggers]
    try:
        for each in loggers:
            each.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for each, level in zip(loggers, before, strict=True):
            each.setLevel(level)
