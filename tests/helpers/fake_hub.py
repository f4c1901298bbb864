"""A hub with one file, on this machine."""

from __future__ import annotations

import hashlib
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMIT = "0123456789abcdef0123456789abcdef01234567"
CONTENT = b"".join(b"sentence number %d of the file\n" % number for number in range(20_000))


class Hub(ThreadingHTTPServer):
    """What the hub answers for one file: HEAD with commit, etag and size; GET with ranges; faults on demand."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), HubHandler)
        self.content = CONTENT
        self.etag = hashlib.sha256(CONTENT).hexdigest()
        self.corrupt = False
        self.break_after: int | None = None
        self.breaks = 10
        self.ranges = True
        self.seconds = 0.0
        self.starts: list[int] = []
        self.paths: list[str] = []


class HubHandler(BaseHTTPRequestHandler):
    server: Hub

    def do_HEAD(self) -> None:
        self._headers(200 if "missing" not in self.path else 404, 0)

    def do_GET(self) -> None:
        hub = self.server
        header = self.headers.get("Range") if hub.ranges else None
        start = 0 if header is None else int(header.removeprefix("bytes=").split("-")[0])
        hub.starts.append(start)
        hub.paths.append(self.path)
        body = hub.content[start:]
        if hub.corrupt:
            body = body.replace(b"number 7 ", b"number 8 ")
        self._headers(200 if header is None else 206, start)
        if hub.break_after is not None and hub.breaks > 0:
            hub.breaks -= 1
            body = body[: hub.break_after]
            hub.break_after = 0
        half = len(body) // 2
        self.wfile.write(body[:half])
        time.sleep(hub.seconds)
        self.wfile.write(body[half:])

    def _headers(self, status: int, start: int) -> None:
        size = len(self.server.content)
        self.send_response(status)
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{self.server.etag}"')
        self.send_header("Content-Length", str(size - start if status != 404 else 0))
        if status == 404:
            self.send_header("X-Error-Code", "EntryNotFound")
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass
