"""What a configuration may say of the corpus: where it is, which part of it, and how it is batched."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sentcse.config.section import LocalPath, Number, Section


class LowShot(Section):
    """A split of the corpus, cut by seed; a smaller split lies inside the larger of the same seed."""

    size: int | None = Field(None, ge=2, description="number of sentences")
    percent: Number | None = Field(None, gt=0, le=100, description="share of the corpus in percent")
    seed: int = Field(42, ge=0, description="which split; the run's seed unless set")
    official: bool = Field(False, description="use miCSE's published split file of this percent and seed (48 to 52)")


class HubFile(Section):
    """Where a corpus file comes from when it is not on this machine."""

    repo: str = Field(description="dataset repository on the hub")
    filename: str = Field(description="file inside it")
    revision: str = Field("main", description="branch, tag or commit")
    rows: int | None = Field(None, gt=0, description="number of rows that the whole file has")


class Data(Section):
    """The training corpus and how it is batched."""

    path: LocalPath | None = Field(
        None, description=".txt, .csv, .tsv, .jsonl, .json or .parquet; relative: here, else under data_root"
    )
    hub_file: HubFile | None = Field(None, description="where path is fetched from when it is missing")
    dataset: LocalPath | None = Field(None, description="Hugging Face dataset (name or folder) instead of path")
    dataset_config: str | None = Field(None, description="configuration of that dataset")
    split: str = Field("train", description="split of that dataset")
    columns: list[str] | None = Field(None, description="columns to read: 1 sentence, 2 a pair, 3 with a hard negative")
    encoding: str = Field("utf-8", description="encoding of path")
    max_length: int = Field(32, ge=3, description="tokens at which a training sentence is cut, special tokens included")
    batch_size: int = Field(64, ge=1, description="sentences a step and device")
    chunk: int | None = Field(
        None, ge=1, description="sentences encoded at a time, and again in backward: any batch_size fits; null: all"
    )
    duplicates: Literal["keep", "drop", "mask"] = Field(
        "keep",
        description="rows with the same tokens: keep; drop: train on the first alone; mask: no negatives of each other",
    )
    length_window: int | None = Field(
        None,
        ge=2,
        description="batches over which sentences are sorted by length, so that a batch has less padding; null: no "
        "sorting (published)",
    )
    drop_last: bool = Field(False, description="leave out the short batch that ends an epoch (published: kept)")
    num_workers: int = Field(0, ge=0, description="loader processes; the order of batches does not depend on it")
    cache_dir: LocalPath = Field(description="where tokenised corpora are kept")
    low_shot: LowShot = Field(description="train on a part of the corpus")

    @property
    def published_file(self) -> HubFile | None:
        """`hub_file` if `path` is that file; None where the user has put a file of another name in its place."""
        if self.hub_file is None or self.path is None:
            return None
        return self.hub_file if self.path.rsplit("/", 1)[-1] == self.hub_file.filename.rsplit("/", 1)[-1] else None
