"""What the figures show is decided once: points, intervals, order, places."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_runs import Made, grid, make_runs

from sentcse.studies import chart_data, figures, interactive
from sentcse.studies.collect import collect
from sentcse.studies.statistics import cell_statistics, compare_series


def test_print_and_page_draw_the_same_points(tmp_path: Path) -> None:
    make_runs(tmp_path, grid(("simcse", "micse"), (64, 500), (48, 49, 50)))
    part = collect([tmp_path]).parts[0]
    picture = chart_data.low_shot(part, "stsb_test")
    over = cell_statistics(part, "micse", 500, "stsb_test")
    assert over is not None
    point = picture.series[1].points[1]
    assert (point.y, point.low, point.high) == (over.mean, over.low, over.high)
    assert point.words[0] == "500 sentences"
    assert point.words[-1] == "3 runs"
    printed = {bar.get_label(): bar.lines[0] for bar in figures.low_shot_figure(part, "stsb_test").axes[0].containers}
    traces = {trace["name"]: trace for trace in interactive.low_shot_figure(picture)["data"]}
    for series in picture.series:
        xs, ys = [each.x for each in series.points], [each.y for each in series.points]
        assert list(printed[series.label].get_xdata()) == traces[series.label]["x"] == xs
        assert list(printed[series.label].get_ydata()) == traces[series.label]["y"] == ys


def test_what_is_told_apart_is_marked(tmp_path: Path) -> None:
    make_runs(tmp_path, grid(("simcse", "diffcse"), (64,), range(48, 53)))
    part = collect([tmp_path]).parts[0]
    compared = compare_series(part, "stsb_test")
    (series,) = chart_data.differences(part, compared).series
    assert series.of == (1, 0)
    assert [point.marked for point in series.points] == [each.verdict in ("better", "worse") for each in compared]
    assert series.points[0].y == compared[0].estimate.mean  # type: ignore[union-attr]


def test_one_run_has_no_interval(tmp_path: Path) -> None:
    make_runs(tmp_path, [Made()])
    part = collect([tmp_path]).parts[0]
    (point,) = chart_data.low_shot(part, "stsb_test").series[0].points
    assert point.half_width == 0.0
    assert not any("interval" in words for words in point.words)


def test_the_untrained_score_does_not_press_the_rest_together() -> None:
    assert chart_data.far_side(70.0, [76.0, 78.0]) == "below"
    assert chart_data.far_side(80.0, [76.0, 78.0]) == "above"
    assert chart_data.far_side(75.5, [76.0, 78.0]) is None
    assert chart_data.far_side(75.0, []) is None
    assert chart_data.Untrained(70.0, "below").words == "untrained: 70.00 (below this axis)"


def test_selected_steps_are_counted(tmp_path: Path) -> None:
    make_runs(tmp_path, grid(("simcse",), (64,), range(48, 53)))
    part = collect([tmp_path]).parts[0]
    (picture,) = chart_data.best_steps(part)
    assert sum(point.y for point in picture.series[0].points) == 5
    assert {point.x for point in picture.series[0].points} == {run.record.best_step for run in part.done()}
    assert picture.last == pytest.approx(100)
