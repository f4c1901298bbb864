"""`python -m sentcse.encode`, killed at random moments and started again: every row once, the same bytes."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from corpora import write_corpus_and_encoder

from sentcse.encode import main
from sentcse.retrieval.encoded import EncodedCorpus

ROWS, SHARD_ROWS, KILLS = 6000, 40, 5


def rows_done(folder: Path) -> int:
    manifest = folder / "manifest.json"
    return int(json.loads(manifest.read_text())["rows"]) if manifest.is_file() else -1


@pytest.mark.slow
def test_killed_and_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    sentences = write_corpus_and_encoder(tmp_path, ROWS)
    drawn = random.Random(0)
    settings = ["encoder=encoder", f"shard_rows={SHARD_ROWS}", "text=true", "dtype=float16"]
    command = [sys.executable, "-m", "sentcse.encode", "corpus.txt", "out", *settings]
    reached = []
    for _ in range(KILLS):
        before = rows_done(Path("out"))
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            while rows_done(Path("out")) == before and process.poll() is None:
                time.sleep(0.002)
            time.sleep(drawn.uniform(0, 0.05))
            process.send_signal(signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL
        reached.append(rows_done(Path("out")))
    assert reached == sorted(reached)
    assert 0 < reached[-1] < ROWS  # the kills came in between
    assert main(["corpus.txt", "out", *settings, "verify=true"]) == 0
    shards = list(EncodedCorpus("out").shards())
    assert [name for rows in shards for name in rows.ids] == [str(number) for number in range(1, ROWS + 1)]
    assert [text for rows in shards for text in rows.texts or []] == sentences
    assert main(["corpus.txt", "whole", *settings]) == 0
    names = sorted(path.name for path in Path("whole").iterdir())
    assert sorted(path.name for path in Path("out").iterdir()) == names
    assert EncodedCorpus("out").manifest == EncodedCorpus("whole").manifest  # the hash of each shard as well
