from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from sentcse.data.fetching.archive import extract_members
from sentcse.errors import DataError


def make_tar(path: Path, names: list[str], links: dict[str, str] | None = None) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = len(name)
            member.mode = 0o777
            tar.addfile(member, io.BytesIO(name.encode()))
        for name, target in ({} if links is None else links).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            tar.addfile(member)
    return path


def files_of(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_files_and_folders_are_found_by_the_end_of_their_path(tmp_path: Path) -> None:
    names = ["x/down/STS/a.txt", "x/down/STS/b/c.txt", "x/down/MR/d.txt", "e.txt", "x/XSTS/a.txt", "x/._e.txt"]
    archive = make_tar(tmp_path / "a.tar.gz", names)
    absent = extract_members(archive, dict.fromkeys(["STS", "MR/d.txt", "e.txt", "none.txt"], 100), tmp_path / "out")
    assert absent == ["none.txt"]
    assert files_of(tmp_path / "out") == {
        "STS/a.txt": names[0],
        "STS/b/c.txt": names[1],
        "MR/d.txt": names[2],
        "e.txt": names[3],
    }


def test_nothing_leaves_the_folder(tmp_path: Path) -> None:
    names = ["/etc/STS/a.txt", "../../STS/b.txt", "x/../STS/c.txt", "STS/../../d.txt"]
    archive = make_tar(tmp_path / "a.tar.gz", names, links={"STS/link": "/etc/passwd"})
    extract_members(archive, {"STS": 100}, tmp_path / "in" / "out")
    assert files_of(tmp_path / "in") == {"out/STS/a.txt": "/etc/STS/a.txt"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tar.gz", "in"]


def test_a_torn_archive(tmp_path: Path) -> None:
    archive = make_tar(tmp_path / "a.tar.gz", [f"STS/{number}" for number in range(1000)])
    archive.write_bytes(archive.read_bytes()[:2000])
    with pytest.raises(DataError, match="is not a whole tar archive"):
        extract_members(archive, {"STS": 100}, tmp_path / "out")
    archive.write_text("<html>")
    with pytest.raises(DataError, match="is not a whole tar archive"):
        extract_members(archive, {"STS": 100}, tmp_path / "out")


def test_of_a_file_that_is_larger_than_it_should_be_no_more_is_written_than_shows_it(tmp_path: Path) -> None:
    archive = tmp_path / "a.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for name, size in (("a.txt", 10**7), ("b.txt", 5)):
            member = tarfile.TarInfo(name)
            member.size = size
            tar.addfile(member, io.BytesIO(bytes(size)))
    assert archive.stat().st_size < 20_000
    assert extract_members(archive, {"a.txt": 5, "b.txt": 5}, tmp_path / "out") == []
    assert {file.name: file.stat().st_size for file in (tmp_path / "out").iterdir()} == {"a.txt": 6, "b.txt": 5}
