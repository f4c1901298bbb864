"""A run is what it was made from: an input that was replaced under its name stops it, whether it is complete or not."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from huggingface_hub import constants
from stopping import stopping_at

from sentcse.config import TrainConfig
from sentcse.errors import SentcseError
from sentcse.records.run_folder import RunFolder
from sentcse.records.sweep_record import Job
from sentcse.sweeps.beforehand import refuse_changed_inputs
from sentcse.training import inputs as module
from sentcse.training import run
from sentcse.training.inputs import check_inputs
from sentcse.training.run import train

Configure = Callable[..., TrainConfig]

KEYS = ["data.path", "encoder.name_or_path", "evaluation.pairs_dev", "evaluation.pairs_test"]


@pytest.fixture
def own(inputs: Path, tmp_path: Path) -> Path:
    """A copy of the inputs, which a test may change."""
    own = tmp_path / "own"
    shutil.copytree(inputs, own)
    shutil.copy(own / "pairs.tsv", own / "test.tsv")
    return own


@pytest.fixture
def mine(configure: Configure, own: Path) -> Callable[..., TrainConfig]:
    """The configuration of a run from `own`."""
    return lambda *more: configure(
        f"data.path={own}/sentences.txt",
        f"encoder.name_or_path={own}/encoder",
        f"evaluation.pairs_dev={own}/pairs.tsv",
        f"evaluation.pairs_test={own}/test.tsv",
        *more,
    )


def change(own: Path, key: str) -> Path:
    """Replace an input by another one of the same size and time, as a restored backup could be."""
    place = {
        "data.path": own / "sentences.txt",
        "encoder.name_or_path": own / "encoder" / "model.safetensors",
        "evaluation.pairs_dev": own / "pairs.tsv",
        "evaluation.pairs_test": own / "test.tsv",
    }[key]
    status, content = place.stat(), bytearray(place.read_bytes())
    content[-2] ^= 1
    place.write_bytes(bytes(content))
    os.utime(place, ns=(status.st_atime_ns, status.st_mtime_ns))
    return place


@pytest.mark.parametrize("key", KEYS)
def test_an_input_that_changed_stops_an_interrupted_and_a_complete_run(mine: Configure, own: Path, key: str) -> None:
    with stopping_at(run, 5, RuntimeError("power cut")):
        train(mine())
    kept = shutil.copytree(own, own.with_name("kept"))
    change(own, key)
    named = rf"^{key}={own}\S* has changed since \S* was begun .*overwrite=true.*name=ANOTHER_NAME\.$"
    with pytest.raises(SentcseError, match=named):
        train(mine())
    shutil.rmtree(own)
    shutil.copytree(kept, own)  # other times, the same content
    first = train(mine())
    change(own, key)
    with pytest.raises(SentcseError, match=named):
        train(mine())
    assert RunFolder(mine()).finished() == first


def test_both_ways_on(mine: Configure, own: Path) -> None:
    train(mine())
    change(own, "data.path")
    other = train(mine("name=other"))
    assert train(mine("overwrite=true"))["data"]["sha256"] == other["data"]["sha256"]
    sha256 = hashlib.sha256((own / "sentences.txt").read_bytes()).hexdigest()
    assert json.loads(RunFolder(mine()).inputs.read_text())["data.path"]["sha256"] == sha256


def test_what_is_beside_a_model_is_no_part_of_it(mine: Configure, own: Path) -> None:
    before = check_inputs(mine(), RunFolder(mine()))
    (own / "encoder" / "README.md").write_text("a card")
    assert check_inputs(mine(), RunFolder(mine())) == before


def test_unchanged_files_are_not_read_again(mine: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    first = train(mine())
    monkeypatch.setattr(module, "sha256_of_file", None)
    assert train(mine()) == first


def test_a_run_without_a_record_goes_on_and_gets_one(mine: Configure, own: Path) -> None:
    with stopping_at(run, 5, RuntimeError("power cut")):
        train(mine())
    folder = RunFolder(mine())
    folder.inputs.unlink()
    change(own, "evaluation.pairs_test")
    train(mine())
    assert sorted(json.loads(folder.inputs.read_text())) == KEYS
    folder.inputs.write_text('{"data.path": 1}')
    with pytest.raises(SentcseError, match=r"inputs\.json is damaged"):
        train(mine())


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inputs: Path) -> Callable[[str], None]:
    """Have the cache of the hub hold the tiny encoder as me/tiny, main at a commit of this letter."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))

    def move(letter: str) -> None:
        repo, commit = tmp_path / "hub" / "models--me--tiny", letter * 40
        shutil.copytree(inputs / "encoder", repo / "snapshots" / commit, dirs_exist_ok=True)
        (repo / "refs").mkdir(exist_ok=True)
        (repo / "refs" / "main").write_text(commit)

    return move


def test_a_model_of_the_hub_is_known_by_its_commit(configure: Configure, hub: Callable[[str], None]) -> None:
    hub("a")
    config = configure("encoder.name_or_path=me/tiny")
    train(config)
    found = json.loads(RunFolder(config).inputs.read_text())["encoder.name_or_path"]
    assert found == {"place": "me/tiny", "sha256": "a" * 40, "stamps": {}}
    train(config)
    hub("b")
    with pytest.raises(SentcseError, match=r"me/tiny has changed since .* \(commit aaaaaaaaaaaa, now bbbbbbbbbbbb\)"):
        train(config)
    check_inputs(configure("encoder.name_or_path=me/tiny", f"encoder.revision={'a' * 40}"), RunFolder(config))


def test_a_model_that_is_nowhere_has_no_commit(configure: Configure, hub: Callable[[str], None]) -> None:
    for name in ("me/tiny", "me/tiny/much/too/deep"):
        config = configure(f"encoder.name_or_path={name}")
        assert "encoder.name_or_path" not in check_inputs(config, RunFolder(config))


def test_a_sweep_says_so_before_its_first_job(mine: Configure, own: Path) -> None:
    jobs = [
        Job(n, (), {}, config, RunFolder(config), None) for n, config in enumerate((mine("seed=1"), mine("seed=2")), 1)
    ]
    train(mine("seed=2"))
    refuse_changed_inputs(jobs)
    change(own, "data.path")
    with pytest.raises(SentcseError, match=rf"data\.path={own}/sentences\.txt has changed since \S*_seed2_"):
        refuse_changed_inputs(jobs)
