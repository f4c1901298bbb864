"""Faults that are done to runs of a tiny encoder in processes of their own: docs/reliability.md has all of them."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator

import faults
import pytest
from bench import Bench
from faults import Fault
from forking import server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are forked, and writes made to fail"),
]
SHARE = int(os.environ.get("SENTCSE_FAULTS", "10"))
"""1 does every fault as often as docs/reliability.md says; 10 a tenth of them."""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    place = tmp_path_factory.mktemp("faults")
    with server(place / "logs") as running:
        yield Bench(place, running)


def test_sigkill(bench: Bench) -> None:
    assert faults.killed_at_random_moments(bench, 50 // SHARE).times == 50 // SHARE


def test_sigterm_and_ctrl_c(bench: Bench) -> None:
    assert faults.asked_to_stop(bench, max(2, 10 // SHARE)).times > 1
    assert faults.interrupted(bench, max(2, 10 // SHARE)).times > 1


def test_two_processes(bench: Bench) -> None:
    assert faults.two_processes(bench, max(2, 10 // SHARE)).times > 1


def test_damaged_files(bench: Bench) -> None:
    assert faults.damaged_files(bench, SHARE).times > 4
    assert faults.damaged_outcomes(bench, SHARE).times > 1


def test_deleted_folders(bench: Bench) -> None:
    assert faults.deleted_folders(bench, times=1 if SHARE > 1 else 2).times >= 6


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler to make writes fail with")
def test_writes_that_fail(bench: Bench) -> None:
    share = SHARE if SHARE == 1 else 2 * SHARE  # each is two runs
    done: list[Fault] = [
        faults.full_disk(bench, 5 * share),
        faults.read_only(bench, 2 * share),
        faults.killed_before_a_change(bench, 5 * share),
    ]
    assert all(fault.times > 5 for fault in done), done
