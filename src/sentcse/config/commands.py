"""The settings of the commands that compose nothing: each one file of configs/, overridden by key=value."""

from __future__ import annotations

import os
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from sentcse.config.evaluation import DevTaskName, EncodingPrecision, TaskName
from sentcse.config.schema import Pooler
from sentcse.config.section import Level, LocalPath, Section, Source, local_path


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _number_as_list(value: Any) -> Any:
    return [value] if isinstance(value, int) else value


def default_data_root() -> str:
    """The folder of evaluation sets and corpora where none is named."""
    return os.environ.get("SENTCSE_DATA", "data")


class EvaluationSettings(Section):
    """What is scored, how, and what it is compared with: the argument of `sentcse.evaluation.run.run_evaluation`."""

    encoder: Source | list[Source] = Field(
        description="exported folder, run folder, checkpoint, or hub name; several: seeds of one recipe"
    )
    pooler: Pooler | None = Field(None, description="null: the encoder's own record")
    known_as: str | None = Field(None, description="hub name of the published checkpoint that encoder is a copy of")
    against: Source | None = Field(None, description="another encoder, compared on the same pairs")
    against_pooler: Pooler | None = Field(None, description="null: its own record")
    against_known_as: str | None = Field(None, description="the published checkpoint that it is a copy of")
    tasks: Annotated[list[LocalPath], BeforeValidator(_as_list)] = Field(
        ["sts"], description="tasks, groups, pairs files"
    )
    mode: Literal["test", "dev", "fasttest"] = Field("test", description="which part is scored")
    protocol: Literal["simcse", "mteb"] = Field("simcse", description="SICK-R test part, or all of SICK-R")
    data_root: LocalPath = Field(default_factory=default_data_root, description="holds senteval/")
    batch_size: int = Field(64, ge=1, description="sentences encoded together")
    max_length: int | None = Field(None, ge=3, description="tokens at which a sentence is cut")
    truncate_dim: Annotated[list[Annotated[int, Field(ge=1)]], BeforeValidator(_number_as_list)] = Field(
        [], description="leading values of a vector that are scored (Matryoshka); several: each; []: the encoder's own"
    )
    device: str = Field("auto", description="auto: a GPU if there is one; cpu, cuda, cuda:1, mps")
    bootstrap: int = Field(10_000, ge=0, description="resamples of the 95 % intervals")
    seed: int = Field(0, ge=0, description="of the resampling")
    classifier_seed: int = Field(1111, ge=0, lt=2**32, description="of the transfer tasks' classifiers")
    published: Annotated[list[str], BeforeValidator(_as_list)] = Field([], description="published rows to show, or all")
    reproduces: str | None = Field(None, description="published row that the score is measured against")
    output: LocalPath | None = Field(None, description="folder for results.json, tables and the plot of the geometry")
    verify: Level = Field("exact", description="what of the evaluation files must be as published")
    mteb: Annotated[list[str], BeforeValidator(_as_list)] = Field([], description="tasks scored by the package mteb")
    mteb_languages: Annotated[list[str] | None, BeforeValidator(_as_list)] = Field(
        ["eng"], description="three-letter codes of their parts that are scored; null: all"
    )
    progress: bool = Field(True, description="show a progress bar")

    @property
    def encoders(self) -> list[str]:
        """Every encoder that is named, also where it is one."""
        return [self.encoder] if isinstance(self.encoder, str) else self.encoder


class EvaluateConfig(EvaluationSettings):
    """`python -m sentcse.evaluate`."""

    format: Literal["table", "markdown", "latex"] = Field("table", description="how scores are printed")


class DataKitConfig(Section):
    """`python -m sentcse.data verify` and `download`."""

    tasks: Annotated[list[str], BeforeValidator(_as_list)] = Field(["full"], description="tasks and groups")
    corpora: Annotated[list[str], BeforeValidator(_as_list)] = Field([], description="training corpora beside them")
    data_root: LocalPath = Field(default_factory=default_data_root, description="holds senteval/ and wiki/")
    verify: Level = Field("exact", description="what of a file must be as published")


class ReportConfig(Section):
    """`python -m sentcse.report`."""

    sources: Annotated[list[LocalPath], BeforeValidator(_as_list), Field(min_length=1)] = Field(
        description="folders of runs, runs' folders, sweeps: words of their own on the command line"
    )
    output: LocalPath = Field("report", description="folder for tables, figures, summary.md and index.html")
    title: str | None = Field(None, description="heading; null: methods and encoder")
    reference: str | None = Field(
        None, description="compare every method with this one alone, by its name in the report; null: every two"
    )
    budgets: Literal["apart", "together"] = Field(
        "apart", description="apart: tables and tests of their own; together: how long a run trains is one more setting"
    )
    panels: Literal["size", "method"] = Field("size", description="of the learning curves")
    page: bool = Field(True, description="whether to make index.html, which needs plotly")


class ReproduceConfig(Section):
    """`python -m sentcse.reproduce`."""

    recipes: Annotated[list[str], BeforeValidator(_as_list)] = Field(
        [], description="experiments that have a published score: the first words"
    )
    seeds: Annotated[int, Field(ge=1)] | Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)] = Field(
        5, description="how many, from 42 on, or which"
    )
    transfer: bool = Field(True, description="score the transfer tasks as well as the STS tasks")
    dry_run: bool = Field(False, description="say what it will take, and do nothing")
    timed_steps: int = Field(20, ge=0, description="steps of each recipe that are timed to project the whole; 0: none")
    output: LocalPath = Field("reproduction", description="folder for scores, verdict, tables and page")
    page: bool = Field(True, description="whether to make index.html and the study's page, which need plotly")
    overrides: list[str] = Field([], description="settings of the runs: the further words of the form key=value")


class RunsConfig(Section):
    """`python -m sentcse.runs`."""

    action: Literal["list", "show", "compare", "remove", "status"] = Field(
        "list", description="the command's first word"
    )
    runs: Annotated[list[LocalPath], BeforeValidator(_as_list)] = Field([], description="names under root, or folders")
    root: LocalPath = Field("runs", description="where runs lie")
    sweep: LocalPath | None = Field(None, description="list, status: a name under root/sweeps, or a sweep's folder")
    yes: bool = Field(False, description="remove without asking")


class SearchConfig(Section):
    """`python -m sentcse.search`."""

    action: Literal["index", "add", "remove", "query", "score", "mine"] = Field(
        "query", description="the command's first word"
    )
    words: Annotated[list[str], BeforeValidator(_as_list)] = Field([], description="a file, ids or questions")
    index: LocalPath = Field("index", description="folder of the index")
    encoder: LocalPath | None = Field(None, description="null: the one that the index names")
    pooler: Pooler | None = Field(None, description="null: the encoder's own record")
    known_as: str | None = Field(None, description="hub name of the published checkpoint that encoder is a copy of")
    columns: Annotated[Annotated[list[str], Field(min_length=1)] | None, BeforeValidator(_as_list)] = Field(
        None, description="of the sentence, joined by a space; null: there is only one"
    )
    id_column: str | None = Field(None, description="of the ids; null: numbers from 1")
    payload: Annotated[list[str], BeforeValidator(_as_list)] = Field(
        [], description="columns that are kept beside the sentence"
    )
    encoding: str = Field("utf-8", description="of the files that are read")
    queries: LocalPath | None = Field(None, description="query, score: a file of questions")
    relevant: LocalPath | None = Field(None, description="score: a table of query-id, corpus-id and score")
    method: Literal["exact", "auto", "flat", "hnsw", "ivf"] | None = Field(
        None, description="exact, or by faiss; null: as the index is"
    )
    top_k: int = Field(10, ge=1, description="hits of a question, neighbours of a sentence")
    find: Literal["pairs", "communities"] = Field("pairs", description="mine: what is looked for")
    threshold: float = Field(0.8, ge=-1, lt=1, description="mine: the smallest cosine")
    min_size: int = Field(2, ge=2, description="mine: sentences of the smallest community")
    limit: int | None = Field(1000, ge=1, description="mine: the most pairs; null: all")
    format: Literal["table", "jsonl", "csv"] | None = Field(
        None, description="null: by the ending of output, else table"
    )
    output: LocalPath | None = Field(None, description="file to write; null: print")
    overwrite: bool = Field(False, description="replace an index that is there")
    verify: bool = Field(False, description="compare the whole index with its recorded hashes first")
    batch_size: int = Field(64, ge=1, description="sentences encoded together")
    device: str = Field("auto", description="auto: a GPU if there is one; cpu, cuda, cuda:1, mps")
    progress: bool = Field(True, description="show a progress bar")

    @field_validator("words")
    @classmethod
    def _files_are_here(cls, words: list[str], info: ValidationInfo) -> list[str]:
        """Where words name a file, as other settings that do: of this machine, `~` for the home folder."""
        return [local_path(word) for word in words] if info.data.get("action") in ("index", "add") else words


class EncodeConfig(Section):
    """`python -m sentcse.encode`."""

    corpus: LocalPath = Field(description="file of sentences: the command's first word")
    output: LocalPath = Field(description="folder of shards and their manifest: the second word")
    encoder: Source = Field(description="exported folder, run folder, checkpoint, or hub name")
    pooler: Pooler | None = Field(None, description="null: the encoder's own record")
    known_as: str | None = Field(None, description="hub name of the published checkpoint that encoder is a copy of")
    columns: Annotated[Annotated[list[str], Field(min_length=1)] | None, BeforeValidator(_as_list)] = Field(
        None, description="of the sentence, joined by a space; null: there is only one"
    )
    id_column: str | None = Field(None, description="of the ids; null: numbers from 1")
    encoding: str = Field("utf-8", description="of the file")
    text: bool = Field(False, description="keep the sentence beside its vector, as an index needs it")
    dtype: Literal["float32", "float16", "int8"] = Field("float32", description="how vectors are stored")
    normalize: bool = Field(False, description="make vectors of length one")
    precision: EncodingPrecision = Field("float32", description="in which is computed")
    shard_rows: int = Field(50_000, ge=1, description="rows of a shard, which are in memory together")
    overwrite: bool = Field(False, description="throw away what an encoded corpus in the folder has")
    verify: bool = Field(False, description="compare what is there with its recorded hashes first")
    batch_size: int = Field(64, ge=1, description="the most sentences encoded together")
    engine: Literal["local", "ray"] = Field("local", description="this machine, or the Ray cluster that is found")
    workers: int | None = Field(
        None, ge=1, description="engine=ray: processes; null: one to a GPU, or one to a node with all its cores"
    )
    device: str = Field("auto", description="auto: all GPUs, or the CPU's cores; cpu, cuda, cuda:1, mps")
    progress: bool = Field(True, description="show a progress bar")


class ClusterConfig(Section):
    """`python -m sentcse.cluster`."""

    path: LocalPath = Field(description="the file of sentences")
    encoder: LocalPath = Field(description="exported folder, run's folder, checkpoint or hub name")
    output: LocalPath = Field("clusters", description="folder that is written")
    pooler: Pooler | None = Field(None, description="null: the encoder's own record")
    known_as: str | None = Field(None, description="hub name of the published checkpoint that encoder is a copy of")
    columns: Annotated[Annotated[list[str], Field(min_length=1)] | None, BeforeValidator(_as_list)] = Field(
        None, description="of the sentence, joined by a space; null: there is only one"
    )
    label_column: str | None = Field(None, description="of labels that the clusters are compared with")
    encoding: str = Field("utf-8", description="of the file")
    method: Literal["kmeans", "hdbscan"] = Field("kmeans", description="how clusters are found")
    clusters: int | None = Field(None, ge=2, description="kmeans: how many; null: searched by the silhouette")
    most_clusters: int = Field(50, ge=2, description="kmeans: the largest number that is searched")
    min_size: int = Field(10, ge=2, description="hdbscan: sentences of the smallest cluster")
    words: int = Field(8, ge=1, description="distinguishing words of a cluster")
    typical: int = Field(3, ge=1, description="typical sentences of a cluster")
    map: Literal["auto", "umap", "pca"] = Field("auto", description="auto: UMAP where it is installed, else pca")
    seed: int = Field(42, ge=0, lt=2**32, description="of k-means and the map")
    overwrite: bool = Field(False, description="write into a folder that is there")
    batch_size: int = Field(64, ge=1, description="sentences encoded together")
    device: str = Field("auto", description="auto: a GPU if there is one; cpu, cuda, cuda:1, mps")
    progress: bool = Field(True, description="show a progress bar")


class DashboardConfig(Section):
    """`python -m sentcse.dashboard`."""

    project: str | None = Field(None, min_length=1, description="W&B project; null: WANDB_PROJECT, else sentcse")
    entity: str | None = Field(None, min_length=1, description="W&B account or team; null: WANDB_ENTITY, else your own")
    sweep: str | None = Field(
        None,
        min_length=1,
        description="W&B group whose runs are shown: a sweep's name with its hash, or `logger.group`; "
        "null: all of the project",
    )
    score: TaskName | Literal["sts_avg"] = Field("stsb", description="test task that is compared")
    dev: DevTaskName = Field("stsb", description="dev task whose curves are shown")
