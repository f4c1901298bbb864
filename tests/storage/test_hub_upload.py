"""What goes to the model hub, and what is said where it cannot; the hub itself is a stand-in."""

from __future__ import annotations

import inspect
import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import huggingface_hub
import pytest
from encoders import make_encoder

from sentcse.errors import SentcseError
from sentcse.storage import hub_upload
from sentcse.storage.hub_upload import push_to_hub, without_local_paths

REAL = huggingface_hub.HfApi


class Hub:
    """Stands in for HfApi: takes what the real one takes, and keeps repositories by name."""

    def __init__(self) -> None:
        self.private: dict[str, bool] = {}
        self.files: dict[str, set[str]] = {}
        self.refusal: Exception | None = None

    def create_repo(self, *given: Any, **named: Any) -> None:
        bound = inspect.signature(REAL.create_repo).bind(self, *given, **named).arguments
        assert bound["exist_ok"] is True
        if self.refusal is not None:
            raise self.refusal
        self.private.setdefault(bound["repo_id"], bound["private"])

    def repo_info(self, *given: Any, **named: Any) -> Any:
        bound = inspect.signature(REAL.repo_info).bind(self, *given, **named).arguments
        return SimpleNamespace(private=self.private[bound["repo_id"]])

    def upload_folder(self, *given: Any, **named: Any) -> None:
        bound = inspect.signature(REAL.upload_folder).bind(self, *given, **named).arguments
        folder = Path(bound["folder_path"])
        files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
        self.files[bound["repo_id"]] = files


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    """A hub that can be reached, and somebody who is logged in."""
    made = Hub()
    monkeypatch.setattr("huggingface_hub.HfApi", lambda: made)
    monkeypatch.setattr("huggingface_hub.get_token", lambda: "hf_x")
    monkeypatch.setattr(hub_upload, "hub_is_reachable", lambda: True)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_encoder("cls", "linear_tanh").save_pretrained(tmp_path / "my-encoder")


@pytest.mark.parametrize("private", [True, False])
def test_the_whole_folder_goes_up(hub: Hub, folder: Path, private: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "https://hub.test/")
    assert push_to_hub(folder, "me/x", private=private) == "https://hub.test/me/x"
    assert hub.private == {"me/x": private}
    expected = {str(Path(place, name).relative_to(folder)) for place, _, names in os.walk(folder) for name in names}
    assert hub.files == {"me/x": expected}
    assert {"README.md", "model.safetensors", "sentcse.json", "modules.json", "tokenizer.json"} <= expected


def test_a_public_repository_is_not_taken_for_a_private_one(hub: Hub, folder: Path) -> None:
    hub.private["me/x"] = False
    with pytest.raises(SentcseError, match="me/x is there and public, so that nothing was pushed with private=true"):
        push_to_hub(folder, "me/x", private=True)
    assert hub.files == {}
    push_to_hub(folder, "me/x", private=False)
    assert set(hub.files) == {"me/x"}


def test_what_the_hub_refuses_is_said(hub: Hub, folder: Path) -> None:
    hub.refusal = RuntimeError("403 Forbidden: you have no rights here.\nRequest ID: 1")
    with pytest.raises(SentcseError, match=r"did not take them/x: 403 Forbidden.*push it by hf upload them/x .*my-enc"):
        push_to_hub(folder, "them/x", private=False)


def test_without_a_way_to_the_hub(hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    later = rf"my-encoder is whole: push it by hf upload me/x {folder}\."
    monkeypatch.setattr(hub_upload, "hub_is_reachable", lambda: False)
    with pytest.raises(SentcseError, match=f"cannot be reached, so that nothing was pushed.*{later}"):
        push_to_hub(folder, "me/x", private=False)
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    with pytest.raises(SentcseError, match=f"log in by hf auth login, or set HF_TOKEN.*{later}"):
        push_to_hub(folder, "me/x", private=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(SentcseError, match=rf"switched off \(HF_HUB_OFFLINE\).*{later}"):
        push_to_hub(folder, "me/x", private=False)
    assert hub.private == {}


@pytest.mark.parametrize(
    ("base", "said"),
    [
        ("/home/me/models/my-bert", "my-bert"),
        ("bert-base-uncased", "bert-base-uncased"),
        ("me/bert", "me/bert"),
        (None, None),
    ],
)
def test_paths_of_this_machine_stay_here(base: str | None, said: str | None) -> None:
    parts = replace(
        make_encoder().parts(), provenance={"method": "simcse"} | ({} if base is None else {"base_model": base})
    )
    assert without_local_paths(parts).provenance.get("base_model") == said
