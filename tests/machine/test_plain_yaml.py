from __future__ import annotations

from pathlib import Path

import pytest

from sentcse.errors import SentcseError
from sentcse.machine.plain_yaml import DEEPEST, read_yaml

BOMB = "a: &a [x, x]\n" + "".join(
    f"{new}: &{new} [*{old}, *{old}]\n" for old, new in zip("abcdef", "bcdefg", strict=True)
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("seed: 1\ndata:\n  columns: [a, b]\n  path: null\n")
    assert read_yaml(tmp_path / "a.yaml") == {"seed": 1, "data": {"columns": ["a", "b"], "path": None}}
    (tmp_path / "a.yaml").write_text("[" * DEEPEST + "]" * DEEPEST)
    assert str(read_yaml(tmp_path / "a.yaml")) == "[" * DEEPEST + "]" * DEEPEST


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (BOMB, r"it holds an alias \(\*name\)"),
        ("a: &a\n  b: *a\n", "it holds an alias"),
        ("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), f"nested more than {DEEPEST} levels"),
        ("[" * 100_000, f"nested more than {DEEPEST} levels"),
        ("a: {", "while parsing a flow node"),
        ("a: !!python/object:os.system x", "could not determine a constructor"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(SentcseError, match=rf"a\.yaml cannot be read \(.*{sentence}.*\): move it away\."):
        read_yaml(tmp_path / "a.yaml")


def test_what_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(SentcseError, match="cannot be read"):
        read_yaml(tmp_path / "a.yaml")
    (tmp_path / "a.yaml").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(SentcseError, match="cannot be read"):
        read_yaml(tmp_path / "a.yaml")
