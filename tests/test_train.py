"""`python -m sentcse.train`: the configuration is checked and the corpus is there before anything heavy begins."""

from __future__ import annotations

from typing import Any

import pytest
from composing import change

from sentcse import train
from sentcse.errors import ConfigError, DataError
from sentcse.training import preflight, run


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """What the job calls, in order, with what it hands on."""
    done: list[tuple[str, Any]] = []
    monkeypatch.setattr(preflight, "fetch_sources", lambda config: done.append(("fetched", config)))
    monkeypatch.setattr(run, "train", lambda config: done.append(("trained", config)))
    return done


def test_what_is_checked_is_fetched_and_then_trained_on(done: list[tuple[str, Any]]) -> None:
    train.train_job(change(seed=7))
    assert [what for what, _ in done] == ["fetched", "trained"]
    assert {config.seed for _, config in done} == {7}


def test_a_wrong_setting_fetches_nothing(done: list[tuple[str, Any]]) -> None:
    with pytest.raises(ConfigError, match=r"seed must be at least 0, got -1\."):
        train.train_job(change(seed=-1))
    assert done == []


def test_without_a_corpus_nothing_is_trained(done: list[tuple[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(config: Any) -> None:
        raise DataError("x.txt does not exist")

    monkeypatch.setattr(preflight, "fetch_sources", missing)
    with pytest.raises(DataError):
        train.train_job(change())
    assert done == []
