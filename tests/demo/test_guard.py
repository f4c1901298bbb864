from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sentcse.demo.guard import LARGEST, NOT_SERVED, Guard


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers with what it was sent."""
    message = await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-own", b"1")]})
    await send({"type": "http.response.body", "body": message["body"] + (await receive())["type"].encode()})


def call(
    guard: Guard,
    *,
    path: str = "/",
    host: str = "127.0.0.1:7860",
    parts: tuple[bytes, ...] = (b"",),
    kind: str = "http",
) -> tuple[int, bytes, dict[bytes, bytes]]:
    last = len(parts) - 1
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": part, "more_body": number < last} for number, part in enumerate(parts)
    ]
    messages.append({"type": "http.disconnect"})
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(guard({"type": kind, "path": path, "headers": [(b"host", host.encode())]}, receive, send))
    start, *bodies = sent
    return start["status"], b"".join(each["body"] for each in bodies), dict(start["headers"])


def test_a_request_goes_through_whole_and_its_answer_forbids_strangers() -> None:
    status, body, headers = call(Guard(echo, host="127.0.0.1"), parts=(b"ab", b"cd"))
    assert (status, body) == (200, b"abcdhttp.disconnect")
    assert headers[b"x-own"] == b"1"
    assert headers[b"content-security-policy"].startswith(b"default-src 'self'; ")
    assert headers[b"x-content-type-options"] == b"nosniff"


def test_a_large_request_is_refused_at_any_split() -> None:
    guard = Guard(echo, host="127.0.0.1")
    assert call(guard, parts=(b"x" * LARGEST,))[0] == 200
    for parts in ((b"x" * (LARGEST + 1),), (b"x" * LARGEST, b"x"), (b"x" * 1000,) * 70):
        status, body, _ = call(guard, parts=parts)
        assert (status, body) == (413, b"A request has at most 65,536 bytes.")


@pytest.mark.parametrize("path", NOT_SERVED)
def test_uploads_and_requests_to_others_are_not_there(path: str) -> None:
    guard = Guard(echo, host="127.0.0.1")
    assert call(guard, path=path)[0] == 404
    assert call(guard, path=f"{path}=http://localhost:9/")[0] == 404


@pytest.mark.parametrize(
    ("host", "named", "status"),
    [
        ("127.0.0.1", "127.0.0.1:7860", 200),
        ("127.0.0.1", "localhost", 200),
        ("::1", "[::1]:7860", 200),
        ("127.0.0.1", "elsewhere.example:7860", 421),
        ("localhost", "", 421),
        ("127.0.0.1", "127.0.0.1.elsewhere.example", 421),
        ("0.0.0.0", "elsewhere.example", 200),
    ],
)
def test_a_page_on_loopback_answers_to_its_own_name_alone(host: str, named: str, status: int) -> None:
    assert call(Guard(echo, host=host), host=named)[0] == status


def test_no_websocket() -> None:
    assert call(Guard(echo, host="127.0.0.1"), kind="websocket")[0] == 404
