"""Is the model hub within reach? Asked once, fast: the libraries' own retries take half a minute."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

REACH_SECONDS = 3.0
PORTS = {"http": 80, "socks5": 1080, "socks5h": 1080}
"""What an address without a port means, where it is not 443."""
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
    try:
        address = urlsplit(_first_hop(url))
        port = address.port if address.port is not None else PORTS.get(address.scheme, 443)
    except ValueError:  # a port that is no number: the libraries cannot use such an address either
        return False
    return address.hostname is not None and _accepts_connections(address.hostname, port)


def _first_hop(url: str) -> str:
    """The address that a request to `url` connects to: its own, or that of a proxy.

    HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY are read as the libraries read them: an empty one is none, and a
    proxy without a scheme is one of http.
    """
    address, proxies = urlsplit(url), getproxies()
    proxy = proxies.get(address.scheme, proxies.get("all", ""))
    if proxy == "" or proxy_bypass(address.netloc):
        return url
    return proxy if "://" in proxy else f"http://{proxy}"


def cached_model(name: str, revision: str | None = None) -> Path | None:
    """The folder of a model in the hub's cache, whose last part is its commit; None where there is none."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        file = try_to_load_from_cache(name, "config.json", revision=revision)
    except HFValidationError:  # no name of the hub's
        return None
    return Path(file).parent if isinstance(file, str) else None


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
