from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import LineCollection

from sentcse.evaluation.reports.geometry_figure import draw_geometry
from sentcse.evaluation.scores.evaluator import evaluate_encoder


@pytest.fixture
def evaluation(make_encoder, make_task):
    generator = np.random.default_rng(0)
    task = make_task(
        "stsb", [(f"{i}", f"{i} again", float(gold)) for i, gold in enumerate(generator.uniform(0, 5, 60))]
    )
    return evaluate_encoder(make_encoder(lambda _: generator.normal(size=4)), [task], geometry_task=task)


def test_a_point_and_a_panel_for_each_encoder(evaluation):
    figure = draw_geometry({"one": evaluation, "two": evaluation})
    points, *panels = figure.axes
    assert len(panels) == 2
    x, y = points.collections[0].get_offsets()[0]
    assert (x, y) == pytest.approx((evaluation.geometry.uniformity, evaluation.geometry.alignment))
    labels = [text.get_text() for text in points.get_legend().get_texts()]
    assert labels == [f"{name}, STS-B {evaluation.sts['stsb'].all:.2f}" for name in ("one", "two")]
    # a filled histogram and a median in each bucket of gold
    assert [len(panel.collections) for panel in panels] == [10, 10]


def test_medians_are_those_of_the_buckets(evaluation):
    result = evaluation.sts["stsb"]
    medians = [np.median(result.cosines[np.ceil(result.gold) == bucket]) for bucket in range(1, 6)]
    panel = draw_geometry({"one": evaluation}).axes[1]
    lines = [collection for collection in panel.collections if isinstance(collection, LineCollection)]
    assert [line.get_segments()[0][0][1] for line in lines] == pytest.approx(medians)


def test_an_encoder_without_geometry_is_refused(make_encoder, make_task):
    task = make_task("stsb", [("a", "b", 1.0), ("a", "c", 2.0)])
    without = evaluate_encoder(make_encoder(lambda s: [len(s), ord(s[0])]), [task])
    with pytest.raises(ValueError, match="each with a geometry"):
        draw_geometry({"one": without})
    with pytest.raises(ValueError, match="at least one encoder"):
        draw_geometry({})
