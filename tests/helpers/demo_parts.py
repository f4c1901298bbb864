"""A tiny encoder's models and answers for the tests of the page to try it on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

from tiny import tiny_bert, tiny_tokenizer

from sentcse.demo.answers import Answers
from sentcse.demo.models import Model
from sentcse.encoder import SentenceEncoder

HOSTILE = [
    "<script>document.title = 'broken'</script>",
    "<img src=x onerror=\"document.title = 'broken'\">",
    "${document.title = 'broken'} {{value}} {{{value}}} {{#each value}}x{{/each}} @children `${1 + 1}`",
    "</textarea></li><b>bold</b> &lt;i&gt; &amp; \"double\" 'single'",
    "<svg onload=\"document.title = 'broken'\"><iframe src='http://localhost:9/frame'></iframe>",
]
"""Sentences that would do something if they were taken for HTML, or for a template of gradio's."""
SENTENCES = ["A man plays music in the city.", "The dog runs to the woman.", "A woman sits in the city.", *HOSTILE]


def make_model(name: str = "tiny", *, seed: int = 0) -> Model:
    encoder = SentenceEncoder(tiny_bert(seed=seed), tiny_tokenizer(), pooler="avg").eval()
    return Model(name, encoder, SENTENCES, batch_size=4, progress=False)


def make_answers(number: int = 1, *, top_k: int = 8) -> Answers:
    return Answers([make_model(f"tiny {seed}", seed=seed) for seed in range(number)], SENTENCES, top_k=top_k)


@contextmanager
def served(app: Any, listening: Any) -> Iterator[str]:
    """The address at which an application answers inside the block."""
    import uvicorn

    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1))
    thread = Thread(target=lambda: server.run(sockets=[listening]), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)


def ask(client: Any, name: str, text: str) -> str:
    """What the page answers: HTML; `client` is one of httpx."""
    event = client.post(f"/gradio_api/call/{name}", json={"data": [text]}).raise_for_status().json()["event_id"]
    told = client.get(f"/gradio_api/call/{name}/{event}").raise_for_status().text
    assert "event: complete" in told, told
    (data,) = [line for line in told.splitlines() if line.startswith("data:") and line != "data: null"]
    (html,) = json.loads(data.removeprefix("data:"))
    return str(html)


def memory_of(process: int) -> int:
    """Bytes that a process has in memory."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    (kilobytes,) = [int(line.split()[1]) for line in lines if line.startswith("VmRSS:")]
    return kilobytes * 1024
