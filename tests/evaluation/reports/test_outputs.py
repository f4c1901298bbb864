from __future__ import annotations

import json

import numpy as np
import pytest

from sentcse.config.commands import EvaluationSettings
from sentcse.errors import SentcseError
from sentcse.evaluation.reports.outputs import prepare_folder, write_evaluation
from sentcse.evaluation.run import combine_records
from sentcse.evaluation.scores.evaluator import evaluate_encoder
from sentcse.evaluation.scores.scoring import ScoredEncoder


@pytest.fixture
def scored(make_encoder, make_task):
    generator = np.random.default_rng(0)
    rows = [(f"{i}", f"{i} again", float(gold)) for i, gold in enumerate(generator.uniform(0, 5, 30))]
    task = make_task("stsb", rows)
    evaluation = evaluate_encoder(make_encoder(lambda _: generator.normal(size=4)), [task], geometry_task=task)
    return [ScoredEncoder("mine", "avg", None, evaluation)]


@pytest.fixture
def results(scored):
    return {
        "protocol": "simcse",
        "mode": "test",
        **combine_records(scored, EvaluationSettings(encoder="mine", bootstrap=20)),
    }


def test_a_picture_is_written_where_there_is_a_geometry(scored, results, tmp_path):
    write_evaluation(results, scored, tmp_path / "out")
    files = {path.name: path for path in (tmp_path / "out").iterdir()}
    assert sorted(files) == ["geometry.pdf", "geometry.png", "results.json", "table.md", "table.tex", "table.txt"]
    assert files["geometry.png"].read_bytes().startswith(b"\x89PNG")
    assert files["geometry.pdf"].read_bytes().startswith(b"%PDF")
    assert json.loads(files["results.json"].read_text()) == results
    assert "alignment" in files["table.md"].read_text()


def test_a_folder_that_cannot_be_made_is_named(scored, results, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SentcseError, match=r"file/results.json cannot be written"):
        write_evaluation(results, scored, tmp_path / "file")


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("config.yaml", "a run's folder"),
        ("sentcse.json", "an exported encoder"),
        ("manifest.json", "an index or an encoded corpus"),
    ],
)
def test_results_are_not_written_into_something_else_of_ours(name, what, tmp_path):
    (tmp_path / name).write_text("{}")
    with pytest.raises(SentcseError, match=f"{tmp_path.name} is {what}: name another folder for the results"):
        prepare_folder(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]
