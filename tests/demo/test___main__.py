"""`python -m sentcse.demo`: what it prints, shows and refuses."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from tiny import tiny_checkpoint

from sentcse.demo import serve
from sentcse.demo.__main__ import main
from sentcse.encoder import SentenceEncoder

pytest.importorskip("gradio", reason="gradio is not installed: pip install -e '.[demo]'")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    SentenceEncoder.from_pretrained(tiny_checkpoint(tmp_path / "plain"), pooler="avg").save_pretrained("encoder")
    Path("corpus.txt").write_text("a dog runs\nthe dog sits\nmusic in the city\na man plays\na woman sits\n")


def demo(*words: str) -> int:
    return main(["encoder=encoder", "corpus=corpus.txt", "map=pca", "port=0", "device=cpu", *words])


def test_it_serves_the_page_with_its_map(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Any] = []
    monkeypatch.setattr(serve, "serve", lambda app, listening: shown.append((app, listening.getsockname()[0])))
    assert demo() == 0
    ((_, host),) = shown
    assert host == "127.0.0.1"


def test_without_gradio_nothing_is_read(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "gradio", None)
    assert demo("corpus=missing.txt") == 1
    assert capsys.readouterr().err == (
        "error: The page needs gradio, which is not installed: pip install 'sentcse[demo]'.\n"
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["corpus=missing.txt"], "missing.txt does not exist"),
        (["encoder=nowhere/at/all"], "nowhere/at/all"),
        (["encoder=[encoder,encoder]", "pooler=[avg,avg,avg]"], "pooler"),
        (["encoder=encoder", "pooler=[avg,avg]"], "pooler names 2 and encoder 1"),
        (["encoder=[encoder,encoder,encoder]"], "encoder"),
        (["pooler=mean"], "pooler"),
        (["device=tpu"], "device=tpu is no device"),
        (["host=no.such.host.invalid"], "host=no.such.host.invalid port=0 cannot be listened on"),
        (["port=x"], "port"),
        (["clusters=9"], "5 sentences are too few for clusters: at least 9 were expected"),
        (["corpsu=x"], "corpsu is not a known setting; did you mean corpus?"),
    ],
)
def test_what_it_refuses(words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert demo(*words) in (1, 2)
    said = capsys.readouterr()
    assert sentence in said.err
    assert "Traceback" not in said.err


def test_a_port_that_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    with serve.listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        assert demo(f"port={port}", "corpus=missing.txt") == 1
    assert f"port={port} cannot be listened on" in capsys.readouterr().err
