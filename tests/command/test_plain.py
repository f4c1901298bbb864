from __future__ import annotations

import subprocess
import sys

import pytest
from omegaconf import OmegaConf

from sentcse.command.plain import run_plain_command, settings_of, with_first_word
from sentcse.config.commands import EvaluateConfig
from sentcse.evaluate import evaluate_job


def test_the_first_word_is_the_action_and_the_others_go_to_one_key() -> None:
    assert settings_of(["compare", "a", "root=x", "b,c"], "runs") == ["root=x", "action=compare", 'runs=["a", "b,c"]']
    assert settings_of(["list"], "runs") == ["action=list"]


def test_words_beyond_the_first_65536_characters_stay_as_they_are() -> None:
    words = [*settings_of(["query", "\U0001f600 hi"], "words"), *with_first_word(["\U0001f600.txt"], "path")]
    assert words == ["action=query", 'words=["\U0001f600 hi"]', 'path="\U0001f600.txt"']
    assert OmegaConf.from_dotlist(words[1:]) == {"words": ["\U0001f600 hi"], "path": "\U0001f600.txt"}


def test_a_question_is_no_setting() -> None:
    words = settings_of(["query", "is 1 + 1 = 2?", "top_k=3"], "words")
    assert words == ["top_k=3", "action=query", 'words=["is 1 + 1 = 2?"]']


@pytest.mark.parametrize(
    "words",
    [["sentcse.runs", "list", "root={}"], ["sentcse.report", "x", "title={}"], ["sentcse.train", "data.columns={}"]],
)
def test_what_is_nested_without_end_gets_a_sentence(words: list[str]) -> None:
    nested = "[" * 3_000 + "]" * 3_000
    command = [sys.executable, "-m", *(word.format(nested) for word in words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.endswith("nested too deep.\n")


def test_help_is_the_file_of_settings(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_plain_command(evaluate_job, "evaluate", EvaluateConfig, ["--help"]) == 0
    assert "protocol: simcse" in capsys.readouterr().out
