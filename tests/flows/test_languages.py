"""docs/languages.md: its snippet writes pairs that its commands train and score with, here with a tiny model."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import datasets
import pytest
from composing import checked
from tiny import tiny_family, tiny_tokenizer

from sentcse.evaluation.tasks.pairs import read_pairs_file
from sentcse.records.run_folder import RunFolder
from sentcse.training.run import train

PAGE = (Path(__file__).parents[2] / "docs" / "languages.md").read_text(encoding="utf-8")
ROWS = {
    "sentence1": ["a dog runs, fast", "the man", 'a "woman" sits'],
    "sentence2": ["the dog", "a city", "the woman"],
    "similarity_score": [4.5, 0.2, 3.0],
}


def commands() -> list[list[str]]:
    text = "\n".join(re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)).replace("\\\n", " ")
    return [shlex.split(line, comments=True) for line in text.splitlines() if line != ""]


@pytest.mark.parametrize(("command", "model_type"), [(0, "xlm-roberta"), (1, "bert"), (2, "xlm-roberta")])
def test_the_recipes_train(command: int, model_type: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tiny_family(model_type).save_pretrained("tiny")
    tiny_tokenizer(tmp_path / "tiny")
    for name in ("sentences_de.txt", "sentences_zh.txt"):
        Path(name).write_text("a dog runs\nthe man\nthe city\na woman sits\n", encoding="utf-8")
    # more columns than are wanted, as a data set may have
    rows = datasets.Dataset.from_dict({"id": [0, 1, 2], **ROWS})
    monkeypatch.setattr(datasets, "load_dataset", lambda name, language, *, split: rows)
    (snippet,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(snippet, {})
    words = commands()[command]
    assert words[:3] == ["python", "-m", "sentcse.train"]
    small = ["encoder.name_or_path=tiny", "trainer.accelerator=cpu", "trainer.precision=32", "trainer.progress=false"]
    config = checked(*words[3:], *small, f"data.cache_dir={tmp_path}/cache")
    results = train(config)
    assert RunFolder(config).encoder.is_dir()
    if command == 2:
        assert results["test"]["pairs"]["pairs"] == 3
        source = read_pairs_file(Path("stsb_de_test.csv"), "de")
        assert source.gold.tolist() == ROWS["similarity_score"]
        assert list(source.sentences1) == ROWS["sentence1"]
