"""What stands before the page: it lets no stranger's address, no large request and no upload through."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]

LARGEST = 64 * 1024
"""Bytes of a request: more than `sentcse.demo.answers` reads."""
NOT_SERVED = ("/gradio_api/upload", "/gradio_api/proxy", "/gradio_api/stream", "/gradio_api/process_recording")
"""What gradio offers and the page does not need: files in, and requests to others."""
HEADERS = (
    # that nothing is asked of anybody else; gradio itself needs inline scripts, and makes functions of its templates
    (
        b"content-security-policy",
        b"default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        b"img-src 'self' data: blob:; font-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; "
        b"frame-ancestors 'self'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Guard:
    """ASGI middleware.

    Args:
        app: what is guarded.
        host: the address that is listened on. Where it is this machine's own, requests must name it: a page from
            elsewhere that has its name point here (DNS rebinding) gets nothing.
    """

    def __init__(self, app: App, *, host: str) -> None:
        self._app = app
        self._names = {*LOOPBACK, host} if host in LOOPBACK else None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Refuse, or pass on with the whole body read."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        refused = self._refusal(scope)
        body = b"" if refused is not None else await _body(receive)
        if body is None:
            refused = 413, f"A request has at most {LARGEST:,} bytes."
        if refused is not None:
            await _answer(send, *refused)
            return
        await self._app(scope, _again(body or b"", receive), _with_headers(send))

    def _refusal(self, scope: Message) -> tuple[int, str] | None:
        if scope["type"] != "http":
            return 404, "Nothing is here."
        named = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
        if self._names is not None and _without_port(named) not in self._names:
            return 421, "This page answers to its own address alone."
        if scope["path"].startswith(NOT_SERVED):
            return 404, "Nothing is here."
        return None


def _without_port(named: str) -> str:
    if named.startswith("["):
        return named[1:].partition("]")[0]
    return named.partition(":")[0]


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None if it is too large."""
    body = b""
    while True:
        message = await receive()
        part: bytes = message.get("body", b"")
        body += part
        if len(body) > LARGEST:
            return None
        if not message.get("more_body", False):
            return body


def _again(body: bytes, receive: Receive) -> Receive:
    """What was read, then whatever comes: that the reader has gone."""
    given = False

    async def next_message() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return next_message


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), *HEADERS]
        await send(message)

    return sending


async def _answer(send: Send, status: int, text: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})
