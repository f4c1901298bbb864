"""Is the model hub within reach? Asked once, fast: the libraries' own retries take half a minute."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from functools import cache
from urllib.parse import urlsplit

REACH_SECONDS = 3.0
OFFLINE_VARIABLES = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")


def is_offline_by_choice() -> bool:
    """Whether the user has switched the hub off by HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE."""
    return any(os.environ.get(name, "").upper() in {"1", "ON", "YES", "TRUE"} for name in OFFLINE_VARIABLES)


def hub_endpoint() -> str:
    """The hub's address: HF_ENDPOINT, else huggingface.co."""
    return os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")


@cache
def _accepts_connections(host: str, port: int) -> bool:
    connected = threading.Event()

    def connect() -> None:
        with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=REACH_SECONDS):
            connected.set()

    # looking up a name knows no timeout: a daemon thread does it, which nothing waits for
    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(REACH_SECONDS)
    return connected.is_set()


def hub_is_reachable() -> bool:
    """Whether the hub answers within 3 s, directly or through a proxy; False where it is switched off."""
    return address_is_reachable(hub_endpoint())


def address_is_reachable(url: str) -> bool:
    """Whether a server answers within 3 s, directly or through a proxy; False where the hub is switched off.

    Who forbids requests to the hub by HF_HUB_OFFLINE wants no other requests either.
    """
    if is_offline_by_choice():
        return False
    address = urlsplit(os.environ.get("HTTPS_PROXY", os.environ.get("https_proxy", url)))
    port = address.port if address.port is not None else {"http": 80}.get(address.scheme, 443)
    return _accepts_connections(str(address.hostname), port)


@contextlib.contextmanager
def without_hub() -> Iterator[None]:
    """Let the libraries look into their caches only, as HF_HUB_OFFLINE does for a whole process."""
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before
