"""Records of runs and sweeps, and evaluation files, that nobody would write by hand: a traceback is a fault."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fuzzing import EXAMPLES, LETTERS, as_json, damaged, fuzzed, only_sentences
from hypothesis import given
from hypothesis import strategies as st

from sentcse.errors import SentcseError
from sentcse.evaluation.tasks.senteval_files import read_semeval, read_sick, read_stsb
from sentcse.records.finding import find_runs, find_sweeps
from sentcse.records.metrics_file import MetricsFile, read_series
from sentcse.records.run_record import read_run
from sentcse.records.sweep_record import read_sweep
from sentcse.records.terminal import list_table, show_text, sweep_table


@pytest.mark.parametrize("examples", EXAMPLES)
@pytest.mark.parametrize("name", ["results.json", "failure.json", "inputs.json", "config.yaml"])
def test_files_of_a_run(place: Path, name: str, examples: int) -> None:
    (run,) = place.glob("runs/done_*")
    file = run / name
    if name == "failure.json":
        (half,) = place.glob("runs/half_*")
        shutil.copy(half / name, file)
    sound = file.read_text(encoding="utf-8")
    content = st.binary(max_size=40) if name == "config.yaml" else damaged(json.loads(sound)).map(as_json)
    cut = st.integers(0, len(sound)).map(lambda end: sound[:end].encode())

    @fuzzed(examples)
    @given(content=st.one_of(content, cut))
    def check(content: bytes) -> None:
        file.write_bytes(content)
        only_sentences(lambda: show_text(read_run(run)))
        only_sentences(lambda: list_table(find_runs(place / "runs")[0]))

    check()


@pytest.mark.parametrize("examples", EXAMPLES)
def test_the_record_of_a_sweep(place: Path, examples: int) -> None:
    file = place / "runs" / "sweeps" / "study" / "sweep.json"

    @fuzzed(examples)
    @given(content=damaged(json.loads(file.read_text())))
    def check(content: Any) -> None:
        file.write_bytes(as_json(content))
        only_sentences(lambda: sweep_table(read_sweep(file.parent).states()))
        only_sentences(lambda: find_sweeps(place / "runs"))

    check()


@pytest.mark.parametrize("examples", EXAMPLES)
def test_metrics(tmp_path: Path, examples: int) -> None:
    cell = st.one_of(st.text(LETTERS, max_size=5), st.integers().map(str), st.floats().map(str), st.just('"'))
    table = st.lists(st.lists(cell, max_size=4).map(",".join), max_size=5).map("\n".join)
    headed = table.map(lambda rows: f"step,a,val/b\n{rows}")

    @fuzzed(examples)
    @given(
        content=st.one_of(table.map(str.encode), headed.map(str.encode), st.binary(max_size=60)), step=st.integers(0, 9)
    )
    def check(content: bytes, step: int) -> None:
        path = tmp_path / "metrics.csv"
        path.write_bytes(content)
        only_sentences(lambda: read_series(path))

        def go_on() -> None:
            file = MetricsFile(path)
            file.forget_after(step)
            file.append({"val/b": 0.25, "new": 1.0}, step=step + 1)
            series = read_series(path)
            assert series["new"][step + 1] == 1.0
            assert series["val/b"][step + 1] == 0.25

        only_sentences(go_on)

    check()


@pytest.mark.parametrize("examples", EXAMPLES)
def test_files_of_semantic_similarity(tmp_path: Path, examples: int) -> None:
    cell = st.one_of(st.text(LETTERS, max_size=6), st.sampled_from(["0", "5.0", "nan", "-1", "a dog", "1e999", " "]))
    rows = st.lists(st.lists(cell, max_size=8).map("\t".join), min_size=1, max_size=4)
    header = "pair_ID\tsentence_A\tsentence_B\trelatedness_score\tx"

    def checked(read: Callable[[], Any]) -> None:
        with contextlib.suppress(SentcseError):
            pairs = read()
            assert ((pairs.gold >= 0) & (pairs.gold <= 5)).all()
            assert all(text.strip() for text in (*pairs.sentences1, *pairs.sentences2))

    @fuzzed(examples)
    @given(rows=rows, gold=rows, raw=st.binary(max_size=40), use_raw=st.booleans())
    def check(rows: list[str], gold: list[str], raw: bytes, use_raw: bool) -> None:
        text = "\n".join(rows)
        (tmp_path / "a").write_bytes(raw if use_raw else text.encode())
        (tmp_path / "g").write_bytes("\n".join(gold).encode())
        (tmp_path / "s").write_bytes(f"{header}\n{text}".encode())
        lines = text.count("\n") + 1
        checked(lambda: read_stsb(tmp_path / "a", "x", rows=lines))
        checked(lambda: read_sick(tmp_path / "s", "x", rows=lines))
        checked(lambda: read_semeval(tmp_path / "a", tmp_path / "g", "x", lines=lines, scored=lines))

    check()
