from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from sentcse.config import TrainConfig
from sentcse.encoder import SentenceEncoder
from sentcse.errors import ConfigError
from sentcse.evaluation.scores.evaluator import evaluate_encoder
from sentcse.records.metrics_file import read_series
from sentcse.records.run_folder import RunFolder
from sentcse.training import dev_evaluation as module
from sentcse.training.dev_evaluation import score_text
from sentcse.training.fitting import load_checkpoint
from sentcse.training.run import EncoderRun

Configure = Callable[..., TrainConfig]


def make(config: TrainConfig) -> EncoderRun:
    run = EncoderRun(config)
    run.prepare()
    run.folder.create(config)
    return run


def scores(folder: RunFolder) -> dict[int, float]:
    with folder.metrics.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    return {int(row["step"]): float(row["val/pairs_spearman"]) for row in rows if row["val/pairs_spearman"]}


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Callable[[Sequence[float]], None]:
    """Scores of the dev task one after the other, instead of real ones."""

    def script(values: Sequence[float]) -> None:
        left: Iterator[float] = iter(values)

        def evaluate(encoder: Any, tasks: Any, *, geometry_task: Any = None, **options: Any) -> Any:
            score = next(left) if geometry_task is not None else 1.0
            geometry = SimpleNamespace(alignment=0.5, uniformity=-1.0)
            results = {task.name: SimpleNamespace(all=score, pairs=task.pairs) for task in tasks}
            return SimpleNamespace(sts=results, geometry=geometry)

        monkeypatch.setattr(module, "evaluate_encoder", evaluate)

    return script


def test_every_n_steps_and_the_last(configure: Configure) -> None:
    """Five batches an epoch, two epochs: ten steps."""
    run = make(configure("evaluation.every_n_steps=4"))
    untrained = evaluate_encoder(run.method.evaluation_encoder(), run.evaluation.dev_tasks).sts["pairs"].all
    run.fit()
    found = scores(run.folder)
    assert list(found) == [0, 4, 8, 10]
    # the first is of the untrained encoder, the last of the trained one
    assert found[0] == pytest.approx(untrained)
    assert run.evaluation.initial["pairs_spearman"] == found[0]
    trained = evaluate_encoder(run.method.evaluation_encoder(), run.evaluation.dev_tasks).sts["pairs"].all
    assert found[10] == pytest.approx(trained)
    assert trained != untrained
    best = max(found[step] for step in (4, 8, 10))
    assert run.evaluation.best["score"] == best
    assert found[int(load_checkpoint(run.folder.best)["global_step"])] == best
    assert load_checkpoint(run.folder.last)["global_step"] == 10


def test_the_test_tasks_are_scored_every_time_if_asked_for_and_select_nothing(
    configure: Configure, tmp_path: Path
) -> None:
    plain, curve = make(configure()), make(configure("evaluation.test_curve=true", runs="others"))
    plain.fit()
    curve.fit()
    series = read_series(curve.folder.metrics)
    assert list(series["test/pairs_spearman"]) == list(series["val/pairs_spearman"])
    assert list(read_series(plain.folder.metrics)["test/pairs_spearman"]) == [0]
    tested = evaluate_encoder(curve.method.evaluation_encoder(), curve.evaluation.test_tasks).sts["pairs"].all
    assert series["test/pairs_spearman"][max(series["test/pairs_spearman"])] == pytest.approx(tested)
    assert curve.evaluation.best == plain.evaluation.best
    assert curve.conclude()["test"] == plain.conclude()["test"]


def test_nothing_is_decomposed_for_a_rank_that_is_not_logged(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: Any, **options: Any) -> None:
        raise AssertionError("a decomposition while training")

    monkeypatch.setattr(np.linalg, "svd", refuse)
    run = make(configure())
    found = run.evaluation.scores(run.method, initial=True)
    assert set(found) == {"val/pairs_spearman", "val/alignment", "val/uniformity", "test/pairs_spearman"}


@pytest.mark.parametrize(
    ("grades", "said"),
    [((0.1, 0.9, 0.5), "alignment - (no pair is graded above 4)  uniformity"), ((1, 2, 4.5), "alignment 0.")],
)
def test_pairs_that_are_never_graded_above_4_have_no_alignment_and_the_line_says_why(
    configure: Configure, tmp_path: Path, caplog: pytest.LogCaptureFixture, grades: Sequence[float], said: str
) -> None:
    rows = [f"{grade}\tthe dog runs {number}\ta man plays {number}\n" for number, grade in enumerate(grades)]
    (tmp_path / "own.tsv").write_text("".join(rows))
    run = make(configure(f"evaluation.pairs_dev={tmp_path}/own.tsv", "trainer.max_steps=1"))
    with caplog.at_level("INFO", logger="sentcse"):
        run.fit()
    lines = [line for line in caplog.messages if "uniformity" in line]
    assert len(lines) == 2
    assert all(said in line and "nan" not in line for line in lines)


def test_a_run_that_collapses_altogether_says_so(
    configure: Configure, scripted: Callable[[Sequence[float]], None], caplog: pytest.LogCaptureFixture
) -> None:
    scripted([math.nan] * 6)
    run = make(configure())
    with caplog.at_level("INFO", logger="sentcse"):
        run.fit()
    assert "collapsed (all cosines equal)" in caplog.text
    results = run.conclude()
    assert results["best"] == {"step": 2, "pairs_dev": None}
    assert results["initial"]["pairs_dev"] is None
    assert run.folder.results.is_file()


def test_evaluation_does_not_change_the_training(configure: Configure, tmp_path: Path) -> None:
    """The same weights whether it scores once or five times."""
    often, seldom = make(configure()), make(configure("evaluation.every_n_steps=1000", runs="others"))
    often.fit()
    seldom.fit()
    state = seldom.method.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in often.method.state_dict().items())


def test_words_for_scores() -> None:
    assert score_text(12.345) == "12.35" or score_text(12.345) == "12.34"
    assert score_text(math.nan).startswith("collapsed")


@pytest.mark.parametrize("select", ["info_nce", "alignment_uniformity"])
def test_sentences_that_are_not_trained_on_select_without_labels(configure: Configure, select: str) -> None:
    run = make(
        configure(
            "evaluation=none", f"evaluation.select={select}", "evaluation.held_out.share=0.2", "trainer.max_epochs=4"
        )
    )
    assert run.evaluation.held_out is not None
    assert (len(run.evaluation.held_out.texts), run.data.sentences) == (8, 32)
    run.fit()
    found = read_series(run.folder.metrics)[f"val/{select}"]
    assert next(iter(found)) == 0
    trained = {step: value for step, value in found.items() if step > 0}
    best = min(trained, key=lambda step: trained[step])  # lower is better
    assert run.evaluation.best == {"step": best, "score": trained[best]}
    results = run.conclude()
    assert results["best"] == {"step": best, select: trained[best]}
    assert results["initial"].keys() == {"info_nce", "alignment_uniformity"}
    assert (results["held_out"], results["test"]) == (8, {})


def test_what_the_discriminator_tells_right_selects(
    configure: Configure, of_method: Callable[[str], list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    run = make(
        configure(
            *of_method("diffcse"),
            "method.rtd_weight=1",
            "evaluation=none",
            "evaluation.select=rtd_accuracy",
            "evaluation.held_out.share=0.2",
            "trainer.max_epochs=4",
        )
    )
    run.fit()
    found = read_series(run.folder.metrics)["val/rtd_accuracy"]
    trained = {step: value for step, value in found.items() if step > 0}
    best = max(trained, key=lambda step: trained[step])  # higher is better
    assert len(set(found.values())) > 1
    assert run.evaluation.best == {"step": best, "score": trained[best]}
    results = run.conclude()
    # of the weights that were selected, whatever has been drawn since
    assert run.evaluation.scores(run.method, initial=False)["val/rtd_accuracy"] == trained[best]
    assert results["best"] == {"step": best, "rtd_accuracy": trained[best]}
    assert results["initial"].keys() == {"info_nce", "alignment_uniformity", "rtd_accuracy"}
    caplog.clear()
    with caplog.at_level("INFO", logger="sentcse"):
        run.report(results)
    assert re.match(r"rtd_accuracy +0\.\d{4} -> 0\.\d{4} \(step", caplog.messages[0])


def test_a_method_that_does_not_give_the_score_that_selects_is_refused_before_the_first_step(
    configure: Configure, of_method: Callable[[str], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make(configure(*of_method("diffcse"), "evaluation.select=rtd_accuracy", "evaluation.held_out.share=0.2"))
    monkeypatch.setattr(type(run.method), "score_held_out", lambda self, texts, *, seed: {"other": 1.0})
    with pytest.raises(ConfigError, match=r"DiffCSE gives none in score_held_out; there are info_nce, .*, other"):
        run.fit()
    assert not run.folder.last.exists()


def test_a_module_of_ones_own_is_scored_without_labels_by_its_encoder(configure: Configure) -> None:
    run = make(configure("evaluation=none", "evaluation.select=info_nce", "evaluation.held_out.share=0.2"))
    own: Any = SimpleNamespace(evaluation_encoder=run.method.evaluation_encoder)
    found = run.evaluation.scores(own, initial=True)
    assert found == run.evaluation.scores(run.method, initial=True)
    assert found.keys() == {"val/info_nce", "val/alignment_uniformity"}


def test_dev_tasks_are_scored_beside_what_selects_without_labels(configure: Configure) -> None:
    run = make(configure("evaluation.select=info_nce", "evaluation.held_out.share=0.2", "trainer.max_steps=2"))
    run.fit()
    assert set(scores(run.folder)) == {0, 2}
    assert set(read_series(run.folder.metrics)["val/alignment"]) == {0, 2}
    assert run.conclude()["best"].keys() == {"step", "info_nce"}


def test_scores_without_labels_beside_what_selects(configure: Configure) -> None:
    words = ("evaluation.label_free=true", "evaluation.held_out.share=0.2", "trainer.max_steps=2")
    run = make(configure(*words))
    run.fit()
    found = read_series(run.folder.metrics)
    assert set(found["val/info_nce"]) == set(found["val/alignment_uniformity"]) == set(scores(run.folder)) == {0, 2}
    results = run.conclude()
    assert (results["best"].keys(), results["held_out"]) == ({"step", "pairs_dev"}, 8)
    # the same sentences are held out as where these scores select, and training is the same
    other = make(configure(*words[1:], "evaluation.select=info_nce"))
    other.fit()
    assert read_series(other.folder.metrics)["val/info_nce"] == found["val/info_nce"]


def test_encoding_for_scores_in_bfloat16(configure: Configure) -> None:
    """Dev and test scores come from the same vectors as `encode(precision="bfloat16")` gives."""
    run = make(configure("evaluation.precision=bfloat16", "trainer.max_steps=2"))
    run.fit()
    results = run.conclude()
    exported = SentenceEncoder.from_pretrained(run.folder.encoder)
    half, whole = (
        evaluate_encoder(exported, run.evaluation.test_tasks, precision=precision).sts["pairs"]
        for precision in ("bfloat16", "float32")
    )
    assert results["test"]["pairs"]["spearman"] == pytest.approx(half.all, abs=1e-9)
    assert scores(run.folder)[2] == pytest.approx(
        evaluate_encoder(exported, run.evaluation.dev_tasks, precision="bfloat16").sts["pairs"].all, abs=1e-9
    )
    assert np.abs(half.cosines - whole.cosines).max() > 1e-5


def test_without_any_pairs_the_last_step_is_kept(configure: Configure, caplog: pytest.LogCaptureFixture) -> None:
    run = make(configure("evaluation=none", "evaluation.every_n_steps=4"))
    with caplog.at_level("INFO", logger="sentcse"):
        run.fit()
    results = run.conclude()
    assert (results["best"], results["initial"], results["test"]) == ({"step": 10}, {}, {})
    assert "step 10      nothing is scored (evaluation.dev is empty)  *" in caplog.messages
    assert not any(name.startswith("val/") for name in read_series(run.folder.metrics))
    assert not Path(run.config.runs.root, "untrained").exists()  # nothing to keep
