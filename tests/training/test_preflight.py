"""What a run needs is asked for at once, before anything heavy is imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from tiny import tiny_checkpoint

from sentcse.command.composition import plain_values
from sentcse.config import TrainConfig, check_config
from sentcse.config.paths import config_dir
from sentcse.errors import SentcseError
from sentcse.training.preflight import fetch_sources

STS_B_AND_SICK = ("STS/STSBenchmark/sts-dev.csv", "STS/STSBenchmark/sts-test.csv", "SICK/SICK_trial.txt")


def composed(*overrides: str) -> TrainConfig:
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        return check_config(plain_values(compose("train", overrides=["name=test", *overrides])))


@pytest.fixture
def nothing_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("sentcse.storage.backbones.hub_is_reachable", lambda: False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_everything_that_is_missing_is_said_at_once(nothing_here: Path) -> None:
    config = composed("experiment=diffcse_bert", f"data_root={nothing_here}", "encoder.name_or_path=no/such-encoder")
    with pytest.raises(SentcseError) as caught:
        fetch_sources(config)
    lines = str(caught.value).splitlines()
    assert [word for word in ("no/such-encoder", "distilbert-base-uncased") if word not in lines[0] + lines[1]] == []
    assert "generator.name_or_path=/path/to/distilbert-base-uncased" in lines[1]
    assert "wiki1m_for_simcse.txt" in lines[2]
    assert "sts-dev.csv" in lines[3]
    assert len(lines) == 4


def test_a_run_with_everything_at_hand_passes(nothing_here: Path) -> None:
    tiny_checkpoint(nothing_here / "encoder")
    (nothing_here / "text.txt").write_text("One.\nTwo.\n", encoding="utf-8")
    fetch_sources(composed("data=text", "data.path=text.txt", "encoder.name_or_path=./encoder", "evaluation=embedded"))
    assert sorted(path.name for path in nothing_here.iterdir()) == ["encoder", "text.txt"]


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("data.path=absent.txt", "data.path=absent.txt is missing"),
        ("evaluation.pairs_dev=absent.tsv", "evaluation.pairs_dev=absent.tsv is missing"),
        ("encoder.name_or_path=./absent", "is not a folder"),
        ("encoder.name_or_path=bert base uncased", "is neither a folder nor a name that the model hub takes"),
        ("encoder.name_or_path=bert-base-uncased/", "is neither a folder nor a name that the model hub takes"),
    ],
)
def test_one_missing_file_is_one_sentence(nothing_here: Path, override: str, sentence: str) -> None:
    tiny_checkpoint(nothing_here / "encoder")
    (nothing_here / "text.txt").write_text("One.\nTwo.\n", encoding="utf-8")
    settings = {
        "data.path": "text.txt",
        "encoder.name_or_path": "./encoder",
        **dict([override.split("=")]),
    }
    with pytest.raises(SentcseError) as caught:
        fetch_sources(composed("data=text", "evaluation=embedded", *(f"{k}={v}" for k, v in settings.items())))
    assert sentence in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_damaged_evaluation_file_stops_a_run_before_anything_is_loaded(nothing_here: Path, real_data: Path) -> None:
    tiny_checkpoint(nothing_here / "encoder")
    (nothing_here / "text.txt").write_text("One.\nTwo.\n", encoding="utf-8")
    files = {name: (real_data / "senteval" / name).read_bytes() for name in STS_B_AND_SICK}
    for name, content in files.items():
        path = nothing_here / "senteval" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    words = ["data=text", "data.path=text.txt", "encoder.name_or_path=./encoder", f"data_root={nothing_here}"]
    fetch_sources(composed(*words))
    dev = nothing_here / "senteval" / STS_B_AND_SICK[0]
    dev.write_bytes(dev.read_bytes().replace(b"guitar", b"sitar ", 1))
    with pytest.raises(SentcseError, match=r"sts-dev\.csv has 1500 rows as published, but other content"):
        fetch_sources(composed(*words))
    fetch_sources(composed(*words, "evaluation.verify=none"))


def test_torch_is_not_imported_for_it() -> None:
    code = "import sys, sentcse.training.preflight, sentcse.train; sys.exit('torch' in sys.modules)"
    finished: Any = subprocess.run([sys.executable, "-c", code], check=False)
    assert finished.returncode == 0


def test_lora_without_peft(nothing_here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sentcse.training.preflight.find_spec", lambda name: None)
    tiny_checkpoint(nothing_here / "encoder")
    (nothing_here / "text.txt").write_text("One.\nTwo.\n", encoding="utf-8")
    words = ["data=text", "data.path=text.txt", "encoder.name_or_path=./encoder", "evaluation=embedded"]
    with pytest.raises(SentcseError, match=r"encoder\.lora\.rank=16 needs peft, .*: pip install 'sentcse\[peft\]'"):
        fetch_sources(composed(*words, "encoder.lora.rank=16"))
