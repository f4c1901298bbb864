"""Take single files out of a tar archive that is not trusted."""

from __future__ import annotations

import tarfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from sentcse.errors import DataError
from sentcse.machine.files import written_whole


def extract_members(archive: Path, wanted: Mapping[str, int], folder: Path) -> list[str]:
    """Extract files, found by the end of their path in the archive, to the same relative path below `folder`.

    Only regular files are taken, under names that were asked for; a member cannot choose a place outside `folder`.

    Args:
        archive: a tar file, compressed or not.
        wanted: relative paths of files, or of folders, of which all files are taken; and how many bytes a file has. Of
            one that is larger no more is written than shows it, whatever an archive of a few bytes unpacks to.
        folder: destination.

    Returns:
        Those of `wanted` that the archive does not hold.

    Raises:
        DataError: the archive is damaged, or cannot be unpacked here.
    """
    absent = set(wanted)
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                for name, target in _targets(member, wanted):
                    _write(tar, member, folder / target, wanted[name])
                    absent.discard(name)
    except (tarfile.TarError, EOFError) as error:
        raise DataError(f"{archive} is not a whole tar archive ({error}): delete it and start again.") from None
    except OSError as error:
        raise DataError(f"{archive} cannot be unpacked to {folder}: {error.strerror}.") from error
    return [name for name in wanted if name in absent]


def _targets(member: tarfile.TarInfo, wanted: Iterable[str]) -> Iterator[tuple[str, PurePosixPath]]:
    path = PurePosixPath("/") / member.name
    if not member.isfile() or ".." in path.parts or path.name.startswith("._"):
        return
    for name in wanted:
        parts = PurePosixPath(name).parts
        for start in range(1, len(path.parts) - len(parts) + 1):
            if path.parts[start : start + len(parts)] == parts:
                yield name, PurePosixPath(*path.parts[start:])
                break


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path, size: int) -> None:
    source = tar.extractfile(member)
    if source is None:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(target) as partial, partial.open("wb") as file:
        file.write(source.read(size + 1))
