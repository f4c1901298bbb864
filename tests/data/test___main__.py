"""The words of `python -m sentcse.data`."""

from __future__ import annotations

import pytest

from sentcse.data.__main__ import main


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "needs verify or download as its first word, got nothing"),
        (["check"], "needs verify or download as its first word, got check"),
        (["verify", "tasks=sts17"], "tasks: there is no task 'sts17'"),
        (["verify", "corpora=wiki"], "corpora: there is no corpus 'wiki'; there are wiki1m, nli, low_shot"),
        (["verify", "root=x"], "root is not a known setting"),
        (["verify", "verify=false"], "verify must be"),
    ],
)
def test_wrong_words_exit_with_2(words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert sentence in capsys.readouterr().err


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert "corpora: []" in capsys.readouterr().out
