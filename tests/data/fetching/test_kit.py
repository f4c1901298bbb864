"""`python -m sentcse.data verify` and `download`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sentcse.config.data import HubFile
from sentcse.data.__main__ import main
from sentcse.data.fetching import kit

STSB = ("sts-dev.csv", "sts-test.csv", "sts-train.csv")


@pytest.fixture
def copied(real_data: Path, tmp_path: Path) -> Path:
    """STS-B alone, as a copy that may be damaged."""
    shutil.copytree(real_data / "senteval" / "STS" / "STSBenchmark", tmp_path / "senteval" / "STS" / "STSBenchmark")
    for path in tmp_path.rglob("*.csv"):
        path.chmod(0o644)
    return tmp_path


def run(action: str, root: Path, *words: str) -> int:
    return main([action, f"data_root={root}", *words])


def test_verify_counts_real_data(real_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("verify", real_data) == 0
    out = capsys.readouterr().out.splitlines()
    assert len(out) == 69 + 2
    assert out[0].split() == ["file", "rows", "found/expected", "hash", "task"]
    row = next(line for line in out if line.startswith("SICK/SICK_test_annotated.txt"))
    assert row.split() == ["SICK/SICK_test_annotated.txt", "4,927", "/", "4,927", "ok", "SICK-R"]
    assert out[-1].startswith("69 files, 0 missing or wrong")


def test_verify_of_one_task(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("verify", copied, "tasks=stsb") == 0
    assert "3 files, 0 missing or wrong" in capsys.readouterr().out
    assert run("verify", copied, "tasks=[stsb,sickr]") == 1
    assert capsys.readouterr().err.count("SICK/SICK_") == 3


def test_verify_says_what_is_wrong_and_levels_decide(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = copied / "senteval" / "STS" / "STSBenchmark"
    dev, test, train = (folder / name for name in STSB)
    dev.write_bytes(dev.read_bytes().replace(b"\n", b"\r\n"))
    test.write_bytes(test.read_bytes().replace(b" .", b"."))
    train.unlink()
    assert run("verify", copied, "tasks=stsb") == 1
    printed = capsys.readouterr()
    assert [line.split()[4:] for line in printed.out.splitlines()[1:4]] == [
        ["line", "ends", "STS-B"],
        ["tokens", "STS-B"],
        ["missing", "STS-B"],
    ]
    assert len(printed.err.splitlines()) == 3
    assert run("verify", copied, "tasks=stsb", "verify=text") == 1
    assert "sts-train.csv is missing" in capsys.readouterr().err


def test_verify_names_every_file_that_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("verify", tmp_path) == 1
    faults = capsys.readouterr().err
    assert len(faults.splitlines()) == 69
    for name in ("STS12", "STS16", "sts-dev.csv", "SICK_test_annotated.txt", "custrev.neg", "TREC_10.label"):
        assert name in faults


def test_corpora_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "wiki").mkdir()
    (tmp_path / "wiki" / "wiki1m_for_simcse.txt").write_text("one\ntwo\n")
    assert run("verify", tmp_path, "tasks=[]", "corpora=[wiki1m,low_shot]") == 1
    printed = capsys.readouterr()
    assert "2 / 1,000,000" in printed.out
    assert "wiki1m_for_simcse.txt: expected 1,000,000 rows, got 2" in printed.err
    assert printed.err.count("wiki_subset_1M_") == 35


def test_download_replaces_what_is_wrong_and_prints_terms(
    copied: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    dev = copied / "senteval" / "STS" / "STSBenchmark" / "sts-dev.csv"
    whole = dev.read_bytes()
    dev.write_bytes(whole[:1000])

    def fetch(root: Path, names: list[str], *, level: str) -> dict[str, str]:
        assert (root, names, level) == (copied, ["STS/STSBenchmark/sts-dev.csv"], "exact")
        dev.write_bytes(whole)
        return {names[0]: "a mirror"}

    monkeypatch.setattr(kit, "fetch_senteval", fetch)
    assert run("download", copied, "tasks=stsb") == 0
    out = capsys.readouterr().out
    assert "STS/STSBenchmark/sts-dev.csv from a mirror" in out
    assert "STS-B: Cer et al. 2017" in out


def test_download_fetches_corpora_to_where_recipes_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = []

    def fetch(file: HubFile, destination: Path) -> None:
        asked.append((file.repo, str(destination.relative_to(tmp_path)), file.rows))
        destination.parent.mkdir(exist_ok=True)
        destination.write_text("sent0,sent1,hard_neg\na,b,c\n")

    monkeypatch.setattr(kit, "fetch_hub_file", fetch)
    assert run("download", tmp_path, "tasks=[]", "corpora=nli") == 0
    assert asked == [("princeton-nlp/datasets-for-simcse", "nli/nli_for_simcse.csv", None)]
    assert "MultiNLI" in capsys.readouterr().out


def test_without_a_network_the_command_ends_with_its_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert run("download", tmp_path, "tasks=mrpc") == 1
    assert "MRPC/msr_paraphrase_test.txt, MRPC/msr_paraphrase_train.txt cannot be put" in capsys.readouterr().err
