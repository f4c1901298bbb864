"""The evaluation files from wherever they can be had: checked by hash, then put in place in one move."""

from __future__ import annotations

import http.client
import logging
import os
import shutil
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from sentcse.config.data import HubFile
from sentcse.config.section import Level
from sentcse.config.tasks import TRANSLATIONS, download_command
from sentcse.data.fetching.archive import extract_members
from sentcse.data.fetching.download import fetch_hub_file
from sentcse.data.fetching.manifest import TOLERATED, EvaluationFile, FileCheck, Manifest, check_file, load_manifest
from sentcse.data.fetching.published import SIMCSE_REPO
from sentcse.data.fetching.sources import GITHUB, MIRRORS, Mirror, addresses, terms_of
from sentcse.errors import DataError
from sentcse.machine.files import put_in_place
from sentcse.machine.hub import address_is_reachable

logger = logging.getLogger(__name__)

ARCHIVE = "senteval.tar"
_SECONDS = 30.0
_SHOWN = 3
_DIFFERENCES = {
    "missing": "less",
    "rows": "another number of rows",
    "line ends": "other line ends",
    "text": "other spaces, punctuation or capitals",
    "bytes": "other content",
}


def ensure_senteval(root: Path, required: Sequence[str], *, level: Level = "exact") -> None:
    """Fetch SentEval's files into `root`/senteval, unless they lie there; those that do are not looked into.

    Args:
        root: data root.
        required: files below `root`/senteval, such as "STS/STSBenchmark/sts-dev.csv".
        level: how much of what is fetched must be right.

    Raises:
        DataError: files that are missing, and that no source gives.
    """
    missing = [name for name in required if not (root / "senteval" / name).exists()]
    if len(missing) > 0:
        for note in terms_of(fetch_senteval(root, missing, level=level)):
            logger.info("%s", note)


def fetch_senteval(
    root: Path,
    names: Sequence[str],
    *,
    level: Level = "exact",
    manifest: Manifest | None = None,
    mirrors: Sequence[Mirror] = MIRRORS,
) -> dict[str, str]:
    """Fetch SentEval's files anew: out of SimCSE's archive on the hub, and what that does not give one by one.

    A file is checked in a folder of its own before it takes its place; one that lay there is kept as NAME.replaced.

    Args:
        root: data root.
        names: files below `root`/senteval.
        level: how much of them must be right; "none" fetches no less than "text".
        manifest: what they must be; None for the published files.
        mirrors: places that have single files.

    Returns:
        Where each file came from.

    Raises:
        DataError: names files that no source gave, and says why.
    """
    known = load_manifest() if manifest is None else manifest
    # a folder of this call's own: several processes may lack the same file
    staging = root / "downloads" / f".senteval-{uuid.uuid4().hex[:8]}"
    allowed = TOLERATED["exact" if level == "exact" else "text"]
    origins: dict[str, str] = {}
    reasons: list[str] = []
    try:
        for source in (_archive(root), *(_mirror(mirror) for mirror in mirrors)):
            rest = [known[name] for name in names if name not in origins]
            for file, origin, fault in source(staging, rest):
                check = check_file(staging, file)
                if fault is None and check.state in allowed:
                    _put_in_place(staging / file.path, root / "senteval" / file.path)
                    origins[file.path] = origin
                else:
                    reasons.append(_refusal(check, origin) if fault is None else fault)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    missing = [name for name in names if name not in origins]
    if len(missing) > 0:
        archive, *others = dict.fromkeys(reasons)
        # the archive's last: without a network it ends with the command that fetches it
        said, where = " ".join([*others[:_SHOWN], archive]), (root / "senteval").absolute()
        alone = [name for name in missing if name.startswith(TRANSLATIONS)]
        if len(alone) > 0:  # which the archive does not hold
            said += (
                f" {TRANSLATIONS} comes from {GITHUB} alone: run `{download_command(alone)}` where there is a network, "
                f"and copy its files to {where}."
            )
        raise DataError(f"{_some(missing)} cannot be put into {where}: no source gave what was published. {said}")
    return origins


_Attempt = tuple[EvaluationFile, str, str | None]
"""A file that lies in the folder now, where it came from, and why it does not lie there or None."""
_Source = Callable[[Path, Sequence[EvaluationFile]], Iterator[_Attempt]]


def _archive(root: Path) -> _Source:
    def fetch(folder: Path, files: Sequence[EvaluationFile]) -> Iterator[_Attempt]:
        files = [file for file in files if not file.path.startswith(TRANSLATIONS)]
        if len(files) == 0:
            return
        archive = root / "downloads" / ARCHIVE
        try:
            fetch_hub_file(HubFile(repo=SIMCSE_REPO, filename=ARCHIVE), archive)
            absent = extract_members(archive, {file.path: file.size for file in files}, folder)
        except DataError as error:
            yield from ((file, ARCHIVE, str(error)) for file in files)
            return
        for file in files:
            fault = f"{archive} does not hold {_some(absent)}." if file.path in absent else None
            yield file, f"{ARCHIVE} of {SIMCSE_REPO}", fault

    return fetch


def _mirror(mirror: Mirror) -> _Source:
    def fetch(folder: Path, files: Sequence[EvaluationFile]) -> Iterator[_Attempt]:
        for file in files:
            for url in addresses(file.path, [mirror]):
                if address_is_reachable(url):
                    yield file, url, _download(url, folder / file.path, file.size)
                else:
                    yield file, url, f"{mirror.base} cannot be reached."

    return fetch


def _download(url: str, target: Path, size: int) -> str | None:
    """Fetch a small file whole, and of one that is longer than expected no more than shows it; why not, or None.

    Raises:
        DataError: if it cannot be written.
    """
    request = urllib.request.Request(url, headers={"User-Agent": "sentcse"})
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
            content = answer.read(size + 1)
    except (http.client.HTTPException, OSError) as error:
        return f"{url} cannot be fetched ({error})."
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    except OSError as error:
        raise DataError(f"{target} cannot be written: {error.strerror}.") from None
    return None


def _put_in_place(source: Path, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists() and target.read_bytes() != source.read_bytes():
            os.replace(target, target.with_name(f"{target.name}.replaced"))
        put_in_place(source, target)
    except OSError as error:
        raise DataError(f"{target} cannot be written: {error.strerror}.") from None


def _refusal(check: FileCheck, origin: str) -> str:
    remedy = "; verify=text takes it" if check.state in TOLERATED["text"] else ""
    return f"{check.file.path} from {origin} has {_DIFFERENCES[check.state]} than the published file{remedy}."


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
