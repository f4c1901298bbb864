from __future__ import annotations

import errno
import hashlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
from disk import note_renames
from fake_hub import COMMIT, CONTENT, Hub, HubHandler
from filelock import FileLock
from huggingface_hub import constants, file_download

from sentcse.config.data import HubFile
from sentcse.data.fetching import download
from sentcse.data.fetching.download import fetch_hub_file
from sentcse.errors import DataError

ATTEMPTS = 6
"""Of huggingface_hub's `http_get`, the first one included."""


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pause between two attempts, and what has arrived is written by a hundredth of the usual 10 MB."""
    monkeypatch.setattr(file_download, "time", SimpleNamespace(sleep=lambda seconds: None))
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 100_000)


def fetch(destination: Path, rows: int | None = 20_000) -> Path:
    return fetch_hub_file(HubFile(repo="owner/data", filename="text.txt", rows=rows), destination)


def test_fetched_once_from_the_pinned_commit(server: Hub, tmp_path: Path) -> None:
    destination = tmp_path / "wiki" / "text.txt"
    assert fetch(destination) == destination
    assert fetch(destination) == destination
    assert destination.read_bytes() == CONTENT
    assert server.paths == [f"/datasets/owner/data/resolve/{COMMIT}/text.txt"]
    assert [path.name for path in destination.parent.iterdir()] == ["text.txt"]


def test_it_is_on_the_disk_before_it_has_the_name(server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    renames = note_renames(monkeypatch)
    fetch(tmp_path / "text.txt")
    assert renames == {"text.txt": True}


def test_of_several_that_lack_a_file_one_fetches_it(
    server: Hub, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server.seconds = 0.5
    with caplog.at_level("INFO", logger="sentcse"), ThreadPoolExecutor(3) as several:
        fetched = list(several.map(fetch, [tmp_path / "text.txt"] * 3))
    assert fetched == [tmp_path / "text.txt"] * 3
    assert (tmp_path / "text.txt").read_bytes() == CONTENT
    assert server.starts == [0]
    assert caplog.text.count("Another process is fetching") == 2
    assert [path.name for path in tmp_path.iterdir()] == ["text.txt"]


def test_where_the_first_breaks_off_the_next_continues(server: Hub, tmp_path: Path, at_once: None) -> None:
    server.seconds = 0.5
    server.break_after, server.breaks = 300_000, ATTEMPTS
    with ThreadPoolExecutor(2) as several:
        both = [several.submit(fetch, tmp_path / "text.txt") for _ in range(2)]
    assert sorted(type(each.exception()) for each in both if each.exception() is not None) == [DataError]
    assert (tmp_path / "text.txt").read_bytes() == CONTENT
    assert server.starts == [0, *[300_000] * ATTEMPTS]


def test_a_file_system_without_locks(
    server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(FileLock, "acquire", refuse)
    assert fetch(tmp_path / "text.txt").read_bytes() == CONTENT
    assert "cannot be locked" in caplog.text


def test_small_files_carry_the_hash_of_git(server: Hub, tmp_path: Path) -> None:
    server.etag = hashlib.sha1(b"blob %d\0" % len(CONTENT) + CONTENT).hexdigest()
    assert fetch(tmp_path / "text.txt").read_bytes() == CONTENT
    server.etag = hashlib.sha1(CONTENT).hexdigest()
    with pytest.raises(DataError, match="arrived damaged"):
        fetch(tmp_path / "other.txt")


def test_an_interrupted_download_continues_in_the_next_call(server: Hub, tmp_path: Path, at_once: None) -> None:
    server.break_after = 300_000
    with pytest.raises(DataError, match=r"broke off after 300,000 of \d+ bytes .* it continues from there"):
        fetch(tmp_path / "text.txt")
    assert not (tmp_path / "text.txt").exists()
    server.break_after = None
    server.starts.clear()
    assert fetch(tmp_path / "text.txt").read_bytes() == CONTENT
    assert server.starts == [300_000]


def test_a_connection_that_breaks_once_is_taken_up_at_once(server: Hub, tmp_path: Path, at_once: None) -> None:
    server.break_after = 300_000
    server.breaks = 1
    assert fetch(tmp_path / "text.txt").read_bytes() == CONTENT
    assert server.starts == [0, 300_000]


def test_a_server_that_knows_no_ranges_starts_anew(server: Hub, tmp_path: Path, at_once: None) -> None:
    server.break_after, server.breaks = 300_000, 1
    server.ranges = False
    assert fetch(tmp_path / "text.txt").read_bytes() == CONTENT
    assert server.starts == [0, 0]


def test_a_part_of_another_version_is_not_continued(server: Hub, tmp_path: Path, at_once: None) -> None:
    server.break_after = 300_000
    with pytest.raises(DataError, match="broke off"):
        fetch(tmp_path / "text.txt")
    server.break_after = None
    server.content = CONTENT[::-1]
    server.etag = hashlib.sha256(server.content).hexdigest()
    assert fetch(tmp_path / "text.txt", rows=None).read_bytes() == CONTENT[::-1]


def test_a_corrupted_download_is_refused_and_thrown_away(server: Hub, tmp_path: Path) -> None:
    server.corrupt = True
    with pytest.raises(DataError, match=r"text\.txt from owner/data arrived damaged \(hash .*\) and was thrown away"):
        fetch(tmp_path / "text.txt")
    assert [path.name for path in tmp_path.iterdir()] == [".text.txt.lock"]
    server.corrupt = False
    assert fetch(tmp_path / "text.txt").read_bytes() == CONTENT


def test_wrong_number_of_rows(server: Hub, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has 20,000 rows, where 1,000,000 were published"):
        fetch(tmp_path / "text.txt", rows=1_000_000)
    assert [path.name for path in tmp_path.iterdir()] == [".text.txt.lock"]


def test_a_file_that_the_repository_lacks(server: Hub, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"missing\.txt of the dataset owner/data is needed.*404"):
        fetch_hub_file(HubFile(repo="owner/data", filename="missing.txt"), tmp_path / "missing.txt")


@pytest.mark.parametrize("reason", ["offline", "refused", "silent"])
def test_without_a_network_the_answer_says_what_to_do_and_waits_for_nothing(
    server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    asked: list[bool] = []
    slept: list[float] = []
    over = threading.Event()

    def keep_silent(_: object) -> None:
        asked.append(True)
        over.wait(60)

    match reason:
        case "offline":
            monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        case "refused":
            monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
        case "silent":
            monkeypatch.setattr(HubHandler, "do_HEAD", keep_silent)
            monkeypatch.setattr(download, "_METADATA_SECONDS", 0.2)
    monkeypatch.setattr(time, "sleep", slept.append)
    with pytest.raises(DataError) as caught:
        fetch(tmp_path / "text.txt")
    over.set()
    assert asked == ([True] if reason == "silent" else [])
    assert slept == []  # nothing is tried again
    message = str(caught.value)
    assert "text.txt of the dataset owner/data" in message
    assert str(tmp_path / "text.txt") in message
    assert "SENTCSE_DATA" in message
    assert "curl -L -o text.txt https://huggingface.co/datasets/owner/data/resolve/main/text.txt" in message


def test_what_lies_there_needs_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "hub_is_reachable", lambda: pytest.fail("asked for the network"))
    (tmp_path / "text.txt").write_text("own\n")
    assert fetch(tmp_path / "text.txt") == tmp_path / "text.txt"
    assert [path.read_text() for path in tmp_path.iterdir()] == ["own\n"]
