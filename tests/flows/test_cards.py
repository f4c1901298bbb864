"""docs/cards.md: its blocks run, with small models under the published names, and say what is true."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from composing import checked
from published_layouts import (
    linear_tanh,
    roberta,
    through,
    write_hub,
)
from tiny import tiny_bert, tiny_tokenizer
from torch import Tensor, nn

from sentcse.command.plain import run_plain_command
from sentcse.config.commands import EvaluateConfig
from sentcse.config.exporting import ExportConfig
from sentcse.config.section import flat

PAGE = (Path(__file__).parents[2] / "docs" / "cards.md").read_text(encoding="utf-8")
QUESTIONS = ["What is the dog of a man ?", "Who plays music in the city ?", "How is a woman to run ?"]


def blocks(chapter: str, section: str, language: str = "python") -> str:
    """The code of a section of a chapter, one block after the other."""
    (found,) = re.findall(rf"^## {chapter}$(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    (inside_it,) = re.findall(rf"^### {section}$(.*?)(?=^### |\Z)", found, re.DOTALL | re.MULTILINE)
    return "\n".join(re.findall(rf"```{language}\n(.*?)```", inside_it, re.DOTALL))


def commands() -> list[list[str]]:
    text = "\n".join(re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)).replace("\\\n", " ")
    return [shlex.split(line) for line in text.splitlines() if line != ""]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The hub's cache, with stand-ins under the published names."""
    return write_hub(tmp_path_factory.mktemp("hub"))


@pytest.fixture(autouse=True)
def place(hub: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own, where the names are those of the stand-ins."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(hub))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def first_tokens(texts: list[str], backbone: nn.Module | None = None) -> Tensor:
    """What a stand-in gives for each text alone."""
    model = tiny_bert() if backbone is None else backbone
    with torch.no_grad():
        return torch.cat(
            [model(**tiny_tokenizer()(text, return_tensors="pt")).last_hidden_state[:, 0] for text in texts]
        )


def cosines(a: Tensor, b: Tensor) -> np.ndarray:
    return nn.functional.cosine_similarity(a[:, None], b[None], dim=-1).numpy()


def run(code: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    exec(code, found)
    return found


def test_simcse_its_class(place: Path) -> None:
    (place / "sentences.txt").write_text("The dog runs.\nA woman is reading.\nHe plays guitar.\n", encoding="utf-8")
    found = run(blocks("SimCSE", "Its class"))
    a, b = (through(linear_tanh(), first_tokens(found[name])) for name in ("sentences_a", "sentences_b"))
    np.testing.assert_allclose(found["similarities"], cosines(a, b), atol=1e-5)
    np.testing.assert_allclose(found["embedding"], nn.functional.normalize(a, dim=1)[0], atol=1e-5)
    assert [len(each) <= 2 for each in found["results"]] == [True, True]
    assert found["model"].search("Somebody is reading a book.")[0][0] == "Somebody is reading a book."
    assert found["results"][0][0] == ("He plays guitar.", pytest.approx(1, abs=1e-5))


def test_simcse_with_transformers(capsys: pytest.CaptureFixture[str]) -> None:
    found = run(blocks("SimCSE", "With transformers"))
    vectors = through(linear_tanh(), first_tokens(found["texts"]))
    expected = cosines(vectors[:1], vectors[1:])
    said = capsys.readouterr().out
    assert [float(each) for each in re.findall(r"\. (-?\d\.\d{3})$", said, re.MULTILINE)] == pytest.approx(
        expected[0].tolist(), abs=6e-4
    )
    similar = found["encoder"].similarity(found["texts"][0], found["texts"][1:])
    np.testing.assert_allclose(similar, expected, atol=1e-5)


@pytest.mark.filterwarnings("ignore:voidism")
def test_diffcse_its_class() -> None:
    found = run(blocks("DiffCSE", "Its class"))
    keys = ["A man is playing a guitar.", "She reads."]
    expected = cosines(first_tokens(["A woman is reading."]), first_tokens(keys))
    np.testing.assert_allclose(found["similarities"], expected, atol=1e-5)
    for kind in ("sts", "trans"):
        vectors = found[f"model_roberta_{kind}"].encode(keys, normalize_to_unit=False)
        torch.testing.assert_close(vectors, first_tokens(keys, roberta()), rtol=1e-4, atol=1e-5)


def test_diffcse_its_training_is_the_recipe() -> None:
    (words,) = [line for line in commands() if "generator=distilbert" in line]
    given, recipe = (flat(checked(*each).model_dump()) for each in (words[3:], words[3:4]))
    assert given == recipe
    # each of the page's values is said, so that one that is not the recipe's would be seen
    assert (given["optimizer.learning_rate"], given["method.masking_ratio"], given["trainer.max_epochs"]) == (
        7e-6,
        0.3,
        2,
    )


def test_diffcse_its_notebook(place: Path) -> None:
    pairs = place / "mine.tsv"
    rows = [f"{number % 6}\t{QUESTIONS[number % 3]}\tA man {'is ' * number}here" for number in range(12)]
    pairs.write_text("score\tsentence1\tsentence2\n" + "\n".join(rows) + "\n", encoding="utf-8")
    code = blocks("DiffCSE", "Evaluation of the four checkpoints")
    assert 'tasks=["sts"], reproduces=row' in code
    found = run(code.replace('tasks=["sts"], reproduces=row', f'tasks=["{pairs}"]'))
    assert {name: each["pooler"] for name, each in found["scores"].items()} == dict.fromkeys(
        found["rows"], "cls_before_pooler"
    )


def test_micse_similarity(capsys: pytest.CaptureFixture[str]) -> None:
    found = run(blocks("miCSE", "Similarity"))
    vectors = first_tokens(found["sentences"])
    np.testing.assert_allclose(found["cosines"], cosines(vectors, vectors), atol=1e-4)
    said = [float(each) for each in re.findall(r"Cosine: (.*)", capsys.readouterr().out)]
    assert said == pytest.approx([cosines(vectors, vectors)[0, 1]] * 2, abs=2e-4)


def test_micse_with_sentence_transformers() -> None:
    pytest.importorskip("sentence_transformers")
    found = run(blocks("miCSE", "With sentence-transformers"))
    one, two = (first_tokens(found[name]) for name in ("sentences1", "sentences2"))
    torch.testing.assert_close(found["cosines"], nn.functional.cosine_similarity(one, two), rtol=0, atol=1e-4)


@pytest.mark.slow
def test_micse_its_map(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("umap", reason="umap-learn is not installed: sentcse[map]")
    import matplotlib as mpl

    monkeypatch.setenv("MPLBACKEND", "Agg")
    folder = place / "data" / "senteval" / "TREC"
    folder.mkdir(parents=True)
    lines = [
        f"{label}:x {text} {'a ' * number}"
        for number in range(45)
        for label, text in zip("ABC", QUESTIONS, strict=True)
    ]
    (folder / "train_5500.label").write_text("\n".join(lines) + "\n", encoding="latin-1")
    with mpl.rc_context():
        found = run(blocks("miCSE", "A map of labelled sentences"))
    assert found["places"].shape == (135, 2)
    assert np.isfinite(found["places"]).all()
    assert sorted(set(found["labels"])) == ["A", "B", "C"]
    torch.testing.assert_close(
        torch.cat(found["states"])[:9], first_tokens(found["questions"][:9]), rtol=1e-4, atol=1e-5
    )
    assert (place / "map.png").stat().st_size > 5_000


def test_every_block_of_python_is_run() -> None:
    run_here = [
        ("SimCSE", "Its class"), ("SimCSE", "With transformers"), ("DiffCSE", "Its class"),
        ("DiffCSE", "Evaluation of the four checkpoints"), ("miCSE", "Similarity"),
        ("miCSE", "With sentence-transformers"), ("miCSE", "A map of labelled sentences"),
    ]  # fmt: skip
    assert "\n".join(blocks(*each) for each in run_here) == "\n".join(
        re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    )


def test_every_command_is_one_that_its_checks_take(capsys: pytest.CaptureFixture[str]) -> None:
    seen = []
    for python, module, name, *words in commands():
        assert (python, module) == ("python", "-m")
        command = name.removeprefix("sentcse.")
        if command == "train":
            checked(*words)
        else:
            model: Any = {"evaluate": EvaluateConfig, "export": ExportConfig}[command]
            assert (
                run_plain_command(
                    lambda config: seen.append(json.loads(config.model_dump_json())), command, model, words
                )
                == 0
            )
    assert [each["encoder"] for each in seen if "encoder" in each][-1] == "sap-ai-research/miCSE"
    assert capsys.readouterr().err == ""


def test_what_the_traps_say_of_the_libraries(recwarn: pytest.WarningsRecorder) -> None:
    from transformers import AutoModel, AutoTokenizer

    assert getattr(AutoTokenizer.from_pretrained("sap-ai-research/miCSE"), "batch_encode_plus", None) is None
    # what the files do not hold is drawn at random
    layers = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        layers.append(AutoModel.from_pretrained("voidism/diffcse-bert-base-uncased-sts").pooler.dense.weight)
    assert not torch.equal(*layers)
    faiss = pytest.importorskip("faiss")
    assert faiss.IndexIVFFlat(faiss.IndexFlatIP(4), 4, 2).metric_type == faiss.METRIC_L2
    with pytest.raises(IndexError):
        nn.CosineSimilarity(dim=-1)(torch.ones(2, 3), torch.ones(2, 3))[0][0]
    pytest.importorskip("sentence_transformers")
    from sentence_transformers.sentence_transformer.modules import Pooling

    assert Pooling(16).get_config_dict()["pooling_mode"] == "mean"
