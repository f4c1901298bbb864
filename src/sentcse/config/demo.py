"""The settings of the page to try encoders on."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from sentcse.config.schema import Pooler
from sentcse.config.section import LocalPath, Section, Source


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


class DemoConfig(Section):
    """`python -m sentcse.demo`."""

    encoder: Annotated[list[Source], BeforeValidator(_as_list), Field(min_length=1, max_length=2)] = Field(
        description="exported folder, run folder, checkpoint, or hub name; two: side by side"
    )
    corpus: LocalPath = Field(description="the file of sentences that are searched")
    pooler: Annotated[list[Pooler | None], BeforeValidator(_as_list), Field(min_length=1, max_length=2)] | None = Field(
        None, description="null: the encoder's own record; two: one for each encoder"
    )
    columns: Annotated[list[str], BeforeValidator(_as_list), Field(min_length=1)] | None = Field(
        None, description="of the sentence, joined by a space; null: there is only one"
    )
    encoding: str = Field("utf-8", description="of the file")
    top_k: int = Field(10, ge=1, le=100, description="sentences that a search shows")
    map: Literal["auto", "umap", "pca", "none"] = Field(
        "auto", description="auto: UMAP where it is installed, else pca"
    )
    map_sentences: int = Field(
        2000, ge=4, le=20_000, description="the most that the map has; of more, a part by chance"
    )
    clusters: int | None = Field(None, ge=2, description="of the map; null: searched by the silhouette")
    seed: int = Field(42, ge=0, lt=2**32, description="of k-means, the map and its part")
    host: str = Field("127.0.0.1", min_length=1, description="the address that is listened on; 0.0.0.0: every one")
    port: int = Field(7860, ge=0, le=65_535, description="of the address; 0: one that is free")
    batch_size: int = Field(64, ge=1, description="sentences encoded together")
    device: str = Field("auto", description="auto: a GPU if there is one; cpu, cuda, cuda:1, mps")
    progress: bool = Field(True, description="show a progress bar")
