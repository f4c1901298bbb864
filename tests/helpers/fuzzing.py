"""What the fuzzers share: values that nobody would write by hand, put into one place of something sound."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from sentcse.errors import SentcseError

EXAMPLES = [15, pytest.param(5000, marks=[pytest.mark.slow, pytest.mark.fuzz, pytest.mark.timeout(3600)])]
LETTERS = st.characters(exclude_categories=["Cs"])
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(LETTERS, max_size=8), st.sampled_from(["..", "/", ""])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(LETTERS, max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)
Place = tuple[str | int, ...]


def fuzzed(examples: int) -> settings:
    """So many examples, the same each time."""
    checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    return settings(max_examples=examples, deadline=None, database=None, derandomize=True, suppress_health_check=checks)


def places(value: Any, here: Place = ()) -> list[Place]:
    """Where something stands in nested containers."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here, *(place for key, each in inside for place in places(each, (*here, key)))]


def changed(value: Any, where: Place, new: Any) -> Any:
    """A copy with something else in one place; with `...` there is nothing there."""
    if len(where) == 0:
        return {} if new is ... else new
    copied = value.copy()
    if len(where) == 1 and new is ...:
        del copied[where[0]]
    else:
        copied[where[0]] = changed(value[where[0]], where[1:], new)
    return copied


def damaged(value: Any) -> st.SearchStrategy[Any]:
    """The value with one place changed, or taken out."""
    return st.tuples(st.sampled_from(places(value)), st.one_of(VALUES, st.just(...))).map(
        lambda change: changed(value, *change)
    )


def only_sentences(act: Callable[[], object]) -> None:
    """Whatever comes out but a sentence fails the test."""
    with contextlib.suppress(SentcseError):
        act()


def as_json(value: Any) -> bytes:
    """The value as a file holds it."""
    return json.dumps(value).encode()
