from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from sentcse.errors import ConfigError, DataError
from sentcse.evaluation.reports.text import format_results
from sentcse.evaluation.run import EvaluationSettings, run_evaluation
from sentcse.evaluation.scores import scoring

SENTENCES = ("a cat", "a cat sits", "dogs run far", "rain", "sun and rain")


@pytest.fixture
def pairs_file(tmp_path):
    path = tmp_path / "mine.tsv"
    rows = [(4.5, 0, 1), (1.0, 0, 2), (0.2, 1, 3), (3.9, 3, 4), (2.0, 2, 4), (4.8, 1, 0)]
    path.write_text(
        "score\tsentence1\tsentence2\n" + "".join(f"{g}\t{SENTENCES[i]}\t{SENTENCES[j]}\n" for g, i, j in rows)
    )
    return path


@pytest.fixture
def opened(monkeypatch, make_encoder):
    """Lets SentenceEncoder.from_pretrained give a fake, and says what it was asked for."""
    asked = []
    vectors = np.random.default_rng(0).normal(size=(5, 4))
    noise = {"good": 0.0, "noisy": 0.05, "noisier": 0.1}

    def open_fake(source, *, pooler=None, max_length=None, known_as=None):
        asked.append((source, pooler))
        if source == "constant":
            return make_encoder(lambda _: [1.0, 1.0])
        moved = vectors + noise[source] * np.random.default_rng(1).normal(size=vectors.shape)
        encoder = make_encoder(dict(zip(SENTENCES, moved, strict=True)))
        encoder.recorded_pooler = "cls"
        return encoder

    monkeypatch.setattr(scoring.SentenceEncoder, "from_pretrained", open_fake)
    return asked


@pytest.fixture
def score(tmp_path, pairs_file, opened):
    def run(source, **options):
        given = {"tasks": [str(pairs_file)], "data_root": tmp_path, "bootstrap": 50, **options}
        return run_evaluation(EvaluationSettings(encoder=source, **given))

    return run


def test_results_are_written_and_returned(tmp_path, score, opened):
    results = score("good", pooler="avg", bootstrap=200, output=tmp_path / "out")
    assert opened == [("good", "avg")]
    assert json.loads((tmp_path / "out" / "results.json").read_text()) == results
    task = results["tasks"]["mine"]
    assert (task["pairs"], task["collapsed"], task["truncated"]) == (6, False, 0)
    low, high = task["ci95"]
    assert low <= task["spearman"]["all"] <= high
    assert task["sources"] == {"mine": {"spearman": task["spearman"]["all"], "pairs": 6}}
    assert (results["protocol"], results["encoder"], results["pooler"], results["max_length"]) == (
        "simcse",
        "good",
        "avg",
        512,
    )
    assert results["average"] == {"sts": None, "transfer": None}
    assert set(results["versions"]) == {"python", "sentcse", "torch", "transformers", "numpy", "scipy"}
    assert results["seconds"] >= 0


def test_a_gpu_is_used_where_there_is_one_and_recorded(monkeypatch, score, opened):
    assert score("good", device="cpu")["device"] == "cpu"
    encoders = []
    opener = scoring.SentenceEncoder.from_pretrained

    def remembered(*args, **options):
        encoders.append(opener(*args, **options))
        return encoders[-1]

    monkeypatch.setattr(scoring.SentenceEncoder, "from_pretrained", remembered)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "a GPU")
    assert score("good", against="noisy")["device"] == "cuda (a GPU)"
    assert [encoder.devices for encoder in encoders] == [["cuda"], ["cuda"]]


def test_tables_are_written_beside_the_results(tmp_path, score):
    results = score("good", output=tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "results.json",
        "table.md",
        "table.tex",
        "table.txt",
    ]
    for layout, name in (("table", "table.txt"), ("markdown", "table.md"), ("latex", "table.tex")):
        assert (tmp_path / "out" / name).read_text() == format_results(results, layout) + "\n"
    assert (tmp_path / "out" / "table.md").read_text().startswith("| encoder | mine |\n")


def test_a_collapsed_encoder_is_null_and_flagged(tmp_path, score):
    results = score("constant", output=tmp_path)
    task = json.loads((tmp_path / "results.json").read_text())["tasks"]["mine"]
    assert (task["collapsed"], task["spearman"]) == (True, {"all": None, "mean": None, "wmean": None})
    assert "ci95" not in task
    assert "* collapsed" in format_results(results)


def test_two_encoders_are_compared_on_the_same_pairs(score, opened):
    results = score("good", against="noisy", against_pooler="avg")
    assert opened == [("good", None), ("noisy", "avg")]
    alone, other = score("good"), score("noisy")
    assert results["tasks"] == alone["tasks"]
    assert results["against"]["tasks"] == other["tasks"]
    found = results["against"]["differences"]["tasks"]["mine"]
    first, second = (each["tasks"]["mine"]["spearman"]["all"] for each in (alone, other))
    assert found["difference"] == pytest.approx(first - second)
    assert found["ci95"][0] <= found["difference"] <= found["ci95"][1]
    assert (found["verdict"], found["p_holm"]) == ("not told apart", found["p"])
    text = format_results(results)
    assert "mine: good and noisy are not told apart" in text
    assert [line.split()[0] for line in format_results(results, "markdown").split("\n")[2:]].count("|") == 8


def test_an_encoder_is_not_told_apart_from_itself(score):
    results = score("good", against="good")
    assert results["against"]["differences"]["tasks"]["mine"] == {
        "difference": 0.0,
        "ci95": [0.0, 0.0],
        "p": 1.0,
        "p_holm": 1.0,
        "verdict": "not told apart",
    }
    assert "good and good are not told apart" in format_results(results)


def test_a_collapsed_encoder_is_not_compared(score):
    results = score("good", against="constant")
    assert results["against"]["differences"]["tasks"] == {}
    assert "Not compared, because an encoder is collapsed or its rows are not known: mine" in format_results(results)


def test_several_encoders_are_seeds(score):
    results = score(["good", "noisy", "noisier"])
    scores = [record["tasks"]["mine"]["spearman"]["all"] for record in results["encoders"]]
    found = results["seeds"]["tasks"]["mine"]
    assert [record["encoder"] for record in results["encoders"]] == ["good", "noisy", "noisier"]
    assert (found["mean"], found["std"]) == pytest.approx((np.mean(scores), np.std(scores, ddof=1)))
    assert "tasks" not in results
    lines = [line.split()[0] for line in format_results(results).split("\n\n")[1].split("\n")]
    assert lines[2:] == ["good", "noisy", "noisier", "mean", "std", "95", "95"]
    with_one_collapsed = score(["good", "constant"])
    assert with_one_collapsed["seeds"]["tasks"] == {}


def test_widths_are_scored_beside_each_other_and_compared_with_the_first(tmp_path, score, opened):
    results = score("good", truncate_dim=[4, 2, 1], output=tmp_path / "out")
    assert opened == [("good", None)]
    assert [record["dimensions"] for record in results["encoders"]] == [4, 2, 1]
    whole, two, one = (record["tasks"]["mine"] for record in results["encoders"])
    assert whole == score("good")["tasks"]["mine"]
    assert "differences" not in results["encoders"][0]
    for record, task in zip(results["encoders"][1:], (two, one), strict=True):
        found = record["differences"]["tasks"]["mine"]
        assert found["difference"] == pytest.approx(task["spearman"]["all"] - whole["spearman"]["all"])
        assert found["ci95"][0] <= found["difference"] <= found["ci95"][1]
    lines = [line.split()[:2] for line in format_results(results).split("\n\n")[1].split("\n")[2:]]
    compared = [["difference"], ["95", "%"], ["95", "%"], ["p"], ["p", "(Holm)"]]
    shown = [[f"{width}", "values"] for width in (4, 2, 1)]
    rows = [
        shown[0],
        *[["95", "%"]] * 2,
        shown[1],
        *[["95", "%"]] * 2,
        *compared,
        shown[2],
        *[["95", "%"]] * 2,
        *compared,
    ]
    assert [line[: len(row)] for line, row in zip(lines, rows, strict=True)] == rows
    assert "good: pooler avg (recorded: cls), first 2 values, at most 512 tokens" in format_results(results)
    assert (tmp_path / "out" / "table.md").read_text().startswith("| encoder | mine |\n")


def test_one_width_is_a_way_to_score_whatever_is_named(score):
    results = score("good", truncate_dim=[2], against="noisy")
    assert (results["dimensions"], results["against"]["dimensions"]) == (2, 2)
    assert results["tasks"] == score("good", truncate_dim=[4, 2])["encoders"][1]["tasks"]
    assert "differences" not in score("good", truncate_dim=[4, 2], bootstrap=0)["encoders"][1]
    assert [each["dimensions"] for each in score(["good", "noisy"], truncate_dim=2)["encoders"]] == [2, 2]


def test_missing_data_is_told_before_the_encoder_is_opened(tmp_path, opened):
    with pytest.raises(DataError, match=r"sts-dev\.csv is missing"):
        run_evaluation(EvaluationSettings(encoder="good", tasks=["stsb"], mode="dev", data_root=str(tmp_path)))
    assert opened == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"against": "noisy", "bootstrap": 0}, "^bootstrap=0: against and reproduces need resamples"),
        ({"encoder_source": ["good", "noisy"], "against": "noisy"}, "encoder names 2; name one"),
        ({"encoder_source": ["good", "good"]}, "at least one encoder, and none twice"),
        ({"encoder_source": []}, "at least one encoder"),
        ({"published": ["simcse_bert"]}, "there is no published row 'simcse_bert' for the tasks scored; .* none for"),
        (
            {"published": ["nobody"], "tasks": ["stsb"]},
            "^published: there is no published row 'nobody' .* glove_avg,",
        ),
        ({"reproduces": "simcse_bert", "tasks": ["sts"], "protocol": "mteb"}, "^reproduces: .* set protocol=simcse"),
        ({"reproduces": "simcse_bert", "tasks": ["sts"], "mode": "dev"}, "^reproduces: .* set mode=test"),
        ({"truncate_dim": [3, 3]}, "^truncate_dim must name no number of values twice"),
        ({"truncate_dim": [3, 2], "against": "noisy"}, "compared with each other: name one encoder"),
        ({"truncate_dim": [3, 2], "encoder_source": ["good", "noisy"]}, "compared with each other: name one encoder"),
    ],
)
def test_what_does_not_go_together_is_refused_before_anything_is_opened(score, opened, options, said):
    with pytest.raises(ConfigError, match=said):
        score(**{"source": options.pop("encoder_source", "good"), **options})
    assert opened == []
