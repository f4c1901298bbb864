"""The settings of the question whether training on a corpus is worth it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from sentcse.config.commands import default_data_root
from sentcse.config.section import LocalPath, Section, Source


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


class WorthConfig(Section):
    """`python -m sentcse.worth`."""

    encoder: Source = Field(description="folder, hub name, or package:NAME/FOLDER: where training would start")
    pooler: Literal["cls_before_pooler", "avg", "avg_top2", "avg_first_last", "avg_embeddings_last"] = Field(
        "avg", description="how token states become a vector, before and after training"
    )
    pairs: LocalPath | None = Field(
        None, description="your own pairs (score, sentence1, sentence2), on which start and trained are compared"
    )
    methods: Annotated[list[Literal["simcse", "micse", "diffcse"]], BeforeValidator(_as_list), Field(min_length=1)] = (
        Field(["simcse", "micse"], description="what is tried; diffcse needs generator.name_or_path")
    )
    steps: Annotated[list[Annotated[int, Field(ge=1)]], BeforeValidator(_as_list), Field(min_length=1)] = Field(
        [25, 100], description="budgets, each a run of every method"
    )
    part: int = Field(6400, ge=10, description="sentences that are trained on at most")
    held_out: int = Field(500, ge=4, description="sentences that are never trained on, a fifth of the corpus at most")
    seed: int = Field(42, ge=0, lt=2**32, description="of the part, the runs and the resampling")
    bootstrap: int = Field(10_000, ge=100, description="resamples of the 95 % intervals")
    data_root: LocalPath = Field(default_factory=default_data_root, description="holds senteval/, if it is there")
    output: LocalPath = Field("worth", description="folder for the page, worth.json and the runs")
    batch_size: int = Field(64, ge=1, description="sentences encoded together for scores")
    overrides: list[str] = Field([], description="settings of the runs: the further words of the form key=value")
