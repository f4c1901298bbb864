"""The page on an address of this machine, until it is stopped."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sentcse.demo.guard import LOOPBACK, Guard
from sentcse.demo.page import appearance
from sentcse.errors import SentcseError

if TYPE_CHECKING:
    from gradio import Blocks

CONNECTIONS = 256
"""Open at a time; more are answered by 503. A page that is looked at has two or three."""
MISSING = "The page needs gradio, which is not installed: pip install 'sentcse[demo]'."


def require_gradio() -> None:
    """Find out before any work whether the page can be shown.

    Raises:
        SentcseError: if gradio is not installed.
    """
    try:
        for name in ("gradio", "fastapi", "uvicorn"):
            __import__(name)
    except ImportError:
        raise SentcseError(MISSING) from None


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 is one that is free.

    Raises:
        SentcseError: if the address is taken, not allowed, or not one of this machine.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(CONNECTIONS)
        except OSError:
            listening.close()
            raise
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise SentcseError(
            f"host={host} port={port} cannot be listened on ({why}): choose another port, or port=0 for a free one."
        ) from error
    return listening


def application(page: Blocks, maps: Sequence[str | None], *, host: str) -> Guard:
    """The page with the maps at /map/0 and /map/1, behind the guard."""
    import gradio as gr
    from fastapi import FastAPI
    from fastapi.responses import HTMLResponse

    app: Any = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    def show_map(number: int) -> Any:
        html = maps[number] if 0 <= number < len(maps) else None
        return HTMLResponse("Nothing is here.", status_code=404) if html is None else HTMLResponse(html)

    app.get("/map/{number}", response_model=None)(show_map)
    settings = {"show_error": False, "ssr_mode": False, "pwa": False, "enable_monitoring": False, "max_file_size": 1}
    return Guard(gr.mount_gradio_app(app, page, path="", **settings, **appearance()), host=host)


def serve(app: Guard, listening: socket.socket) -> None:
    """Answer until Ctrl+C."""
    import uvicorn

    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    print(f"http://{shown}:{port} (Ctrl+C ends it)", flush=True)
    if host not in LOOPBACK:
        print("Whoever reaches this address can read the sentences: host=127.0.0.1 keeps them here.", flush=True)
    settings = uvicorn.Config(
        app, log_level="warning", access_log=False, limit_concurrency=CONNECTIONS, timeout_graceful_shutdown=2
    )
    try:
        uvicorn.Server(settings).run(sockets=[listening])
    except KeyboardInterrupt:
        print("Ended.")
