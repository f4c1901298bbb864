"""Plain words on the command line."""

from __future__ import annotations

from sentcse.command.plain import settings_of


def test_the_first_word_is_the_action_and_the_others_go_to_one_key() -> None:
    assert settings_of(["compare", "a", "root=x", "b,c"], "runs") == ["root=x", "action=compare", 'runs=["a", "b,c"]']
    assert settings_of(["list"], "runs") == ["action=list"]


def test_a_question_is_no_setting() -> None:
    words = settings_of(["query", "is 1 + 1 = 2?", "top_k=3"], "words")
    assert words == ["top_k=3", "action=query", 'words=["is 1 + 1 = 2?"]']
