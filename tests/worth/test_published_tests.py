from __future__ import annotations

import os
from pathlib import Path

import pytest

from sentcse.worth.published_tests import published_tests


def test_where_there_are_no_files_there_are_no_tests(tmp_path: Path) -> None:
    assert published_tests(tmp_path) == []


@pytest.mark.skipif("SENTCSE_DATA" not in os.environ, reason="needs SENTCSE_DATA")
def test_the_seven_tests_of_a_whole_folder() -> None:
    found = published_tests(os.environ["SENTCSE_DATA"])
    assert [task.label for task in found] == ["STS12", "STS13", "STS14", "STS15", "STS16", "STS-B", "SICK-R"]
    assert {task.split for task in found} == {"test"}
