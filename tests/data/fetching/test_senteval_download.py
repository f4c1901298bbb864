from __future__ import annotations

import hashlib
import io
import logging
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from disk import note_renames
from fake_hub import COMMIT, Hub

from sentcse.data.fetching import senteval_download
from sentcse.data.fetching.manifest import EvaluationFile, manifest_entry
from sentcse.data.fetching.senteval_download import ensure_senteval, fetch_senteval
from sentcse.data.fetching.sources import Mirror
from sentcse.errors import DataError

CONTENTS = {
    "STS/STSBenchmark/sts-dev.csv": b"a man runs .\tit isn 't so .\n",
    "SICK/SICK_trial.txt": b"pair_ID\n1\tA dog\n",
    "MRPC/msr_paraphrase_test.txt": b"Quality\n0\tone\n",
}
MANIFEST = {path: manifest_entry(path, content) for path, content in CONTENTS.items()}
NAMES = list(CONTENTS)


@pytest.fixture
def archive(server: Hub) -> Hub:
    """A hub whose archive holds the three files."""
    hold(server, CONTENTS)
    return server


def hold(server: Hub, contents: dict[str, bytes]) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in contents.items():
            member = tarfile.TarInfo(f"downstream/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    server.content = buffer.getvalue()
    server.etag = hashlib.sha256(server.content).hexdigest()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Mirror]:
    """A mirror that has whatever lies in tmp_path/web."""
    folder = tmp_path / "web"
    folder.mkdir()
    served = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=served.serve_forever, args=(0.01,), daemon=True).start()
    yield Mirror(f"http://127.0.0.1:{served.server_port}", ("STS/", "SICK/", "MRPC/"))
    served.shutdown()
    served.server_close()


def put(folder: Path, contents: dict[str, bytes]) -> None:
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def fetch(root: Path, names: list[str] = NAMES, mirrors: tuple[Mirror, ...] = (), **options: str) -> dict[str, str]:
    return fetch_senteval(root, names, manifest=MANIFEST, mirrors=mirrors, **options)


def test_the_archive_gives_all_and_is_fetched_once(archive: Hub, tmp_path: Path) -> None:
    assert set(fetch(tmp_path, NAMES[:1])) == {NAMES[0]}
    assert files_in(tmp_path / "senteval") == {NAMES[0]: CONTENTS[NAMES[0]]}
    origins = fetch(tmp_path)
    assert origins == dict.fromkeys(NAMES, "senteval.tar of princeton-nlp/datasets-for-simcse")
    assert files_in(tmp_path / "senteval").items() >= CONTENTS.items()
    assert archive.paths == [f"/datasets/princeton-nlp/datasets-for-simcse/resolve/{COMMIT}/senteval.tar"]
    assert [path.name for path in (tmp_path / "downloads").iterdir() if path.is_file()] == ["senteval.tar"]


def test_what_the_archive_lacks_or_has_wrong_comes_from_a_mirror(archive: Hub, tmp_path: Path, web: Mirror) -> None:
    hold(archive, {NAMES[0]: CONTENTS[NAMES[0]].replace(b"man", b"men"), NAMES[1]: CONTENTS[NAMES[1]]})
    put(tmp_path / "web", CONTENTS)
    origins = fetch(tmp_path, mirrors=(web,))
    assert origins == {
        NAMES[0]: f"{web.base}/{NAMES[0]}",
        NAMES[1]: "senteval.tar of princeton-nlp/datasets-for-simcse",
        NAMES[2]: f"{web.base}/{NAMES[2]}",
    }
    assert files_in(tmp_path / "senteval") == CONTENTS
    assert not list((tmp_path / "downloads").glob(".senteval*"))


def test_mirrors_are_tried_in_turn(server: Hub, tmp_path: Path, web: Mirror) -> None:
    """The hub answers nothing useful, the first mirror is empty, the second refuses connections."""
    server.etag = "0" * 64
    put(tmp_path / "web" / "third", CONTENTS)
    mirrors = (web, replace(web, base="http://127.0.0.1:9"), replace(web, base=f"{web.base}/third"))
    assert fetch(tmp_path, mirrors=mirrors) == {name: f"{web.base}/third/{name}" for name in NAMES}
    assert files_in(tmp_path / "senteval") == CONTENTS


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda content: content[:-4], "other content"),
        (lambda content: content + content, "another number of rows"),
        (lambda content: content.replace(b"\n", b"\r\n"), "other line ends"),
        (lambda content: content.replace(b" 't", b"'t"), "other spaces, punctuation or capitals"),
    ],
)
def test_what_is_not_the_published_file_is_never_put_in_place(server: Hub, tmp_path: Path, web: Mirror, damage, said):
    put(tmp_path / "web", {NAMES[0]: damage(CONTENTS[NAMES[0]])})
    with pytest.raises(DataError, match=rf"sts-dev\.csv from http://\S+ has {said} than the published file"):
        fetch(tmp_path, NAMES[:1], mirrors=(web,))
    assert files_in(tmp_path / "senteval") == {}
    assert not list((tmp_path / "downloads").glob(".senteval*"))


@pytest.mark.parametrize("level", ["text", "none"])
def test_another_tokenisation_passes_where_it_may(level: str, server: Hub, tmp_path: Path, web: Mirror) -> None:
    other = CONTENTS[NAMES[0]].replace(b" 't", b"'t")
    put(tmp_path / "web", {NAMES[0]: other})
    assert set(fetch(tmp_path, NAMES[:1], mirrors=(web,), level=level)) == {NAMES[0]}
    assert files_in(tmp_path / "senteval") == {NAMES[0]: other}


def test_a_page_of_html_is_never_a_file(server: Hub, tmp_path: Path, web: Mirror) -> None:
    put(tmp_path / "web", {NAMES[0]: b"<html>"})
    with pytest.raises(DataError, match="has other content"):
        fetch(tmp_path, NAMES[:1], mirrors=(web,), level="none")


def test_each_is_on_the_disk_before_it_has_its_name(
    archive: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    renames = note_renames(monkeypatch)
    fetch(tmp_path)
    assert {Path(name).name for name in NAMES} <= renames.keys()
    assert all(renames.values())


def test_a_file_that_is_replaced_is_kept(archive: Hub, tmp_path: Path) -> None:
    put(tmp_path / "senteval", {NAMES[0]: b"my own\n"})
    fetch(tmp_path, NAMES[:1])
    kept = {NAMES[0]: CONTENTS[NAMES[0]], f"{NAMES[0]}.replaced": b"my own\n"}
    assert files_in(tmp_path / "senteval") == kept
    fetch(tmp_path, NAMES[:1])
    assert files_in(tmp_path / "senteval") == kept


def test_a_torn_archive_is_no_end_where_a_mirror_is(server: Hub, tmp_path: Path, web: Mirror) -> None:
    put(tmp_path, {"downloads/senteval.tar": b"<html>"})
    put(tmp_path / "web", CONTENTS)
    assert len(fetch(tmp_path, mirrors=(web,))) == 3
    with pytest.raises(DataError, match=r"senteval\.tar is not a whole tar archive"):
        fetch(tmp_path)


def test_without_a_network_the_sentence_says_what_is_missing_and_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(DataError) as caught:
        ensure_senteval(tmp_path, ["STS/STSBenchmark/sts-dev.csv", "SICK/SICK_trial.txt"])
    message = str(caught.value)
    where = tmp_path / "senteval"
    assert message.startswith(
        f"STS/STSBenchmark/sts-dev.csv, SICK/SICK_trial.txt cannot be put into {where}: no source"
    )
    assert "https://raw.githubusercontent.com/" in message
    assert message.endswith(
        "curl -L -o senteval.tar https://huggingface.co/datasets/princeton-nlp/datasets-for-simcse"
        "/resolve/main/senteval.tar"
    )
    assert not (tmp_path / "downloads").exists()


def test_a_translation_is_not_looked_for_in_the_archive(
    tmp_path: Path, web: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(senteval_download, "fetch_hub_file", lambda *_: pytest.fail("asked for the archive"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    name = "STS/stsb-multi-mt/stsb-de-dev.csv"
    put(tmp_path / "web", {name: b"a,b,1\r\n"})
    manifest = {name: manifest_entry(name, b"a,b,1\r\n")}
    assert len(fetch_senteval(tmp_path, [name], manifest=manifest, mirrors=(web,))) == 1
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(DataError) as caught:
        ensure_senteval(tmp_path / "other", [name])
    where = tmp_path / "other" / "senteval"
    assert str(caught.value).endswith(
        "alone: run `python -m sentcse.data download tasks=stsb_de` where there is a network, and copy its files to "
        f"{where}."
    )
    monkeypatch.undo()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(DataError, match=r"senteval\.tar .* run `.* download tasks=stsb_de` where"):
        ensure_senteval(tmp_path / "other", [name, "STS/STSBenchmark/sts-dev.csv"])


def test_what_lies_there_is_not_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(senteval_download, "fetch_hub_file", lambda *_: pytest.fail("asked for the network"))
    own = dict.fromkeys(NAMES, b"my own copy\n")
    put(tmp_path / "senteval", own)
    ensure_senteval(tmp_path, NAMES)
    assert files_in(tmp_path / "senteval") == own
    assert not (tmp_path / "downloads").exists()


def test_the_terms_are_told(
    archive: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    published: dict[str, EvaluationFile] = MANIFEST
    monkeypatch.setattr(senteval_download, "load_manifest", lambda: published)
    with caplog.at_level(logging.INFO, logger="sentcse"):
        ensure_senteval(tmp_path, NAMES)
    assert [record.getMessage().split(":")[0] for record in caplog.records] == ["STS-B", "SICK-R", "MRPC"]
