from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from sweeping import results

from sentcse.errors import SentcseError
from sentcse.records.checked_json import read_checked
from sentcse.records.contents import RESULTS


def read(path: Path, text: str) -> Any:
    path.write_text(text)
    return read_checked(path, RESULTS, newest=1)


def test_what_is_written_is_read_with_a_number_of_the_format_and_without(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    assert read(path, json.dumps(results())) == results()
    numbered = {"format": 1, **results()}
    assert read(path, json.dumps({**numbered, "of a later version": [1]})) == numbered


@pytest.mark.parametrize("number", [2, 0, "1", None, [1]])
def test_another_format_is_named_before_its_content_is_looked_into(tmp_path: Path, number: object) -> None:
    sentence = rf"results\.json has format {re.escape(repr(number))}, not 1: update sentcse"
    with pytest.raises(SentcseError, match=sentence):
        read(tmp_path / "results.json", json.dumps({"format": number}))


@pytest.mark.parametrize("text", ["[]", "null", "NaN", "", "[" * 100_000, '{"a":' * 100_000])
def test_what_is_no_object(tmp_path: Path, text: str) -> None:
    with pytest.raises(SentcseError, match=r"results\.json cannot be read as JSON: "):
        read(tmp_path / "results.json", text)
