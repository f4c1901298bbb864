from __future__ import annotations

import errno
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from disk import note_renames
from safetensors.torch import save_file
from tokenizers import Tokenizer
from tokenizers.models import BPE

from sentcse.errors import SentcseError
from sentcse.machine.files import (
    disk_fault,
    first_line,
    put_in_place,
    read_json,
    replaced_as_a_whole,
    write_json,
    write_text,
    writing,
    written_whole,
)


def test_a_json_object_is_read_and_anything_else_gets_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"a": 1}')
    assert read_json(path) == read_json(path, keys=("a",)) == {"a": 1}
    with pytest.raises(SentcseError, match=r"a\.json is damaged: b, c is missing in it"):
        read_json(path, keys=("a", "b", "c"))
    for damaged, sentence in (
        (b'{"a": ', "cannot be read as JSON: Expecting value"),
        (b"", "cannot be read as JSON: Expecting value"),
        (b"\xff\xfe", "cannot be read as JSON: 'utf-8' codec"),
        (b"[1]", "cannot be read as JSON: expected an object, got list"),
        (b"null", "cannot be read as JSON: expected an object, got NoneType"),
    ):
        path.write_bytes(damaged)
        with pytest.raises(SentcseError, match=rf"a\.json {sentence}"):
            read_json(path)
    with pytest.raises(SentcseError, match=r"none\.json cannot be read as JSON"):
        read_json(tmp_path / "none.json")


def test_what_is_written_replaces_what_was_there_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    for content in ({"a": 1}, {"a": "ü"}):
        write_json(path, content)
        assert read_json(path) == content
    assert path.read_text(encoding="utf-8") == '{\n  "a": "ü"\n}\n'
    write_text(path, "text")
    assert path.read_text() == "text"
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"a": float("inf")}, allow_nan=False)
    write_json(path, {"a": float("inf")})
    assert json.loads(path.read_text()) == {"a": float("inf")}


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("alone", [True, False])
def test_a_fault_leaves_the_older_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, alone: bool
) -> None:
    path = tmp_path / "file"
    write_text(path, "older")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, step, full)
        with pytest.raises(OSError, match="No space left"), written_whole(path, alone=alone) as partial:
            partial.write_text("newer")
    assert path.read_text() == "older"
    with pytest.raises(KeyboardInterrupt), written_whole(path, alone=alone) as partial:
        raise KeyboardInterrupt(partial.write_text("half"))
    assert path.read_text() == "older"
    assert list(tmp_path.iterdir()) == [path]


def test_it_is_on_the_disk_before_it_has_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    renames = note_renames(monkeypatch)
    write_text(tmp_path / "file", "text")
    with replaced_as_a_whole(tmp_path / "folder", kind="encoder", marker="mark") as partial:
        (partial / "inner").mkdir()
        (partial / "inner" / "weights").write_text("weights")
    (tmp_path / "download").write_text("text")
    put_in_place(tmp_path / "download", tmp_path / "corpus")
    assert renames == {"file": True, "folder": True, "corpus": True}
    os.replace(tmp_path / "corpus", tmp_path / "synced")
    (tmp_path / "loose").write_text("text")
    os.replace(tmp_path / "loose", tmp_path / "unsynced")
    assert (renames["synced"], renames["unsynced"]) == (True, False)  # so the test can fail


def test_who_may_read_a_folder_may_read_its_files(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with replaced_as_a_whole(tmp_path / "folder", kind="encoder", marker="mark") as partial:
            (partial / "inner").mkdir()
            (partial / "inner" / "weights").touch(0o600)
            (partial / "card").touch()
    finally:
        os.umask(before)
    written = [path for path in (tmp_path / "folder").rglob("*") if path.is_file()]
    assert sorted(path.name for path in written) == ["card", "weights"]
    assert {path.stat().st_mode & 0o777 for path in written} == {0o640}


def test_what_a_kill_leaves_of_a_file_with_one_writer_is_written_over(tmp_path: Path) -> None:
    (tmp_path / ".file.partial").write_text("left by a kill, and longer than what follows")
    with written_whole(tmp_path / "file", alone=True) as partial:
        partial.write_text("whole")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("file", "whole")]


def test_a_place_that_cannot_be_written_gets_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "a.txt"
    with (
        pytest.raises(SentcseError, match=r"a\.txt cannot .*\(Not a directory\): name another\."),
        writing(path, "name another"),
    ):
        write_text(path, "text")
    with (
        pytest.raises(SentcseError, match=r"cannot .*\(without a number\): name another\."),
        writing(path, "name another"),
    ):
        raise OSError("without a number")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "full"), os.strerror(errno.ENOSPC)),
        (Exception(f"No space left on device (os error {errno.ENOSPC})"), os.strerror(errno.ENOSPC)),
        (Exception(f"IoError(Os {{ code: {errno.EROFS}, kind: ReadOnlyFilesystem }})"), os.strerror(errno.EROFS)),
        (FileNotFoundError(errno.ENOENT, "gone"), None),
        (ValueError("28"), None),
    ],
)
def test_a_fault_of_the_disk_is_known_whoever_met_it(error: Exception, said: str | None) -> None:
    assert disk_fault(error) == said


def test_a_folder_that_is_deleted_while_a_library_in_rust_writes_into_it_gets_a_sentence(tmp_path: Path) -> None:
    def export(write: Callable[[Path], None]) -> None:
        with replaced_as_a_whole(tmp_path / "encoder", kind="encoder", marker="mark") as partial:
            shutil.rmtree(partial)
            write(partial)

    for write in (
        lambda folder: save_file({"weight": torch.ones(1)}, folder / "model.safetensors"),
        lambda folder: Tokenizer(BPE()).save(str(folder / "tokenizer.json")),
    ):
        with pytest.raises(SentcseError, match=r"encoder cannot be written: No such file or directory\.$"):
            export(write)


@pytest.mark.parametrize(
    "error", [ValueError("status code: 28"), SentcseError("a.safetensors is damaged (os error 2).")]
)
def test_what_is_no_fault_of_writing_keeps_its_words(tmp_path: Path, error: Exception) -> None:
    with (
        pytest.raises(type(error), match=re.escape(str(error))),
        replaced_as_a_whole(tmp_path / "encoder", kind="encoder", marker="mark"),
    ):
        raise error


def test_what_killed_processes_left_goes_after_a_day(tmp_path: Path) -> None:
    old, new, other = (tmp_path / f".{name}.partial" for name in ("a.json.1", "a.json.2", "b.json.1"))
    for partial in (old, new, other):
        partial.write_text("x")
    for partial in (old, other):
        os.utime(partial, (0, 0))
    write_text(tmp_path / "a.json", "y")
    assert [path.exists() for path in (old, new, other)] == [False, True, True]


def test_a_key_that_is_missing_and_a_heading_get_words() -> None:
    assert first_line(KeyError("pooler")) == "there is no 'pooler'"
    assert first_line(RuntimeError("Errors in loading:\n\tsize mismatch\nmore")) == "Errors in loading: size mismatch"
    assert first_line(RuntimeError()) == "RuntimeError"
