from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from sentcse.machine import hub


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test asks anew, with the hub switched on and no proxy."""
    proxies = [f"{kind}_proxy" for kind in ("http", "https", "all", "no")]
    for name in (*hub.OFFLINE_VARIABLES, *proxies, *map(str.upper, proxies), "HF_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    hub._accepts_connections.cache_clear()
    yield
    hub._accepts_connections.cache_clear()


@pytest.fixture
def server() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.mark.parametrize("variable", hub.OFFLINE_VARIABLES)
@pytest.mark.parametrize(("value", "offline"), [("1", True), ("true", True), ("on", True), ("0", False), ("", False)])
def test_switched_off_by_choice(
    monkeypatch: pytest.MonkeyPatch, server: str, variable: str, value: str, offline: bool
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", server)
    monkeypatch.setenv(variable, value)
    assert hub.is_offline_by_choice() is offline
    assert hub.hub_is_reachable() is not offline


def test_the_endpoint_may_be_another(monkeypatch: pytest.MonkeyPatch) -> None:
    assert hub.hub_endpoint() == "https://huggingface.co"
    monkeypatch.setenv("HF_ENDPOINT", "http://mirror:8080/")
    assert hub.hub_endpoint() == "http://mirror:8080"


def test_a_refused_connection(monkeypatch: pytest.MonkeyPatch, server: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{port}")
    assert not hub.hub_is_reachable()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Hosts and ports that were connected to; none of them answers."""
    asked: list[tuple[str, int]] = []

    def refuse(address: tuple[str, int], timeout: float) -> None:
        asked.append(address)
        raise OSError

    monkeypatch.setattr(socket, "create_connection", refuse)
    return asked


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize("with_scheme", [True, False])
def test_a_proxy_is_what_must_answer(
    monkeypatch: pytest.MonkeyPatch, server: str, variable: str, with_scheme: bool
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "https://no-such-host.invalid")
    monkeypatch.setenv(variable, server if with_scheme else server.removeprefix("http://"))
    assert hub.hub_is_reachable()


@pytest.mark.parametrize(
    ("variables", "host"),
    [
        ({"HTTPS_PROXY": "proxy.corp:3128"}, ("proxy.corp", 3128)),
        ({"HTTPS_PROXY": "http://user:word@proxy.corp"}, ("proxy.corp", 80)),
        ({"ALL_PROXY": "socks5://proxy.corp"}, ("proxy.corp", 1080)),
        ({"HTTPS_PROXY": "one.corp:1", "ALL_PROXY": "other.corp:2"}, ("one.corp", 1)),
        ({"HTTPS_PROXY": ""}, ("huggingface.co", 443)),
        ({"HTTPS_PROXY": "", "ALL_PROXY": "proxy.corp:3128"}, ("proxy.corp", 3128)),
        ({"HTTP_PROXY": "proxy.corp:3128"}, ("huggingface.co", 443)),
        ({"HTTPS_PROXY": "proxy.corp:3128", "NO_PROXY": "localhost,huggingface.co"}, ("huggingface.co", 443)),
        ({"HTTPS_PROXY": "proxy.corp:3128", "NO_PROXY": "mirror.corp"}, ("proxy.corp", 3128)),
        (
            {"HF_ENDPOINT": "http://mirror.corp:8080", "HTTPS_PROXY": "proxy.corp:3128", "NO_PROXY": ".corp"},
            ("mirror.corp", 8080),
        ),
    ],
)
def test_which_host_is_asked(
    monkeypatch: pytest.MonkeyPatch, asked: list[tuple[str, int]], variables: dict[str, str], host: tuple[str, int]
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert not hub.hub_is_reachable()
    assert asked == [host]


@pytest.mark.parametrize("proxy", ["proxy.corp:port", "http://"])
def test_an_address_that_is_none_cannot_be_reached(
    monkeypatch: pytest.MonkeyPatch, asked: list[tuple[str, int]], proxy: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    assert not hub.hub_is_reachable()
    assert asked == []


def test_a_name_lookup_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    over, ended = threading.Event(), []

    def hang(*_: object, **__: object) -> None:
        over.wait(60)
        ended.append(True)
        raise OSError

    monkeypatch.setattr(hub, "REACH_SECONDS", 0.05)
    monkeypatch.setattr(socket, "create_connection", hang)
    assert not hub.hub_is_reachable()
    assert ended == []
    over.set()


def test_the_hub_is_asked_once(asked: list[tuple[str, int]]) -> None:
    assert [hub.hub_is_reachable() for _ in range(3)] == [False] * 3
    assert asked == [("huggingface.co", 443)]


def test_the_libraries_look_into_their_caches_only_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with hub.without_hub():
        assert constants.HF_HUB_OFFLINE is True
    assert constants.HF_HUB_OFFLINE is False


def test_whoever_forbids_the_hub_wants_no_other_requests(monkeypatch: pytest.MonkeyPatch, server: str) -> None:
    assert hub.address_is_reachable(f"{server}/file")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert not hub.address_is_reachable(f"{server}/file")


def test_the_cache_names_a_model_by_its_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    repo = tmp_path / "models--me--tiny"
    (repo / "snapshots" / ("a" * 40)).mkdir(parents=True)
    (repo / "refs").mkdir()
    (repo / "refs" / "main").write_text("a" * 40)
    assert hub.cached_model("me/tiny") is None
    (repo / "snapshots" / ("a" * 40) / "config.json").write_text("{}")
    assert hub.cached_model("me/tiny") == hub.cached_model("me/tiny", "a" * 40) == repo / "snapshots" / ("a" * 40)
    assert hub.cached_model("me/tiny", "b" * 40) is None
    assert hub.cached_model("no/name/of/the/hub") is None
