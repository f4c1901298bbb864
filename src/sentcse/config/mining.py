"""The settings of the search for hard negatives."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from sentcse.config.schema import Pooler
from sentcse.config.section import LocalPath, Number, Section, Source


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Columns = Annotated[Annotated[list[str], Field(min_length=1)] | None, BeforeValidator(_as_list)]


class MineConfig(Section):
    """`python -m sentcse.mine`."""

    path: LocalPath = Field(description="file of pairs, or of sentences, whose positives are searched: the first word")
    encoder: Source = Field(description="exported folder, run folder, checkpoint, or hub name")
    output: LocalPath = Field("mined.csv", description="file to write: sent0, sent1, hard_neg")
    overwrite: bool = Field(False, description="replace a file that is there")
    corpus: LocalPath | None = Field(None, description="file of sentences that can be negatives beside the positives")
    columns: Columns = Field(
        None, description="of the anchor and the positive, or of the sentence; null: all that the file has"
    )
    corpus_columns: Columns = Field(None, description="of the corpus's sentence, joined by a space")
    encoding: str = Field("utf-8", description="of the files")
    pooler: Pooler | None = Field(None, description="null: the encoder's own record")
    known_as: str | None = Field(None, description="hub name of the published checkpoint that encoder is a copy of")
    negatives: int = Field(1, ge=1, description="of each pair, at most; each is a row")
    skip: int = Field(0, ge=0, description="nearest candidates that are passed over")
    look_at: int = Field(50, ge=1, description="candidates behind them that are looked at")
    margin: Number | None = Field(
        None, ge=0, le=2, description="a negative's cosine is at most the positive's less this; null: no such limit"
    )
    relative_margin: Number | None = Field(
        0.05, ge=0, le=1, description="at most the positive's less this share of it; null: no such limit"
    )
    max_similarity: Number | None = Field(None, ge=-1, le=1, description="the largest cosine of a negative")
    min_similarity: Number | None = Field(None, ge=-1, le=1, description="the smallest cosine of a negative")
    pick: Literal["top", "random"] = Field("top", description="the nearest of those that are left, or some by chance")
    seed: int = Field(42, ge=0, lt=2**32, description="of the chance")
    positive_at_least: Number = Field(0.7, ge=-1, le=1, description="the smallest cosine of a searched positive")
    positive_at_most: Number = Field(0.95, ge=-1, le=1, description="the largest: nearer is nearly the same text")
    batch_size: int = Field(64, ge=1, description="sentences encoded together")
    device: str = Field("auto", description="auto: a GPU if there is one; cpu, cuda, cuda:1, mps")
    progress: bool = Field(True, description="show a progress bar")
