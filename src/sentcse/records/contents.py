"""What the files of runs and sweeps hold: the schemas by which they are written, and checked when they are read."""

from __future__ import annotations

import reprlib
import sys
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, TypeAdapter

# pydantic reads typing's own only from Python 3.12 on
from typing_extensions import NotRequired, Required, TypedDict

from sentcse.records.layout import STEP


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _scores(found: dict[str, Any]) -> dict[str, Any]:
    for name, value in found.items():
        # also a whole number may be too large for a float
        is_number = _is_whole(value) or isinstance(value, float)
        if value is not None and not (is_number and abs(value) <= sys.float_info.max):
            raise ValueError(f"{name} must be a finite number or null, but is {reprlib.repr(value)}")
    return found


def _choice(found: dict[str, Any]) -> dict[str, Any]:
    if not _is_whole(found.get(STEP)):
        raise ValueError(f"{STEP} must be a whole number, but is {reprlib.repr(found.get(STEP))}")
    return found


Finite = Annotated[float, Field(allow_inf_nan=False)]
Scores = Annotated[dict[str, Any], AfterValidator(_scores)]
Choice = Annotated[Scores, AfterValidator(_choice)]
Ended = Literal["done", "failed", "busy"]
TaskName = Annotated[str, Field(pattern=r"^\w+$")]
"""Becomes part of the names of files."""


class TaskScore(TypedDict):
    """A test task in `Results`: Spearman x 100, None where it is undefined, and on how many pairs."""

    spearman: Finite | None
    pairs: int


class Corpus(TypedDict):
    """What was trained on: the last part of its path or name, what names its content, and how much of it.

    With `data.duplicates=drop` also how many rows were left out; else not there.
    """

    source: str
    sha256: str
    sentences: Annotated[int, Field(gt=0)]
    dropped_duplicates: NotRequired[int]


class Merge(TypedDict):
    """Where the exported weights lie: 0 is the start, 1 the chosen step; the selecting score of each place by alpha."""

    alpha: Finite
    scores: Scores


class Results(TypedDict, total=False):
    """The content of results.json; a key is in every run's unless it says otherwise.

    Attributes:
        format: `sentcse.records.layout.RESULTS_FORMAT`; files of older versions have none.
        best: the chosen `step`, and its selecting score by `sentcse.records.selecting.selecting_key`, if any was
            compared; of a generator masked_accuracy and perplexity.
        initial: scores before training by `score_key`; of a generator as in `best`.
        test: scores of the chosen encoder by test task; not of a generator.
        held_out: sentences that score a generator, or an encoder without labels; else not there.
        merge: of an encoder whose weights lie between others: its place, see `Merge`; else not there.
        stopped: why the run ended before its last step, one sentence; else not there.
        data: source, sha256 and number of sentences.
        config: the checked configuration.
        versions: of the packages.
        hardware: of an encoder's run.
        precision: 32, bf16 or fp16: what trainer.precision=auto has become; of an encoder's run.
        seconds: of training and evaluation over all restarts.
    """

    format: int
    best: Required[Choice]
    initial: Scores
    test: dict[TaskName, TaskScore]
    held_out: int
    merge: Merge
    stopped: str
    data: Required[Corpus]
    config: dict[str, Any]
    versions: dict[str, str]
    hardware: Any
    precision: str | None
    seconds: Required[Finite]


class Failure(TypedDict, total=False):
    """The content of failure.json.

    Attributes:
        format: `sentcse.records.layout.FAILURE_FORMAT`; files of older versions have none.
        reason: one sentence.
        kind: the exception's class.
        traceback: where it was raised.
    """

    format: int
    reason: Required[str]
    kind: str
    traceback: str


class Start(TypedDict):
    """When a sweep was started or continued (UTC), and by which command line."""

    started: str
    command: str


class StoredJob(TypedDict):
    """A job in sweep.json.

    `run` is relative to the sweep's folder, None where the configuration cannot run; `overrides` are for people.
    """

    number: int
    settings: dict[str, str]
    overrides: NotRequired[list[str]]
    run: str | None
    fault: str | None


class StoredSweep(TypedDict):
    """The content of sweep.json."""

    format: int
    commands: list[Start]
    jobs: list[StoredJob]


class StoredOutcome(TypedDict):
    """The content of a file of a sweep's outcomes: the attributes of `sentcse.records.outcomes.JobOutcome`."""

    status: Ended
    reason: str | None
    seconds: Finite


class _Method(TypedDict):
    _target_: str


class _Encoder(TypedDict):
    name_or_path: str


class _LowShot(TypedDict):
    seed: int
    size: int | None
    percent: Finite | None


class _Data(TypedDict):
    dataset: str | None
    path: str | None
    dataset_config: NotRequired[str | None]
    split: NotRequired[str | None]
    batch_size: int
    low_shot: _LowShot


class _Trainer(TypedDict):
    max_steps: int | None
    max_epochs: int


class _Evaluation(TypedDict, total=False):
    select: str


class ReadOfConfig(TypedDict, total=False):
    """What of config.yaml every reader relies on.

    Not the whole schema of a run: other versions know more settings or fewer, and their runs are read all the same.
    """

    name: str | None
    seed: Required[int]
    method: _Method
    encoder: Required[_Encoder]
    data: Required[_Data]
    trainer: Required[_Trainer]
    evaluation: Required[_Evaluation]


RESULTS = TypeAdapter(Results)
FAILURE = TypeAdapter(Failure)
SWEEP = TypeAdapter(StoredSweep)
OUTCOME = TypeAdapter(StoredOutcome)
CONFIG = TypeAdapter(ReadOfConfig)
