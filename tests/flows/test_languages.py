"""docs/languages.md: its commands train, without pairs and with STS-B in another language, here with a tiny model."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from composing import checked
from tiny import tiny_family, tiny_tokenizer

from sentcse.data.fetching import manifest
from sentcse.evaluation.tasks import sts
from sentcse.records.run_folder import RunFolder
from sentcse.training.run import train

PAGE = (Path(__file__).parents[2] / "docs" / "languages.md").read_text(encoding="utf-8")
ROWS = '"a dog runs, fast",the dog,4.5\r\nthe man,a city,0.2\r\n"a ""woman"" sits",the woman,3.0\r\n'


def commands() -> list[list[str]]:
    text = "\n".join(re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)).replace("\\\n", " ")
    return [shlex.split(line, comments=True) for line in text.splitlines() if line != ""]


@pytest.fixture
def german(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three pairs as the dev and the test part of STS-B in German, which are taken for the published ones."""
    entries = {}
    for part in ("dev", "test"):
        (name,) = sts.required_files("stsb_de", part)
        path = tmp_path / "data" / "senteval" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(ROWS.encode())
        entries[name] = manifest.manifest_entry(name, path.read_bytes())
        monkeypatch.setitem(sts._STSB, part, ("", 3))
    monkeypatch.setattr(manifest, "load_manifest", lambda: entries)


@pytest.mark.usefixtures("german")
@pytest.mark.parametrize(("command", "model_type"), [(0, "xlm-roberta"), (1, "bert"), (2, "xlm-roberta")])
def test_the_recipes_train(command: int, model_type: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SENTCSE_DATA", str(tmp_path / "data"))
    tiny_family(model_type).save_pretrained("tiny")
    tiny_tokenizer(tmp_path / "tiny")
    for name in ("sentences_de.txt", "sentences_zh.txt"):
        Path(name).write_text("a dog runs\nthe man\nthe city\na woman sits\n", encoding="utf-8")
    words = commands()[command]
    assert words[:3] == ["python", "-m", "sentcse.train"]
    small = ["encoder.name_or_path=tiny", "trainer.accelerator=cpu", "trainer.precision=32", "trainer.progress=false"]
    config = checked(*words[3:], *small, f"data.cache_dir={tmp_path}/cache")
    results = train(config)
    assert RunFolder(config).encoder.is_dir()
    if command == 2:
        assert results["test"]["stsb_de"]["pairs"] == 3
        assert results["best"].keys() == {"step", "stsb_de_dev"}
