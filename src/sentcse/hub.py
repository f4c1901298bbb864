"""Is the model hub within reach? Asked once, fast: the libraries' own retries take half a minute."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
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
    if is_offline_by_choice():
        return False
    address = urlsplit(os.environ.get("HTTPS_PROXY", os.environ.get("https_proxy", hub_endpoint())))
    port = address.port if address.port is not None else {"http": 80}.get(address.scheme, 443)
    return _accepts_connections(str(address.hostname), port)
