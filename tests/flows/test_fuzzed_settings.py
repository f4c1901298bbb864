"""Words of a command line that nobody would type: a traceback is a fault, a sentence is none."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from fuzzing import EXAMPLES, LETTERS, VALUES, fuzzed
from hydra.core.global_hydra import GlobalHydra
from hypothesis import given
from hypothesis import strategies as st

from sentcse.command.composed import run_command
from sentcse.command.plain import run_plain_command
from sentcse.config import check_config
from sentcse.config.commands import EvaluateConfig
from sentcse.sweeps.sweep_job import run_sweep_job

KEYS = st.sampled_from(
    [
        "seed",
        "data.path",
        "data.low_shot.size",
        "method.temperature",
        "trainer.devices",
        "evaluation.dev",
        "name",
        "method",
        "encoder",
        "optimizer.betas",
        "~method",
        "+experiment",
        "runs.root",
        "hydra.run.dir",
        "a.b",
        "data",
    ]
)
WORDS = st.one_of(
    st.builds(lambda key, value: f"{key}={value}", KEYS, st.one_of(st.text(LETTERS, max_size=12), VALUES.map(str))),
    st.builds(
        lambda key, value: f"{key}={value}",
        KEYS,
        st.text(st.sampled_from("[]{}()'\"\\$:,.=~+-*&!#%@ 01ane"), max_size=10),
    ),
    # flags are Hydra's own, with usage and exit code of argparse
    st.text(LETTERS, max_size=12).filter(lambda word: not word.startswith("-")),
)


@pytest.mark.parametrize("examples", EXAMPLES)
def test_overrides_of_a_training(
    examples: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    def job(values: dict[str, Any]) -> None:
        check_config(values)

    @fuzzed(examples)
    @given(words=st.lists(WORDS, min_size=1, max_size=3))
    def check(words: list[str]) -> None:
        monkeypatch.setattr(sys, "argv", ["sentcse-train", "data=text", "data.path=x.txt", *words])
        GlobalHydra.instance().clear()
        code = run_command(job, "train", run_sweep_job)
        said = capsys.readouterr().err
        assert code in (0, 2), said
        assert (said == "") == (code == 0), said

    check()


@pytest.mark.parametrize("examples", EXAMPLES)
def test_overrides_of_an_evaluation(examples: int, capsys: pytest.CaptureFixture[str]) -> None:
    keys = st.sampled_from(
        ["encoder", "tasks", "seed", "bootstrap", "device", "a.b", "", "mteb", "output", "max_length"]
    )
    words = st.builds(
        lambda key, value: f"{key}={value}", keys, st.one_of(st.text(LETTERS, max_size=12), VALUES.map(str))
    )

    @fuzzed(examples)
    @given(words=st.lists(st.one_of(words, WORDS), min_size=1, max_size=3))
    def check(words: list[str]) -> None:
        code = run_plain_command(lambda config: None, "evaluate", EvaluateConfig, words)
        said = capsys.readouterr().err
        assert (code, said == "") in ((0, True), (2, False)), (code, said)

    check()
