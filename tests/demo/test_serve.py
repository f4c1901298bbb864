from __future__ import annotations

import os
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from typing import Any

import pytest
from demo_parts import HOSTILE, SENTENCES, ask, make_answers, served

from sentcse.demo.serve import application, listen, require_gradio
from sentcse.errors import SentcseError


def test_without_gradio_it_is_said_before_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gradio", None)
    with pytest.raises(SentcseError, match=r"needs gradio, which is not installed: pip install 'sentcse\[demo\]'"):
        require_gradio()


def test_an_address_that_is_taken_or_is_none() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SentcseError, match=rf"port={port} cannot be listened on \(.*in use\): choose another port"):
            listen("127.0.0.1", port)
    listen("127.0.0.1", port).close()
    for host in ("no.such.host.invalid", "256.1.1.1", "x" * 300, "203.0.113.7"):
        with pytest.raises(SentcseError, match="cannot be listened on"):
            listen(host, 0)


@pytest.fixture(scope="module")
def client() -> Any:
    pytest.importorskip("gradio", reason="gradio is not installed: pip install -e '.[demo]'")
    import httpx

    from sentcse.demo.page import build_page

    page = build_page(make_answers(2), ["one", "two"], SENTENCES, ["/map/0", None])
    listening = listen("127.0.0.1", 0)
    app = application(page, ["<p>the map</p>", None], host="127.0.0.1")
    with served(app, listening) as address, httpx.Client(base_url=address, timeout=60, trust_env=False) as asking:
        yield asking


def test_the_page_and_its_maps(client: Any) -> None:
    page = client.get("/").raise_for_status()
    assert "sentcse: try an encoder" in page.text
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert client.get("/map/0").text == "<p>the map</p>"
    assert [client.get(f"/map/{name}").status_code for name in ("1", "2", "-1", "x")] == [404, 404, 404, 422]


def test_it_answers(client: Any) -> None:
    answers = make_answers(2)
    assert ask(client, "search", "the dog sits") == answers.search("the dog sits")
    assert ask(client, "compare", "\n".join(HOSTILE)) == answers.compare("\n".join(HOSTILE))
    assert HOSTILE[1] in unescape(ask(client, "search", HOSTILE[1]))


def test_what_is_too_long_is_answered_by_a_sentence(client: Any) -> None:
    # the field's own length is checked by gradio in the browser alone, or here by its own fault
    response = client.post("/gradio_api/call/search", json={"data": ["x" * 70_000]})
    assert (response.status_code, response.text) == (413, "A request has at most 65,536 bytes.")


def test_what_it_does_not_serve(client: Any) -> None:
    upload = client.post("/gradio_api/upload", files={"files": ("a.txt", b"text")})
    assert upload.status_code == 404
    assert client.get("/gradio_api/proxy=http://127.0.0.1:9/x").status_code == 404
    for path in ("/etc/passwd", __file__, os.path.join(os.getcwd(), "pyproject.toml")):
        assert client.get(f"/gradio_api/file={path}").status_code in (403, 404)
    assert client.get("/", headers={"host": "elsewhere.example"}).status_code == 421
    assert client.get("/docs").status_code == 404


def test_nothing_outside_is_asked(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the server: whatever opens a connection while it is built and answers must open it to this machine."""
    from sentcse.demo.page import build_page

    asked: list[Any] = []
    connect = socket.socket.connect

    def connecting(self: socket.socket, address: Any) -> None:
        asked.append(address)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connecting)
    build_page(make_answers(), ["one"], SENTENCES, [None])
    ask(client, "search", "the dog sits")
    assert all(str(address[0]).startswith("127.") for address in asked if isinstance(address, tuple)), asked


def test_many_ask_at_a_time(client: Any) -> None:
    expected = make_answers(2).search("the dog sits")
    with ThreadPoolExecutor(16) as executor:
        assert set(executor.map(lambda _: ask(client, "search", "the dog sits"), range(32))) == {expected}
