"""Figures: the same bytes each time, told apart without colour, drawn for every study."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest
from made_runs import Made, grid, make_run, make_runs
from matplotlib.axes import Axes

from sentcse.studies import interactive
from sentcse.studies.chart_data import low_shot
from sentcse.studies.collect import collect
from sentcse.studies.figures import best_step_figure, learning_figure, low_shot_figure
from sentcse.studies.part import Part
from sentcse.studies.part_report import report_part
from sentcse.studies.write import part_figures


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> Part:
    folder = tmp_path_factory.mktemp("runs")
    make_runs(folder, grid(("simcse", "diffcse", "micse"), (64, 500, 10_000), range(48, 51)))
    return collect([folder]).parts[0]


def lines(axes: Axes) -> dict[str, tuple[list[float], list[float]]]:
    """Points of the labelled lines; an error bar's label is its container's."""
    bars = {bar.get_label(): bar.lines[0] for bar in axes.containers}
    plain = {line.get_label(): line for line in axes.lines if not str(line.get_label()).startswith("_")}
    return {str(name): (list(line.get_xdata()), list(line.get_ydata())) for name, line in {**plain, **bars}.items()}


def test_the_low_shot_figure_draws_the_means(part: Part) -> None:
    figure = low_shot_figure(part, "sts_avg_test")
    drawn = lines(figure.axes[0])
    for series, (sizes, means) in drawn.items():
        assert means == pytest.approx(
            [sum(v) / 3 for v in (part.values(series, n, "sts_avg_test") for n in part.sizes)]
        )
        assert sizes == pytest.approx(part.sizes, rel=0.15)
    assert figure.axes[0].get_xscale() == "log"
    assert list(drawn) == ["simcse", "diffcse", "micse"]
    for one, other in itertools.pairwise(drawn.values()):
        assert one[0] != other[0]  # error bars do not hide one another


def test_panels_by_size_or_by_method(part: Part) -> None:
    by_size = learning_figure(part)
    assert [axes.get_title() for axes in by_size.axes] == ["64 sentences", "500 sentences", "10,000 sentences"]
    by_method = learning_figure(part, by="method")
    assert [axes.get_title() for axes in by_method.axes] == ["simcse", "diffcse", "micse"]
    assert lines(by_size.axes[1])["micse"] == lines(by_method.axes[2])["500 sentences"]


def test_best_steps_are_counted(part: Part) -> None:
    (texts,) = [{text.get_text() for text in axes.texts} for axes in best_step_figure(part).axes[:1]]
    assert texts <= {"1", "2", "3"}
    assert texts


def test_the_untrained_score_is_a_line_wherever_the_error_bars_reach(tmp_path: Path) -> None:
    for seed, score in ((1, 80.0), (2, 90.0)):
        make_run(tmp_path, Made(seed=seed, scores=(("stsb_test", score),)))
    part = collect([tmp_path]).parts[0]
    untrained = part.untrained("stsb_test")
    assert untrained is not None
    figure = part_figures(report_part(part))["low_shot-stsb_test"]
    low, high = figure.axes[0].get_ylim()
    assert low < untrained < high
    assert not [text for text in figure.axes[0].texts if "this axis" in text.get_text()]
    page = json.dumps(interactive.low_shot_figure(low_shot(part, "stsb_test")))
    assert "untrained: " in page
    assert "this axis" not in page
