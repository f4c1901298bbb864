"""Words of a command line that nobody would type: a traceback is a fault, a sentence is none."""

from __future__ import annotations

import contextlib

import pytest
from composing import compose
from fuzzing import EXAMPLES, LETTERS, VALUES, fuzzed, only_sentences
from hypothesis import given
from hypothesis import strategies as st

from sentcse.command.plain import run_plain_command
from sentcse.config import check_config
from sentcse.config.commands import EvaluateConfig

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
        "-m",
        "--cfg",
    ]
)
WORDS = st.one_of(
    st.builds(lambda key, value: f"{key}={value}", KEYS, st.one_of(st.text(LETTERS, max_size=12), VALUES.map(str))),
    st.builds(
        lambda key, value: f"{key}={value}",
        KEYS,
        st.text(st.sampled_from("[]{}()'\"\\$:,.=~+-*&!#%@ 01ane"), max_size=10),
    ),
    st.text(LETTERS, max_size=12),
)


@pytest.mark.parametrize("examples", EXAMPLES)
def test_overrides_of_a_training(examples: int) -> None:
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    @fuzzed(examples)
    @given(words=st.lists(WORDS, min_size=1, max_size=3))
    def check(words: list[str]) -> None:
        # the command has a sentence for what Hydra and OmegaConf refuse: test_composed.py
        with contextlib.suppress(HydraException, OmegaConfBaseException):
            only_sentences(lambda: check_config(compose("data=text", "data.path=x.txt", *words)))

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
