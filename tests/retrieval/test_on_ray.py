"""What a Ray worker does and how a cluster is shared out, without Ray; `tests/flows/test_encode_on_ray.py` has one."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import sentcse.retrieval.on_ray as on_ray
from sentcse.encoder import SentenceEncoder
from sentcse.errors import ConfigError, SentcseError
from sentcse.retrieval.bulk import Form, Made, Work, encode_corpus
from sentcse.retrieval.encoded import CorpusManifest
from sentcse.retrieval.folder import EncoderIdentity
from sentcse.retrieval.on_ray import MOST_TRIES, RayEngine, ShardWorker, Share, share_of_cluster

LINES = ["a dog runs", "", "the woman plays music", "a man", " ", "the city", "a dog sits in the city", "music", "man"]


class DiedError(Exception):
    """Ray's word of a worker that could not be made."""


class Dataset:
    """Of Ray: two workers whose shards come back in another order."""

    def __init__(self, items: list[dict[str, int]]) -> None:
        self.items = items

    def map_batches(self, worker: type[ShardWorker], *, fn_constructor_args: tuple[Any, ...], **_: Any) -> Dataset:
        self.workers = [worker(*fn_constructor_args) for _ in range(2)]
        return self

    def iter_rows(self) -> Iterator[dict[str, Any]]:
        order = sorted(range(len(self.items)), key=lambda place: (place ^ 1, place))
        for place in order:
            found = self.workers[place % 2]({"shard": [self.items[place]["shard"]]})
            yield {name: values[0] for name, values in found.items()}


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """As much of Ray as the engine asks for."""

    def from_items(items: list[dict[str, int]], *, override_num_blocks: int) -> Dataset:
        assert len(items) == override_num_blocks
        return Dataset(items)

    found = SimpleNamespace(
        is_initialized=lambda: True,
        nodes=lambda: [{"Alive": True, "Resources": {"CPU": 2.0}}],
        exceptions=SimpleNamespace(RayActorError=DiedError),
        data=SimpleNamespace(from_items=from_items, ActorPoolStrategy=lambda **_: None),
    )
    monkeypatch.setattr(on_ray, "ray_module", lambda: found)
    return found


def encode(encoder: SentenceEncoder, folder: Path, **options: Any) -> CorpusManifest:
    corpus = folder.parent / "corpus.txt"
    if not corpus.exists():
        corpus.write_text("\n".join(LINES), encoding="utf-8")
    form = Form(text=True, shard_rows=2)
    return encode_corpus([encoder], EncoderIdentity("0" * 64), corpus, folder, form=form, **options)


@pytest.fixture
def work(encoder: SentenceEncoder, tmp_path: Path) -> Work:
    """Of a folder that has no shard yet."""
    found: list[Work] = []

    def noting(_: Sequence[SentenceEncoder], work: Work, first: int) -> Iterator[Made]:
        found.append(work)
        raise KeyboardInterrupt
        yield Made(first, first)

    with pytest.raises(KeyboardInterrupt):
        encode(encoder, tmp_path / "out", engine=noting)
    return found[0]


def ask(worker: ShardWorker, number: int) -> tuple[Made, str]:
    found = worker({"shard": [number]})
    assert found["shard"] == [number]
    return Made(found["rows"][0], found["width"][0]), found["fault"][0]


@pytest.mark.usefixtures("ray")
def test_the_same_folder_as_without(encoder: SentenceEncoder, tmp_path: Path) -> None:
    whole = encode(encoder, tmp_path / "whole")
    assert encode(encoder, tmp_path / "out", engine=RayEngine(workers=2)) == whole
    assert encode(encoder, tmp_path / "out", engine=RayEngine(workers=2)) == whole  # which is complete
    names = sorted(path.name for path in (tmp_path / "whole").iterdir())
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names
    for name in names:
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@pytest.mark.usefixtures("ray")
def test_it_goes_on_with_what_is_there(encoder: SentenceEncoder, tmp_path: Path) -> None:
    whole = encode(encoder, tmp_path / "whole")

    def two_shards(encoders: Sequence[SentenceEncoder], work: Work, first: int) -> Iterator[Made]:
        for number, made in enumerate(RayEngine()(encoders, work, first)):
            if number == 2:
                raise KeyboardInterrupt
            yield made

    with pytest.raises(KeyboardInterrupt):
        encode(encoder, tmp_path / "out", engine=two_shards)
    assert encode(encoder, tmp_path / "out", engine=RayEngine()) == whole


def test_shards_in_any_order(encoder: SentenceEncoder, work: Work) -> None:
    worker = ShardWorker(encoder, work, "cpu")
    whole = encode(encoder, work.folder.parent / "whole")
    for number in (0, 2, 1, 3):  # back after a death, and on
        assert ask(worker, number) == (Made(whole["shards"][number]["rows"], 16), "")
        file = f"shard-{number:06}.parquet"
        assert (work.folder / file).read_bytes() == (work.folder.parent / "whole" / file).read_bytes()
    assert "become shorter" in ask(worker, 4)[1]


def test_what_a_node_does_not_see(encoder: SentenceEncoder, work: Work) -> None:
    worker = ShardWorker(encoder, work, "cpu")
    manifest = (work.folder / "manifest.json").read_text()
    (work.folder / "manifest.json").write_text(manifest.replace("float32", "int8"))
    made, fault = ask(worker, 0)
    assert made == Made(0, 0)
    assert fault.startswith("On the node ")
    assert "holds another encoding" in fault
    (work.folder / "manifest.json").unlink()
    assert "out is not there: with engine=ray the corpus and the folder must lie where" in ask(worker, 0)[1]
    work.corpus.write_text("another\n")
    (work.folder / "manifest.json").write_text(manifest)
    assert "corpus.txt changed while it was read" in ask(worker, 0)[1]
    work.corpus.unlink()
    assert "corpus.txt is not there" in ask(worker, 0)[1]
    assert not list(work.folder.glob("*.parquet"))


def test_a_shard_over_which_every_worker_dies(
    encoder: SentenceEncoder, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dying(*_: Any, **__: Any) -> Made:
        return Made(*([len((work.folder / ".shard-000001.partial").read_text().splitlines())] * 2))

    monkeypatch.setattr(on_ray, "make_shard", dying)
    monkeypatch.setattr(Path, "unlink", lambda *_, **__: None)  # as if it had come to an end there
    for tried in range(1, MOST_TRIES + 1):
        assert ask(ShardWorker(encoder, work, "cpu"), 1) == (Made(tried, tried), "")
    assert f"{MOST_TRIES} workers died over one shard (process " in ask(ShardWorker(encoder, work, "cpu"), 1)[1]


@pytest.mark.usefixtures("ray")
def test_a_fault_of_a_worker_ends_the_command(
    encoder: SentenceEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(on_ray, "make_shard", full)
        with pytest.raises(SentcseError, match=r"On the node .*cannot be written \(No space left on device\)"):
            encode(encoder, tmp_path / "out", engine=RayEngine())
    assert encode(encoder, tmp_path / "out", engine=RayEngine())["complete"]


@pytest.mark.usefixtures("ray")
def test_a_worker_that_cannot_begin(encoder: SentenceEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def died(_: Dataset) -> Iterator[dict[str, Any]]:
        raise DiedError('The actor died:\n  File "x.py", line 1\n    model.to(device)\nRuntimeError: no memory\n')
        yield {}

    monkeypatch.setattr(Dataset, "iter_rows", died)
    with pytest.raises(SentcseError, match=r"could not begin \(RuntimeError: no memory\): the same command goes on"):
        encode(encoder, tmp_path / "out", engine=RayEngine())


@pytest.mark.usefixtures("ray")
def test_a_shard_without_an_answer(encoder: SentenceEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Dataset, "iter_rows", lambda _: iter(()))
    with pytest.raises(SentcseError, match="no answer for shard 0"):
        encode(encoder, tmp_path / "out", engine=RayEngine())


def nodes(*resources: tuple[int, int]) -> list[dict[str, Any]]:
    dead = {"Alive": False, "Resources": {"CPU": 64.0, "GPU": 8.0}}
    return [dead, *({"Alive": True, "Resources": {"CPU": float(cpus), "GPU": gpus}} for cpus, gpus in resources)]


@pytest.mark.parametrize(
    ("there", "device", "workers", "share"),
    [
        ([(2, 0)], "auto", None, Share(1, 2, 0)),
        ([(2, 0)], "auto", 2, Share(2, 1, 0)),
        ([(8, 0), (8, 0), (8, 0)], "auto", None, Share(3, 8, 0)),
        ([(8, 0), (8, 0), (8, 0)], "cpu", 5, Share(5, 4, 0)),
        ([(2, 0), (22, 0)], "cpu", 2, Share(2, 11, 0)),
        ([(2, 0), (22, 0)], "cpu", None, Share(2, 11, 0)),
        ([(0, 0), (4, 0)], "auto", None, Share(1, 4, 0)),
        ([(16, 4), (16, 2), (16, 0)], "auto", None, Share(6, 1, 1)),
        ([(16, 4)], "cuda", 2, Share(2, 1, 1)),
        ([(16, 4), (8, 0)], "cpu", None, Share(2, 8, 0)),
    ],
)
def test_the_share_of_a_worker(there: list[tuple[int, int]], device: str, workers: int | None, share: Share) -> None:
    assert share_of_cluster(nodes(*there), device, workers) == share


@pytest.mark.parametrize(
    ("there", "device", "workers", "said"),
    [
        ([(2, 0)], "auto", 3, "workers=3: the Ray cluster has 2 cores"),
        ([(64, 2)], "auto", 3, "workers=3: the Ray cluster has 2 GPUs"),
        ([(64, 0)], "cuda", None, "device=cuda: the Ray cluster has no GPU"),
        ([], "auto", None, "the Ray cluster has 0 cores"),
    ],
)
def test_a_cluster_that_is_too_small(there: list[tuple[int, int]], device: str, workers: int | None, said: str) -> None:
    with pytest.raises(SentcseError, match=said):
        share_of_cluster(nodes(*there), device, workers)


def test_what_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="device=cuda:1: with engine=ray device is auto, cpu or cuda"):
        RayEngine("cuda:1")
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(SentcseError, match=r"pip install 'sentcse\[ray\]', or take engine=local"):
        on_ray.ray_module()


def test_a_cluster_that_is_not_to_be_reached(ray: SimpleNamespace) -> None:
    def refused(**_: Any) -> None:
        raise ConnectionError("no cluster at 10.0.0.1:6379\nand more")

    ray.is_initialized, ray.init = (lambda: False), refused
    said = r"Ray cannot be reached or started: no cluster at 10\.0\.0\.1:6379$"
    with pytest.raises(SentcseError, match=said), on_ray._cluster(ray):
        raise AssertionError
