"""Numbers, intervals and lists in words."""

from __future__ import annotations

import math

import pytest

from sentcse.printing import wording

DASH, MINUS = "\u2013", "\u2212"


@pytest.mark.parametrize(
    ("value", "digits", "sign", "text"),
    [
        (-0.001, 2, False, "0.00"),
        (-0.001, 2, True, "0.00"),
        (-1.5, 2, False, f"{MINUS}1.50"),
        (-1.5, 2, True, f"{MINUS}1.50"),
        (1.5, 1, True, "+1.5"),
        (1234.5, 0, False, "1,234"),
        (1234567.891, 1, False, "1,234,567.9"),
        (None, 2, False, DASH),
        (math.nan, 2, True, DASH),
    ],
)
def test_a_number(value: float | None, digits: int, sign: bool, text: str) -> None:
    assert wording.number(value, digits, sign=sign) == text


def test_a_score_of_the_terminal_is_ascii() -> None:
    assert [wording.score(value) for value in (83.604, -2.0, 0.0, None)] == ["83.60", "-2.00", "0.00", "-"]


def test_an_interval() -> None:
    assert wording.interval(-1.234, 0.5) == f"[{MINUS}1.23, 0.50]"
    assert wording.interval(-1.234, 0.5, 1) == f"[{MINUS}1.2, 0.5]"
    assert wording.interval(math.nan, math.nan) == DASH


@pytest.mark.parametrize(
    ("value", "text"), [(0.0009999, "<0.001"), (0.001, "0.001"), (0.04951, "0.050"), (1.0, "1.000"), (math.nan, DASH)]
)
def test_a_p_value(value: float, text: str) -> None:
    assert wording.p_value(value) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("naïve 猫 ± x²", "naïve 猫 ± x²"),
        ("a\nb\tc", r"a\nb\tc"),
        ("\x1b[2Jgone", r"\x1b[2Jgone"),
        ("a\u202eb\u200bc\u2028d", r"a\u202eb\u200bc\u2028d"),
        ("half \ud83d", r"half \ud83d"),
    ],
)
def test_a_terminal_obeys_nothing_of_a_text(text: str, shown: str) -> None:
    assert wording.printable(text) == shown
    assert wording.printable(shown) == shown


def test_lists_and_counts() -> None:
    assert [wording.listed(words) for words in (["one"], ["one", "two"], ["one", "two", "three"])] == [
        "one",
        "one and two",
        "one, two and three",
    ]
    assert [wording.count(number, "run") for number in (0, 1, 2, 1000)] == ["0 runs", "1 run", "2 runs", "1,000 runs"]


@pytest.mark.parametrize(
    ("seeds", "text"),
    [
        ([48], "seed 48"),
        ([48, 49], "seeds 48, 49"),
        ([48, 49, 50], f"seeds 48{DASH}50"),
        ([48, 49, 50, 52, 57], f"seeds 48{DASH}50, 52, 57"),
        ([1, 3, 4, 5, 6, 9, 10, 11], f"seeds 1, 3{DASH}6, 9{DASH}11"),
        ([3, 2, 1], "seeds 3, 2, 1"),
    ],
)
def test_runs_of_seeds_are_written_with_a_dash(seeds: list[int], text: str) -> None:
    assert wording.numbered("seed", seeds) == text
    assert wording.seeds_listed(seeds) == text.split(" ", 1)[1]
