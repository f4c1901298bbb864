"""Bytes over a network that breaks: what has arrived is on disk, and the rest is asked for."""

from __future__ import annotations

import time
from pathlib import Path

_ATTEMPTS = 5
_PAUSE_SECONDS = 1.0
_PARTIAL_CONTENT = 206


def transfer(url: str, partial: Path, size: int | None, label: str) -> None:
    """Append to `partial` what it lacks of a file of the hub.

    huggingface_hub's own `http_get` hands on 10 MB at a time and loses what it has of the last ones when the connection
    breaks; its session is used here for its proxies and tokens, and each packet is written.

    Args:
        url: address of the file, of a fixed commit.
        partial: the part that has arrived, or nothing.
        size: bytes of the whole file, if known.
        label: name on the progress bar.

    Raises:
        httpx2.HTTPError: the connection broke five times without a byte in between, or the server refused.
    """
    import httpx2

    failures = 0
    while size is None or _size(partial) < size:
        before = _size(partial)
        try:
            _append(url, partial, size, label)
        except httpx2.TransportError:
            failures = 1 if _size(partial) > before else failures + 1
            if failures == _ATTEMPTS:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def _size(partial: Path) -> int:
    return partial.stat().st_size if partial.is_file() else 0


def _append(url: str, partial: Path, size: int | None, label: str) -> None:
    from huggingface_hub import constants, get_session
    from huggingface_hub.utils._headers import build_hf_headers
    from huggingface_hub.utils._http import hf_raise_for_status
    from tqdm import tqdm

    have = _size(partial)
    headers = {**build_hf_headers(), "Accept-Encoding": "identity", "Range": f"bytes={have}-"}
    timeout = constants.HF_HUB_DOWNLOAD_TIMEOUT
    with get_session().stream("GET", url, headers=headers, timeout=timeout, follow_redirects=True) as response:
        hf_raise_for_status(response)
        # A server that does not know ranges sends the whole file again.
        if response.status_code != _PARTIAL_CONTENT:
            have = 0
        with (
            partial.open("ab" if have > 0 else "wb", buffering=0) as file,
            tqdm(desc=label, total=size, initial=have, unit="B", unit_scale=True) as bar,
        ):
            for chunk in response.iter_bytes():
                bar.update(file.write(chunk))
