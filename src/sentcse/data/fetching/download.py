"""Files from the Hugging Face hub: resumed, checked by size and hash, put in place in one move."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from sentcse.config.data import HubFile
from sentcse.data.formats import EXTENSIONS
from sentcse.data.hashing import sha256_of_file
from sentcse.data.text_file import TextFile
from sentcse.errors import DataError
from sentcse.machine.files import put_in_place
from sentcse.machine.hub import hub_endpoint, hub_is_reachable
from sentcse.machine.locks import one_at_a_time

if TYPE_CHECKING:
    from huggingface_hub import HfFileMetadata

logger = logging.getLogger(__name__)

_PUBLIC_HUB = "https://huggingface.co"
_METADATA_SECONDS = 4.0
_SHA256_CHARACTERS = 64
_BLOCK = 2**20


def fetch_hub_file(file: HubFile, destination: Path) -> Path:
    """Download a file of a dataset repository, unless it lies there already.

    `hf_hub_download` (huggingface_hub 2.4) keeps nothing of an interrupted download and checks no hash. Its `http_get`,
    which takes up a connection that breaks, is given a file that is kept instead: beside the destination, under a name
    with the published hash, so that the next call continues it. Of several processes that lack the file, one fetches it
    and the others wait.

    Args:
        file: what to fetch; its `rows` are counted where it is a corpus that can be read.
        destination: where the file shall lie.

    Returns:
        `destination`.

    Raises:
        DataError: no network (known within 5 s), no such file, an interrupted or damaged download, or a wrong
            number of rows.
    """
    if destination.is_file():
        return destination
    if not hub_is_reachable():
        raise _unavailable(file, destination, "the hub cannot be reached")
    metadata = _metadata(file, destination)
    # The commit, not the branch: a resumed download must not mix two states of the repository.
    pinned = file if metadata.commit_hash is None else file.model_copy(update={"revision": metadata.commit_hash})
    # with the extension, by which the form of a corpus is told
    partial = destination.with_name(f".{destination.stem}.{str(metadata.etag)[:16]}.part{destination.suffix}")
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        with one_at_a_time(destination):
            # who held the lock until now may have put it there
            if not destination.is_file():
                _download(pinned, partial, metadata, destination)
                _check_hash(partial, metadata, file)
                _check_rows(partial, file)
                put_in_place(partial, destination)
    except OSError as error:
        reason = error.strerror if error.strerror is not None else str(error).split("\n")[0]
        raise DataError(f"{file.filename} of {file.repo} cannot be put at {destination}: {reason}.") from error
    return destination


def _url(file: HubFile, endpoint: str) -> str:
    from huggingface_hub import hf_hub_url

    return hf_hub_url(file.repo, file.filename, repo_type="dataset", revision=file.revision, endpoint=endpoint)


def _metadata(file: HubFile, destination: Path) -> HfFileMetadata:
    from huggingface_hub import get_hf_file_metadata
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    try:
        return get_hf_file_metadata(_url(file, hub_endpoint()), timeout=_METADATA_SECONDS)
    except HfHubHTTPError as error:
        raise _unavailable(file, destination, _first_line(error)) from None
    except (_network_fault(), OfflineModeIsEnabled) as error:
        raise _unavailable(file, destination, f"the hub does not answer ({type(error).__name__})") from None


def _download(file: HubFile, partial: Path, metadata: HfFileMetadata, destination: Path) -> None:
    """Append to `partial` what it lacks; of a connection that breaks, at most the last 10 MB are asked for again."""
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

    if metadata.size is not None and partial.is_file() and partial.stat().st_size > metadata.size:
        partial.unlink()
    # compressed on its way, a part could not be continued
    headers = {**build_hf_headers(), "Accept-Encoding": "identity"}
    try:
        with partial.open("ab") as part:
            http_get(
                _url(file, hub_endpoint()),
                part,
                resume_size=part.tell(),
                headers=headers,
                expected_size=metadata.size,
                displayed_filename=destination.name,
            )
    except _network_fault() as error:
        raise DataError(
            f"The download of {file.filename} from {file.repo} broke off after {partial.stat().st_size:,} of "
            f"{metadata.size} bytes ({_first_line(error)}): start the command again, it continues from there."
        ) from None


def _network_fault() -> type[Exception]:
    """What a connection raises: huggingface_hub 1 stands on httpx, 2 on httpx2, and each names it as its own."""
    from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]

    return HTTPError


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0].rstrip(".")


def _check_hash(partial: Path, metadata: HfFileMetadata, file: HubFile) -> None:
    """Large files carry their SHA-256 as etag, small ones git's SHA-1 of the blob."""
    expected = str(metadata.etag)
    found = sha256_of_file(partial) if len(expected) == _SHA256_CHARACTERS else _git_hash(partial)
    if found != expected:
        partial.unlink()
        raise DataError(
            f"{file.filename} from {file.repo} arrived damaged (hash {found[:12]}..., published {expected[:12]}...) "
            "and was thrown away: start the command again."
        )


def _git_hash(path: Path) -> str:
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as file:
        while (block := file.read(_BLOCK)) != b"":
            digest.update(block)
    return digest.hexdigest()


def _check_rows(partial: Path, file: HubFile) -> None:
    if file.rows is None or partial.suffix not in EXTENSIONS:
        return
    found = sum(1 for _ in TextFile(partial).iter_records())
    if found != file.rows:
        partial.unlink()
        raise DataError(f"{file.filename} from {file.repo} has {found:,} rows, where {file.rows:,} were published.")


def _unavailable(file: HubFile, destination: Path, reason: str) -> DataError:
    return DataError(
        f"{file.filename} of the dataset {file.repo} is needed, does not lie at {destination.absolute()}, and "
        f"cannot be downloaded ({reason}): point SENTCSE_DATA at a folder that has it, or fetch it on a "
        f"machine with a network: curl -L -o {destination.name} {_url(file, _PUBLIC_HUB)}"
    )
