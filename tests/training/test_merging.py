"""Places between the start and the end of a run, scored."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch

from sentcse.config import TrainConfig
from sentcse.encoder import SentenceEncoder
from sentcse.errors import ConfigError
from sentcse.evaluation.scores.evaluator import evaluate_encoder
from sentcse.methods import SimCSE
from sentcse.records.run_folder import RunFolder
from sentcse.storage.checkpoint import load_checkpoint_encoder
from sentcse.storage.record import RECORD_FILE
from sentcse.training.configured_method import build_encoder
from sentcse.training.merging import best_place
from sentcse.training.run import EncoderRun, train
from sentcse.training.tasks import configured_tasks

Configure = Callable[..., TrainConfig]
COARSE = [0.0, 0.25, 0.5, 0.75, 1.0, 1.25]


@pytest.mark.parametrize(
    ("peak", "best", "more"),
    [
        (0.6, 0.625, [0.375, 0.625]),
        (0.4, 0.375, [0.375, 0.625]),
        (1.0, 1.0, [0.875, 1.125]),
        (2.0, 1.375, [1.125, 1.375]),
        (-1.0, 0.0, [0.125]),  # nothing lies before the start
    ],
)
@pytest.mark.parametrize("mode", ["max", "min"])
def test_the_best_of_the_places_and_of_those_around_it(peak: float, best: float, more: list[float], mode: Any) -> None:
    asked = []

    def score(alpha: float) -> float:
        asked.append(alpha)
        return (alpha - peak) ** 2 * (-1 if mode == "max" else 1)

    found = best_place(score, mode)
    assert (found.alpha, found.score) == (best, score(best))
    assert asked[:6] == COARSE
    assert asked[6:-1] == more
    assert list(found.scores) == sorted([*COARSE, *more])


def test_of_equal_scores_the_selected_step_wins_and_a_collapsed_place_never() -> None:
    assert best_place(lambda alpha: 5.0, "max").alpha == 1.0
    assert best_place(lambda alpha: -math.inf if alpha == 1.0 else -90.0, "max").alpha in (0.875, 1.125)


@pytest.mark.parametrize(
    "more", [[], ["evaluation.select=info_nce", "evaluation.held_out.share=0.2"], ["encoder.lora.rank=2"]]
)
def test_the_best_place_is_exported_and_recorded(configure: Configure, more: list[str]) -> None:
    config = configure("evaluation.merge=true", *more)
    results = train(config)
    folder, key = RunFolder(config), "info_nce" if len(more) == 2 else "pairs_dev"
    merge = results["merge"]
    scores = {float(place): score for place, score in merge["scores"].items()}
    assert set(COARSE) <= scores.keys()
    choose = min if key == "info_nce" else max
    assert scores[merge["alpha"]] == choose(scores.values()) == results["best"][key]
    # the start and the end of the line are the untrained encoder and the selected step
    assert scores[0.0] == pytest.approx(results["initial"][key], abs=1e-4)
    exported = SentenceEncoder.from_pretrained(folder.encoder)
    (dev,) = configured_tasks(config, "dev")
    if key == "pairs_dev":
        assert evaluate_encoder(exported, [dev]).sts["pairs"].all == pytest.approx(results["best"][key], abs=1e-3)
    start = build_encoder(config).backbone.state_dict()
    end = load_checkpoint_encoder(folder.best).backbone.state_dict()
    for name, tensor in exported.backbone.state_dict().items():
        line = torch.lerp(start[name], end[name], merge["alpha"])
        torch.testing.assert_close(tensor, line, rtol=1e-5, atol=1e-6)
    provenance = json.loads((folder.encoder / RECORD_FILE).read_text())["provenance"]
    assert (provenance["selection"]["alpha"], provenance["selection"]["places"]) == (merge["alpha"], len(scores))
    assert f"alpha = {merge['alpha']:g}" in (folder.encoder / "README.md").read_text()


def test_a_run_that_is_not_asked_to_does_not_merge(configure: Configure) -> None:
    config = configure("trainer.max_steps=2")
    results = train(config)
    assert "merge" not in results
    assert "alpha" not in (RunFolder(config).encoder / "README.md").read_text()


def test_a_head_that_training_began_with_at_random_is_refused_before_training(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a method from outside, of which the configuration cannot tell."""
    make = SimCSE.evaluation_encoder

    def with_head(self: SimCSE) -> SentenceEncoder:
        encoder = make(self)
        encoder.head = self.head
        return encoder

    monkeypatch.setattr(SimCSE, "evaluation_encoder", with_head)
    run = EncoderRun(configure("evaluation.merge=true"))
    with pytest.raises(ConfigError, match=r"evaluation.merge=true .* head of SimCSE at test time has no weights"):
        run.prepare()
