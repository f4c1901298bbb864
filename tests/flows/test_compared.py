"""README's table sets sentcse beside others: what it says of an installed one is looked up there."""

from __future__ import annotations

import re
from importlib.metadata import requires, version
from pathlib import Path

import pytest
from tiny import tiny_checkpoint

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
SECTION = README.partition("## What you get here that you do not get there\n")[2].partition("\n## ")[0]

DASH = "\N{EN DASH}"


def rows() -> dict[str, list[str]]:
    """Cells of the table by the first of their line."""
    lines = [line for line in SECTION.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in (lines[0], *lines[2:])]
    return {first: rest for first, *rest in cells}


def test_every_row_has_five_cells_and_sentcse_has_what_it_names() -> None:
    assert rows()[""] == ["sentcse", "SimCSE", "DiffCSE", "miCSE", "sentence-transformers"]
    assert {len(cells) for cells in rows().values()} == {5}
    assert [first for first, cells in rows().items() if cells[0] in (DASH, "")] == []
    assert all(any(cell != cells[0] for cell in cells[1:]) for cells in rows().values())


def test_what_is_said_of_sentence_transformers(tmp_path: Path) -> None:
    library = pytest.importorskip("sentence_transformers")
    (said,) = re.findall(r"sentence-transformers (\d+\.\d+)\.", SECTION)
    if not version("sentence-transformers").startswith(f"{said}."):
        pytest.skip(f"the table is about sentence-transformers {said}")
    folder = Path(library.__file__).parent
    sources = {path: path.read_text(encoding="utf-8") for path in folder.rglob("*.py")}
    whole = "\n".join(sources.values()).lower()
    cells = {first: row[-1] for first, row in rows().items()}

    assert cells["objectives of the three papers"] == "SimCSE's loss"
    assert [word in whole for word in ("simcse", "diffcse", "micse")] == [True, False, False]
    assert cells["transformers"] == "5"
    assert any(re.match(r"transformers<6.*>=5", each) for each in requires("sentence-transformers") or [])
    # tasks, intervals, resumed encoding, reports
    assert [first for first, cell in cells.items() if cell == DASH] == [
        "STS and transfer tasks of the papers",
        "evaluation files checked by hash before scoring",
        "95 % intervals; two encoders compared on the same pairs",
        "encoding a corpus larger than memory, resumed after a kill",
        "studies over sizes and seeds, with a report",
    ]
    assert [
        word for word in ("senteval", "bootstrap", "confidence interval", "parquet", "low-shot") if word in whole
    ] == []
    retrieval = sources[folder / "util" / "retrieval.py"]
    assert "def community_detection(" in retrieval
    assert "def semantic_search(" in retrieval
    plain = library.SentenceTransformer(str(tiny_checkpoint(tmp_path / "plain")), device="cpu", local_files_only=True)
    assert plain[1].get_config_dict()["pooling_mode"] == "mean"
    for kind in ("cross_encoder", "sparse_encoder", "multi_vector_encoder"):
        assert (folder / kind).is_dir()
    assert len(list((folder / "sentence_transformer" / "losses").glob("[a-z]*.py"))) > 21
    assert {"image", "audio"} <= {
        each.partition("extra == ")[2].strip("'\"") for each in requires("sentence-transformers") or []
    }
