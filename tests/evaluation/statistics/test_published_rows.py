from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import yaml

from sentcse.config.paths import config_dir
from sentcse.config.tasks import SUITE_COLUMNS
from sentcse.errors import ConfigError
from sentcse.evaluation.statistics.published_rows import published_rows, scored_suites, select_rows

ROWS = {(row.suite, row.name): row for row in published_rows()}
DIFFER = {("sts", "prompt_bert"), ("transfer", "bert_base_avg")}
"""The two whose figures do not give the average as published; their notes say so."""


def test_every_row_is_there_once():
    assert len(ROWS) == len(published_rows()) == 32
    assert sum(suite == "transfer" for suite, _ in ROWS) == 9


@pytest.mark.parametrize("row", published_rows(), ids=lambda row: f"{row.suite}-{row.name}")
def test_figures_give_the_published_average(row):
    assert row.label != ""
    assert row.source != ""
    assert set(row.figures) in (set(SUITE_COLUMNS[row.suite]), set())
    assert all(10 < figure.score < 100 for figure in row.figures.values())
    if row.average is None or len(row.figures) == 0:
        return
    mean = sum(figure.score for figure in row.figures.values()) / 7
    # seven figures and the average are rounded to two digits; one README has two averages of one model
    agrees = abs(mean - row.average.score) < 0.0101
    assert agrees != ((row.suite, row.name) in DIFFER)
    assert agrees or f"{mean:.2f}" in row.note


def test_spreads_are_read_where_they_are_published():
    row = ROWS["sts", "prompt_bert"]
    assert (row.figures["STS12"].score, row.figures["STS12"].std, row.seeds) == (71.56, 0.18, 10)
    assert (row.average.score, row.average.std) == (78.54, 0.15)
    assert ROWS["sts", "simcse_bert"].average.std is None
    assert {row.name for row in ROWS.values() if row.seeds > 1} == {"prompt_bert", "prompt_roberta"}


@pytest.mark.parametrize("path", sorted((config_dir() / "experiment").glob("*.yaml")), ids=lambda path: path.stem)
def test_an_experiment_names_the_score_of_its_row(path: Path):
    published = yaml.safe_load(path.read_text(encoding="utf-8"))["recipe"].get("published", {})
    for key, score in published.items():
        suite = key.removesuffix("_avg")
        assert ROWS[suite, path.stem].average.score == score
    if ("sts", path.stem) in ROWS:
        assert "sts_avg" in published


def test_suites_that_tasks_belong_to():
    assert scored_suites(["sts"]) == ["sts"]
    assert scored_suites(["stsb", "my.tsv"]) == ["sts"]
    assert scored_suites(["mr", "sickr_full"]) == ["sts", "transfer"]
    assert scored_suites(["full"]) == ["sts", "transfer"]
    assert scored_suites(["my.tsv", "stsb_de", "stsb_multi_mt"]) == []


def select(names, *, protocol="simcse", mode="test", suites=("sts", "transfer")):
    return [(row.suite, row.name) for row in select_rows(names, protocol=protocol, mode=mode, suites=suites)]


def test_rows_are_chosen_by_name_and_suite():
    assert select(["simcse_bert", "glove_avg"]) == [
        ("sts", "simcse_bert"),
        ("transfer", "simcse_bert"),
        ("sts", "glove_avg"),
    ]
    assert select(["simcse_bert"], suites=["sts"]) == [("sts", "simcse_bert")]
    assert select([]) == []


def test_all_takes_those_that_can_stand_beside_the_scores():
    assert {suite for suite, _ in select(["all"], suites=["sts"])} == {"sts"}
    assert len(select(["all"])) == 28
    assert select(["all"], protocol="mteb", suites=["sts"])[0] == ("sts", "minilm_mteb")
    assert len(select(["all"], protocol="mteb", suites=["sts"])) == 4
    assert {suite for suite, _ in select(["all"], mode="fasttest")} == {"sts"}
    assert select(["all"], mode="dev") == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"protocol": "mteb"}, r"published by the protocol simcse, .* by mteb, .* set protocol=simcse\."),
        ({"mode": "dev"}, r"published for mode=test, the scores are asked for by mode=dev: set mode=test\."),
        ({"mode": "fasttest", "suites": ["transfer"]}, r"by mode=fasttest: set mode=test\."),
        ({"suites": []}, r"there are: none for these tasks\."),
    ],
)
def test_a_row_that_cannot_be_compared_is_refused_in_a_sentence(options, said):
    with pytest.raises(ConfigError, match=said):
        select(["simcse_bert"], **options)


def test_the_documentation_carries_every_row():
    path = Path(__file__).parents[3] / "docs" / "published_scores.py"
    spec = importlib.util.spec_from_file_location("docs_published_scores", path)
    page = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(page)
    assert page.main(["--check"]) == 0, "run python docs/published_scores.py"
    assert all(f"| `{row.name}` | {row.label} |" in page.render() for row in published_rows())
