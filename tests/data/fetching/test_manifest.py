from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sentcse.data.fetching.manifest import (
    EvaluationFile,
    check_file,
    check_files,
    load_manifest,
    manifest_entry,
    states_by_path,
    warn_of,
)
from sentcse.data.fetching.sources import files_of
from sentcse.errors import DataError

PATH = "STS/X/a.txt"
CONTENT = b'He said , " it is 5.30 p.m . "\tit isn \'t .\nTwo\tcats .\n'
# sizes that the data sets' papers and SentEval give: rows of all files of a data set, gold files beside their inputs
PUBLISHED_ROWS = {
    "STS/STS12-en-test/STS.input": 3108,
    "STS/STS13-en-test/STS.input": 1500,
    "STS/STS14-en-test/STS.input": 3750,
    "STS/STSBenchmark/": 5749 + 1500 + 1379,
    "STS/stsb-multi-mt/": 11 * (5749 + 1500 + 1379),
    "SICK/": 9927,
    "MR/": 10662,
    "CR/": 3775,
    "SUBJ/": 10000,
    "MPQA/": 10606,
    "SST/binary/": 67349 + 872 + 1821,
    "TREC/": 5452 + 500,
    "MRPC/": 4076 + 1725,
}


def written(folder: Path, content: bytes, path: str = PATH) -> Path:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(content)
    return folder


@pytest.mark.parametrize(
    ("content", "state", "rows"),
    [
        (CONTENT, "ok", 2),
        (CONTENT.replace(b"\n", b"\r\n"), "line ends", 2),
        (CONTENT.replace(b" , ", b", ").replace(b" 't", b"'t"), "text", 2),
        (CONTENT.lower(), "text", 2),
        (CONTENT[:-1], "text", 2),
        (CONTENT.replace(b"cats", b"bats"), "bytes", 2),
        (CONTENT.replace(b"5.30", b"530"), "bytes", 2),
        (CONTENT.replace(b"\t", b" "), "bytes", 2),
        (CONTENT.splitlines(keepends=True)[0], "rows", 1),
        (CONTENT[: len(CONTENT) // 2], "rows", 1),
        (CONTENT + b"more\n", "rows", 3),
        (b"", "rows", 0),
    ],
)
def test_what_is_wrong_with_a_copy(tmp_path: Path, content: bytes, state: str, rows: int) -> None:
    check = check_file(written(tmp_path, content), manifest_entry(PATH, CONTENT))
    assert (check.state, check.rows) == (state, rows)


def test_a_copy_with_lf_of_a_file_with_crlf(tmp_path: Path) -> None:
    file = manifest_entry(PATH, CONTENT.replace(b"\n", b"\r\n"))
    assert check_file(written(tmp_path, CONTENT), file).state == "line ends"


def test_a_header_is_no_row(tmp_path: Path) -> None:
    file = manifest_entry(PATH, CONTENT, header=1)
    assert file.rows == 1
    assert check_file(written(tmp_path, CONTENT), file).rows == 1


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    assert check_file(tmp_path, manifest_entry(PATH, CONTENT)).state == "missing"
    (tmp_path / PATH).mkdir(parents=True)
    with pytest.raises(DataError, match=r"a\.txt cannot be read: Is a directory"):
        check_file(tmp_path, manifest_entry(PATH, CONTENT))


@pytest.mark.parametrize(
    ("level", "refused"),
    [
        ("exact", ["missing", "rows", "CRLF", "punctuation", "damaged"]),
        ("text", ["missing", "rows", "damaged"]),
        ("none", ["missing", "rows"]),
    ],
)
def test_every_fault_is_told_at_once_and_levels_let_more_pass(tmp_path: Path, level: str, refused: list[str]) -> None:
    copies = {
        "whole": CONTENT,
        "rows": CONTENT + b"\n",
        "CRLF": CONTENT.replace(b"\n", b"\r\n"),
        "punctuation": CONTENT.replace(b" .", b"."),
        "damaged": CONTENT.replace(b"cats", b"bats"),
    }
    manifest = {name: replace(manifest_entry(PATH, CONTENT), path=name) for name in (*copies, "missing")}
    for name, content in copies.items():
        written(tmp_path, content, name)
    with pytest.raises(DataError) as caught:
        check_files(tmp_path, manifest, level=level, manifest=manifest)
    lines = str(caught.value).splitlines()
    assert sorted(line.split()[0].rstrip(":") for line in lines) == sorted(str(tmp_path / name) for name in refused)
    assert all("python -m sentcse.data download" in line for line in lines)
    passing = check_files(tmp_path, [name for name in copies if name not in refused], level=level, manifest=manifest)
    assert set(states_by_path(passing)) == set(copies) - set(refused) - {"whole"}


def test_what_passes_though_it_differs_is_told(tmp_path: Path) -> None:
    written(tmp_path, CONTENT.lower())
    manifest = {PATH: manifest_entry(PATH, CONTENT)}
    differing = check_files(tmp_path, [PATH], level="text", manifest=manifest)
    assert states_by_path(differing) == {PATH: "text"}
    assert "1 evaluation files are not the published ones: STS/X/a.txt (text)" in warn_of(differing)


def test_the_manifest_has_the_published_sizes() -> None:
    manifest = load_manifest()
    assert len(manifest) == 69 + 11 * 3
    for start, rows in PUBLISHED_ROWS.items():
        assert sum(file.rows for path, file in manifest.items() if path.startswith(start)) == rows, start
    for path, file in manifest.items():
        assert file.path == path
        assert len(file.sha256) == 64
        if ".input." in path:
            assert manifest[path.replace(".input.", ".gs.")].rows == file.rows


def test_the_real_files_are_those_of_the_manifest(real_data: Path) -> None:
    assert check_files(real_data / "senteval", files_of(["full"])) == ()


def damaged(content: bytes, damage: str) -> bytes:
    """A copy that is cut, lacks a line in the middle, or has one byte flipped."""
    if damage == "cut":
        return content[: len(content) // 2]
    if damage == "line removed":
        lines = content.splitlines(keepends=True)
        return b"".join(lines[: len(lines) // 2] + lines[len(lines) // 2 + 1 :])
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize("damage", ["cut", "line removed", "byte flipped"])
@pytest.mark.parametrize("path", files_of(["full"]))
def test_every_file_is_refused_by_name_when_damaged(real_data: Path, tmp_path: Path, path: str, damage: str) -> None:
    content = (real_data / "senteval" / path).read_bytes()
    written(tmp_path, damaged(content, damage), path)
    with pytest.raises(DataError, match=Path(path).name):
        check_files(tmp_path, [path])


def test_an_entry_describes_the_real_file(real_data: Path) -> None:
    path = "SICK/SICK_test_annotated.txt"
    entry: EvaluationFile = manifest_entry(path, (real_data / "senteval" / path).read_bytes(), header=1)
    assert entry == load_manifest()[path]
    assert (entry.rows, entry.size) == (4927, 560638)
