"""MTEB's tasks, scored by mteb on local data: no hub."""

from __future__ import annotations

import json
import time
from importlib.util import find_spec

import numpy as np
import pytest

from sentcse.errors import ConfigError, DataError
from sentcse.evaluation.reports.text import format_results
from sentcse.evaluation.run import EvaluationSettings, run_evaluation
from sentcse.evaluation.scores import mteb_tasks, scoring
from sentcse.evaluation.scores.evaluator import evaluate_encoder
from sentcse.evaluation.scores.mteb_tasks import format_mteb, load_data, load_mteb_tasks, score_mteb_tasks

# importing mteb takes seconds: only in the tests themselves
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("mteb") is None, reason="the extra mteb is not installed"),
]


TOPICS = {"cats": (1.0, 0.0), "rain": (0.0, 1.0), "trains": (-1.0, 0.3)}


def by_topic(text: str) -> tuple[float, float]:
    return TOPICS[text.split()[0]]


def test_sts_is_what_our_own_evaluation_gives(local, make_encoder, make_task):
    generator = np.random.default_rng(0)
    rows = [(f"first {i}", f"second {i % 7}", float(generator.uniform(0, 5))) for i in range(40)]
    vectors = {text: generator.normal(size=4) for row in rows for text in row[:2]}
    encoder = make_encoder(vectors)
    task = local.LocalSts()
    task.pairs = tuple(list(column) for column in zip(*rows, strict=True))
    task.load_data()
    record = score_mteb_tasks(encoder, [task])["tasks"]["LocalSts"]
    ours = evaluate_encoder(make_encoder(vectors), [make_task("mine", rows)]).sts["mine"].all
    assert record["score"] == pytest.approx(ours, abs=1e-4)
    assert record["splits"] == {"test": {"default": record["score"]}}
    assert (record["type"], record["metric"], record["dataset"]) == ("STS", "cosine_spearman", "local/none")
    # each distinct text once a column
    assert sum(len(call["sentences"]) for call in encoder.calls) == 40 + 7
    assert {call["max_length"] for call in encoder.calls} == {512}


def test_clusters_that_lie_apart_are_found(local, make_encoder):
    task = local.LocalClustering()
    task.load_data()
    record = score_mteb_tasks(make_encoder(by_topic), [task])["tasks"]["LocalClustering"]
    assert record["score"] == pytest.approx(100)


def test_retrieval_ranks_by_cosine_and_reads_titles(local, make_encoder):
    """The relevant document is second: nDCG is 1 / log2(3)."""
    task = local.LocalRetrieval()
    task.load_data()
    encoder = make_encoder(by_topic)
    results = score_mteb_tasks(encoder, [task])
    assert results["tasks"]["LocalRetrieval"]["score"] == pytest.approx(100 / np.log2(3), abs=0.01)
    assert "cats is what this is of" in [text for call in encoder.calls for text in call["sentences"]]
    assert "LocalRetrieval" in format_mteb(results)
    assert "63.09" in format_mteb(results)


def test_a_collapsed_encoder_has_no_score(local, make_encoder):
    task = local.LocalSts()
    task.pairs = (["a", "b", "c"], ["d", "e", "f"], [1.0, 2.0, 3.0])
    task.load_data()
    results = score_mteb_tasks(make_encoder(lambda _: [1.0, 1.0]), [task])
    assert results["tasks"]["LocalSts"]["score"] is None
    assert format_mteb(results).splitlines()[1].endswith("-")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("sts12", "there is no task 'sts12'; did you mean STS12?"),
        ("StackExchangeClusterin", "did you mean StackExchangeClustering?"),
        ("zzzzzzzzzzzzz", "https://embeddings-benchmark.github.io/mteb lists them"),
        ("CIFAR10Clustering", "is a task of image; only those of text"),
        ("CMedQAv2-reranking", "has no part in eng, but in cmn: name one of them in mteb_languages"),
    ],
)
def test_names_that_cannot_be_scored(name, said):
    with pytest.raises(ConfigError, match=said.replace("?", r"\?")):
        load_mteb_tasks([name])


def test_without_the_hub_the_sentence_names_task_and_data(local, tmp_path, monkeypatch):
    monkeypatch.setattr(mteb_tasks, "hub_is_reachable", lambda: False)
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path)
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    with pytest.raises(DataError, match=r"the data of STS12 \(mteb/sts12-sts on the hub\) cannot be had"):
        load_mteb_tasks(["STS12"])
    assert slept == []  # nothing is tried again
    with pytest.raises(DataError, match=r"Broken \(local/none on the hub\) cannot be had: Couldn't reach .*Enabled\);"):
        load_data(local.Broken())


def test_without_the_package_the_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setattr(mteb_tasks, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r"pip install 'sentcse\[mteb\]' with Python 3\.11 or newer, or leave"):
        load_mteb_tasks(["STS12"])


def test_an_evaluation_of_mteb_alone(local, make_encoder, monkeypatch, tmp_path):
    task = local.LocalRetrieval()
    task.load_data()
    asked = []
    monkeypatch.setattr(scoring, "load_mteb_tasks", lambda *names, **options: asked.append((names, options)) or [task])
    encoder = make_encoder(by_topic)
    encoder.recorded_pooler = "avg"
    encode = encoder.encode
    monkeypatch.setattr(encoder, "encode", lambda texts, **options: encode(texts, **options).reshape(len(texts), 2))
    monkeypatch.setattr(scoring.SentenceEncoder, "from_pretrained", lambda *_, **__: encoder)
    place = {"data_root": tmp_path, "output": tmp_path}
    results = run_evaluation(EvaluationSettings(encoder="good", tasks=[], mteb=["LocalRetrieval"], **place))
    assert asked == [((["LocalRetrieval"],), {"languages": ["eng"]})]
    assert json.loads((tmp_path / "results.json").read_text())["mteb"] == results["mteb"]
    assert results["mteb"]["tasks"]["LocalRetrieval"]["score"] == pytest.approx(100 / np.log2(3), abs=0.01)
    assert results["tasks"] == {}
    assert "LocalRetrieval" in format_results(results)
    with pytest.raises(ConfigError, match="tasks is empty"):
        run_evaluation(EvaluationSettings(encoder="good", tasks=[], data_root=str(tmp_path)))
