"""The settings of the commands that compose nothing: each one file of configs/, overridden by key=value."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from sentcse.config.schema import Pooler
from sentcse.config.section import Section


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class EvaluateConfig(Section):
    """`python -m sentcse.evaluate`."""

    encoder: str = Field(description="exported folder, run folder, checkpoint, or hub name")
    pooler: Pooler | None = Field(None, description="null: the encoder's own record")
    tasks: Annotated[list[str], BeforeValidator(_as_list)] = Field(["sts"], description="tasks, groups, pairs files")
    mode: Literal["test", "dev", "fasttest"] = Field("test", description="which part is scored")
    protocol: Literal["simcse", "mteb"] = Field("simcse", description="SICK-R test part, or all of SICK-R")
    data_root: str = Field("data", description="holds senteval/")
    batch_size: int = Field(128, ge=1, description="sentences encoded together")
    max_length: int | None = Field(None, ge=3, description="tokens at which a sentence is cut")
    bootstrap: int = Field(10_000, ge=0, description="resamples of the 95 % intervals")
    seed: int = Field(0, ge=0, description="of the resampling")
    output: str | None = Field(None, description="folder for results.json")
    progress: bool = Field(True, description="show a progress bar")


class ExportConfig(Section):
    """`python -m sentcse.export`."""

    checkpoint: str = Field(description="training checkpoint, or a run's folder")
    output: str = Field(description="folder to write")
