"""The settings of `python -m sentcse.export`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from sentcse.config.schema import Pooler
from sentcse.config.section import LocalPath, Section


def _kinds_of_onnx(value: Any) -> Any:
    if isinstance(value, bool):
        return ["float32"] if value else []
    return [value] if isinstance(value, str) else value


class ExportConfig(Section):
    """`python -m sentcse.export`."""

    checkpoint: LocalPath | Annotated[list[LocalPath], Field(min_length=1)] | None = Field(
        None,
        description="training checkpoint, exported folder, or a run's: its best checkpoint, or what it merged; "
        "several: their mean",
    )
    source: LocalPath | None = Field(
        None,
        alias="from",
        description="in its place: training checkpoint of SimCSE's, DiffCSE's or miCSE's own code, a folder or .bin; "
        "a list is one of checkpoint",
    )
    base_model: LocalPath | None = Field(
        None, description="from: folder or hub name whose config.json and tokenizer are taken; null: beside the weights"
    )
    pooler: Pooler | None = Field(None, description="from: null: as the keys or the published name tell")
    output: LocalPath = Field(description="folder to write")
    overwrite: bool = Field(False, description="replace an older export")
    onnx: Annotated[list[Literal["float32", "int8"]], BeforeValidator(_kinds_of_onnx)] = Field(
        [], description="ONNX graphs beside the other files; true: float32"
    )
    push_to_hub: str | None = Field(None, description="OWNER/NAME on the model hub that the folder is uploaded to")
    private: bool = Field(False, description="push_to_hub: whether a new repository is private")

    @model_validator(mode="before")
    @classmethod
    def _several_are_ours(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Only runs of sentcse are averaged, by whichever name they are given."""
        if isinstance(values.get("from"), list) and values.get("checkpoint") is None:
            return {**values, "checkpoint": values["from"], "from": None}
        return values

    @property
    def checkpoints(self) -> list[str]:
        """Every checkpoint that is named, also where it is one or none."""
        if self.checkpoint is None:
            return []
        return [self.checkpoint] if isinstance(self.checkpoint, str) else self.checkpoint
