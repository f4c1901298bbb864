"""The shards of an encoded corpus, made by the workers of a Ray cluster (extra `ray`)."""

from __future__ import annotations

import logging
import os
import platform
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sentcse.errors import ConfigError, SentcseError
from sentcse.machine.files import first_line, writing
from sentcse.retrieval.bulk import Chunk, Made, Work, chunks, make_shard, sentences_of
from sentcse.retrieval.encoded import find_manifest, require_same

if TYPE_CHECKING:
    from sentcse.encoder import SentenceEncoder

MOST_TRIES = 4
"""Of a shard whose worker died each time: with one that is too large for every worker Ray itself would never end."""
SHARED = "with engine=ray the corpus and the folder must lie where every node sees them under the same path"


@dataclass(frozen=True)
class RayEngine:
    """An engine of `sentcse.retrieval.bulk.encode_corpus`: Ray's workers each make whole shards.

    The encoder goes to the workers through Ray; they read the corpus and write shards themselves. A worker that dies is
    replaced, and its shard is made again by another one. The cluster is the one that Ray finds (`RAY_ADDRESS`), or this
    machine.

    Attributes:
        device: auto (GPUs where the cluster has some), cpu or cuda.
        workers: processes; None for one to a GPU, or one to a node with all its cores.
    """

    device: str = "auto"
    workers: int | None = None

    def __post_init__(self) -> None:
        if self.device not in ("auto", "cpu", "cuda"):
            raise ConfigError(f"device={self.device}: with engine=ray device is auto, cpu or cuda.")

    def __call__(self, encoders: Sequence[SentenceEncoder], work: Work, first: int) -> Iterator[Made]:
        """Give the shards from `first` on, in order.

        Raises:
            SentcseError: if Ray is not installed or not to be reached, the cluster is too small, a node does not see
                the files, or a shard could not be made.
        """
        ray = ray_module()
        rows = sum(1 for _ in sentences_of(work))
        numbers = range(first, -(-rows // work.form.shard_rows))
        if len(numbers) == 0:
            return
        with _cluster(ray):
            share = share_of_cluster(ray.nodes(), self.device, self.workers)
            dataset = _made_by_workers(ray, encoders[0], work, numbers, share)
            try:
                yield from _in_order(dataset.iter_rows(), numbers)
            except ray.exceptions.RayActorError as error:
                # its last line is that of the worker's own traceback, where it has one
                why = str(error).strip().splitlines()[-1].strip()
                raise SentcseError(f"A worker of Ray could not begin ({why}): the same command goes on.") from error


@dataclass(frozen=True)
class Share:
    """How many workers there are, and what of a node each has."""

    workers: int
    cpus: int
    gpus: Literal[0, 1]


class ShardWorker:
    """What a Ray worker does: it gets numbers of shards, makes them, and says so.

    Args:
        encoder: that encodes.
        work: of the folder.
        device: cpu or cuda; of several GPUs Ray shows a worker its own.
    """

    def __init__(self, encoder: SentenceEncoder, work: Work, device: str) -> None:
        self.encoder = encoder.to(device)
        self.work = work
        self._read: Iterator[tuple[int, Chunk]] = iter(())
        self._next = -1

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[Any]]:
        """Rows and width of one shard whose file is there now, or the sentence that says why it is not."""
        number = int(batch["shard"][0])
        made, fault = Made(0, 0), ""
        try:
            # an error of ours goes to the command as text: Ray would wrap it in its own, with a traceback
            made = self._make(number)
        except SentcseError as error:
            fault = f"On the node {platform.node()}: {error}"
        return {"shard": [number], "rows": [made.rows], "width": [made.width], "fault": [fault]}

    def _make(self, number: int) -> Made:
        self._check_node()
        tries = self.work.folder / f".shard-{number:06}.partial"
        with writing(self.work.folder, "mend that. The same command goes on"), _counted(tries):
            # after a node was lost, its worker may still be writing what another one was given
            return make_shard([self.encoder], self.work, number, self._sentences(number), alone=False)

    def _check_node(self) -> None:
        """Refuse a node on which the files are not those of the command."""
        if not self.work.corpus.is_file():
            raise SentcseError(f"{self.work.corpus} is not there: {SHARED}.")
        found = find_manifest(self.work.folder)
        if found is None:
            raise SentcseError(f"{self.work.folder} is not there: {SHARED}.")
        require_same(self.work.folder, found, self.work.manifest)

    def _sentences(self, number: int) -> Chunk:
        """What is in a shard; read on from the last one, as numbers only go back when a worker has died."""
        if number < self._next or self._next < 0:
            self._read = chunks(self.work, number)
        for found, chunk in self._read:
            if found == number:
                self._next = number + 1
                return chunk
        raise SentcseError(f"{self.work.corpus} has become shorter while it was read: start again.")


@contextmanager
def _counted(tries: Path) -> Iterator[None]:
    """Count how often a block was entered, in a file that goes when it is left other than by a death.

    Raises:
        SentcseError: if it was never left in `MOST_TRIES` times.
    """
    before = tries.read_text(encoding="utf-8").splitlines() if tries.is_file() else []
    if len(before) >= MOST_TRIES:
        tries.unlink()
        raise SentcseError(
            f"{len(before)} workers died over one shard ({', '.join(before)}): a smaller batch_size needs less memory, "
            "and with a new folder a smaller shard_rows. What is done is kept, and the same command goes on."
        )
    tries.write_text("\n".join([*before, f"process {os.getpid()} on {platform.node()}"]), encoding="utf-8")
    try:
        yield
    finally:
        tries.unlink(missing_ok=True)


def ray_module() -> Any:
    """The module ray; raises SentcseError where it, or what ray.data needs, is not installed."""
    # Ray would otherwise send reports of its use to its makers
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_DATA_DISABLE_PROGRESS_BARS", "1")  # the command has its own
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise SentcseError(
            "engine=ray needs Ray, which is not installed: pip install 'sentcse[ray]', or take engine=local."
        ) from error
    return ray


def share_of_cluster(nodes: Sequence[dict[str, Any]], device: str, workers: int | None) -> Share:
    """How a cluster is shared out.

    Args:
        nodes: as `ray.nodes()` gives them.
        device: auto, cpu or cuda.
        workers: that are wanted; None for one to a GPU, or one to a node.

    Raises:
        SentcseError: if the cluster has too little.
    """
    there = [node["Resources"] for node in nodes if node["Alive"]]
    gpus = sum(int(each.get("GPU", 0)) for each in there)
    cpus = [n for each in there if (n := int(each.get("CPU", 0))) > 0]
    if device == "cuda" and gpus == 0:
        raise SentcseError("device=cuda: the Ray cluster has no GPU; use device=auto or cpu.")
    on_gpus = device != "cpu" and gpus > 0
    wanted = workers if workers is not None else gpus if on_gpus else len(cpus)
    most = gpus if on_gpus else sum(cpus)
    if wanted > most or most == 0:
        raise SentcseError(f"workers={wanted}: the Ray cluster has {most} {'GPUs' if on_gpus else 'cores'}.")
    if on_gpus:
        return Share(wanted, 1, 1)
    # the most cores for each with which all of them find a place
    each = next(n for n in range(max(cpus), 0, -1) if sum(node // n for node in cpus) >= wanted)
    return Share(wanted, each, 0)


@contextmanager
def _cluster(ray: Any) -> Iterator[None]:
    """A connection to the cluster that Ray finds, or a Ray of this machine's own, which goes at the end."""
    # what it would say of a worker's fault with several tracebacks is raised as well
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    if ray.is_initialized():
        yield
        return
    try:
        ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise SentcseError(f"Ray cannot be reached or started: {first_line(error)}") from error
    try:
        yield
    finally:
        ray.shutdown()


def _made_by_workers(ray: Any, encoder: SentenceEncoder, work: Work, numbers: range, share: Share) -> Any:
    """The dataset of what workers say of each shard; to read it has them work."""
    # given as items: a dataset that is read needs cores for its reading, of which the workers leave none
    dataset = ray.data.from_items([{"shard": number} for number in numbers], override_num_blocks=len(numbers))
    return dataset.map_batches(
        ShardWorker,
        fn_constructor_args=(encoder, work, "cuda" if share.gpus else "cpu"),
        batch_size=1,
        # one at a time, lest shards wait for a slow worker while another has nothing to do
        compute=ray.data.ActorPoolStrategy(size=share.workers, max_tasks_in_flight_per_actor=1),
        num_cpus=share.cpus,
        num_gpus=share.gpus,
    )


def _in_order(rows: Iterator[dict[str, Any]], numbers: range) -> Iterator[Made]:
    """What was made, by number: workers finish as they like, and the manifest lists shards in their order."""
    made: dict[int, Made] = {}
    waiting = iter(numbers)
    number = next(waiting, None)
    for row in rows:
        if row["fault"]:
            raise SentcseError(row["fault"])
        made[row["shard"]] = Made(row["rows"], row["width"])
        while number in made:
            yield made.pop(number)
            number = next(waiting, None)
    if number is not None:
        raise SentcseError(f"Ray gave no answer for shard {number}: the same command goes on.")
