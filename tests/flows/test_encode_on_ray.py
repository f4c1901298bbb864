"""`engine=ray` on a Ray of two cores: of two workers one is killed over a shard, then the command; every row once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from corpora import write_corpus_and_encoder

from sentcse.encode import main
from sentcse.retrieval.encoded import EncodedCorpus

ROWS, SHARD_ROWS = 6000, 400
PATIENCE = 400
"""Seconds after which all is killed: Ray's start takes ten on two cores, the workers' imports as many."""
COMMAND = """
import sys, ray
from sentcse.encode import main
ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=100 * 2**20)
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    pytest.importorskip("ray.data", reason="the extra `ray` is not installed")
    monkeypatch.chdir(tmp_path)
    write_corpus_and_encoder(tmp_path, ROWS)
    return ["corpus.txt", "out", "encoder=encoder", f"shard_rows={SHARD_ROWS}", "text=true", "engine=ray", "workers=2"]


def start(words: list[str]) -> subprocess.Popen[str]:
    """The command in a process of its own, which Ray's processes do not outlive."""
    return subprocess.Popen([sys.executable, "-c", COMMAND, *words], stderr=subprocess.PIPE, text=True)


def kill_the_worker(process: subprocess.Popen[str], shard: str, *, really: bool = True) -> None:
    """Wait for a worker to make a shard, which leaves its number beside it meanwhile; kill it."""
    tries = Path("out") / f".{shard}.partial"
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        words = tries.read_text().split() if tries.is_file() else []
        if len(words) > 1:
            if really:
                os.kill(int(words[1]), signal.SIGKILL)
            return
        time.sleep(0.001)
    assert process.stderr is not None
    process.kill()
    raise AssertionError(f"nobody made {shard}: {process.stderr.read()}")


@pytest.mark.slow
@pytest.mark.timeout(3 * PATIENCE)
def test_a_worker_and_then_the_command_are_killed(words: list[str]) -> None:
    with start(words) as process:
        try:
            kill_the_worker(process, "shard-000003")
            kill_the_worker(process, "shard-000009", really=False)  # so far it went on
        finally:
            process.kill()
    kept = int(json.loads(Path("out/manifest.json").read_text())["rows"])
    assert 0 < kept < ROWS
    with start(words) as process:
        try:
            said = process.communicate(timeout=PATIENCE)[1]
        finally:
            process.kill()
    assert process.returncode == 0, said
    shards = list(EncodedCorpus("out").shards())
    assert [name for rows in shards for name in rows.ids] == [str(number) for number in range(1, ROWS + 1)]
    assert main([*words[:1], "whole", *words[2:-2]]) == 0
    names = sorted(path.name for path in Path("whole").iterdir())
    assert sorted(path.name for path in Path("out").iterdir()) == names
    for name in names:
        assert (Path("out") / name).read_bytes() == (Path("whole") / name).read_bytes()
