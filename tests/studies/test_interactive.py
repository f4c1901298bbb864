"""The page's figures: the points of the pictures, in plotly's words."""

from __future__ import annotations

import math
from typing import Any

import pytest

from sentcse.printing.figures import look
from sentcse.studies import interactive
from sentcse.studies.chart_data import Picture, Point, Series, Untrained

EVIL = "<b>a & b</b>"


def line(label: str, place: int, *points: Point) -> Series:
    return Series(label, (place,), points)


def picture(*series: Series, **more: Any) -> Picture:
    return Picture("title", "across", "up", series, **more)


A = Point(64, 70.0, ("64 sentences", "x < y"), 69.0, 71.5)
B = Point(500, 72.0, ("500 sentences",))


def test_points_with_their_looks_and_words() -> None:
    figure = interactive.low_shot_figure(picture(line("simcse", 0, A, B), line(EVIL, 4, B), ticks=(64, 500)))
    first, second = figure["data"]
    assert (first["x"], first["y"], first["mode"]) == ([64, 500], [70.0, 72.0], "lines+markers")
    for trace, place in ((first, 0), (second, 4)):
        style = look(place)
        assert (trace["line"]["color"], trace["line"]["dash"]) == (style.colour, style.page_dash)
        assert trace["marker"]["symbol"] == style.page_marker
        assert trace["meta"] == {"series": place, "role": "line"}
    # one value has no bar; a bar is as long on either side
    assert first["error_y"]["array"] == [1.5, 0.0]
    assert first["hovertext"] == ["<b>simcse</b><br>64 sentences<br>x &lt; y", "<b>simcse</b><br>500 sentences"]
    assert second["name"] == "&lt;b&gt;a &amp; b&lt;/b&gt;"
    axis = figure["layout"]["xaxis"]
    assert (axis["type"], axis["tickvals"], axis["ticktext"]) == ("log", [64, 500], ["64", "500"])
    assert (axis["title"]["text"], figure["layout"]["yaxis"]["title"]["text"]) == ("across", "up")


def test_the_untrained_score_is_a_line_or_a_note() -> None:
    near = interactive.low_shot_figure(picture(line("a", 0, A), ticks=(64, 1000), untrained=Untrained(69.5, None)))
    reference = near["data"][-1]
    assert (reference["y"], reference["meta"]) == ([69.5, 69.5], {"series": -1, "role": "reference"})
    assert reference["x"][0] < 64 < 1000 < reference["x"][1]
    assert "annotations" not in near["layout"]
    far = interactive.low_shot_figure(picture(line("a", 0, A), ticks=(64,), untrained=Untrained(20.0, "below")))
    assert [each["text"] for each in far["layout"]["annotations"]] == ["untrained: 20.00 (below this axis)"]
    assert len(far["data"]) == 1


def test_a_band_goes_there_and_back_where_there_are_intervals() -> None:
    points = (Point(0, 70.0, ()), Point(25, 75.0, (), 74.0, 76.0), Point(50, 77.0, (), 76.5, 77.5))
    band, drawn, alone = interactive.learning_figure(picture(line("a", 2, *points), line("b", 1, B)))["data"]
    assert (band["x"], band["y"]) == ([25, 50, 50, 25], [76.0, 77.5, 76.5, 74.0])
    assert (band["meta"], band["hoverinfo"]) == ({"series": 2, "role": "band"}, "skip")
    assert drawn["x"] == [0, 25, 50]
    assert alone["meta"] == {"series": 1, "role": "line"}  # one run has no band


def test_a_marker_is_the_larger_the_more_runs_selected_its_step() -> None:
    steps = line("a", 0, Point(25, 1, ()), Point(100, 4, ()))
    figure = interactive.best_step_figure(picture(steps, line("b", 1, Point(50, 2, ())), last=200))
    first, second = figure["data"]
    assert first["marker"]["size"] == [14, 29]
    assert (first["x"], first["y"], first["text"]) == ([25, 100], ["a", "a"], [" 1", " 4"])
    assert second["y"] == ["b"]
    # the first series stands above
    assert figure["layout"]["yaxis"]["categoryarray"] == ["b", "a"]
    low, high = figure["layout"]["xaxis"]["range"]
    assert low < 0 < 200 < high


def test_a_difference_is_filled_where_it_is_told_apart() -> None:
    apart, not_apart = Point(64, 1.5, (), 1.0, 2.0), Point(1000, 0.1, (), -0.5, 0.7, marked=False)
    (trace,) = interactive.difference_figure(picture(Series("b \u2212 a", (1, 0), (apart, not_apart))))["data"]
    assert (trace["x"], trace["y"]) == ([1.5, 0.1], ["b \u2212 a, 64", "b \u2212 a, 1,000"])
    assert trace["error_x"]["array"] == pytest.approx([0.5, 0.6])
    assert trace["marker"]["symbol"] == ["circle", "circle-open"]
    assert trace["meta"] == {"series": -1, "role": "points", "of": [1, 0]}


def test_geometry_is_points_alone() -> None:
    (trace,) = interactive.geometry_figure(picture(line("a", 0, A, B)))["data"]
    assert trace["mode"] == "markers"
    assert "line" not in trace


def test_the_selected_step_of_a_run_is_large() -> None:
    points = (Point(0, 70.0, (), marked=False), Point(25, 75.0, ()))
    (trace,) = interactive.run_figure(picture(line("a", 3, *points)))["data"]
    assert trace["marker"]["size"] == [6, 11]
    with pytest.raises(ValueError, match="unpack"):
        interactive.run_figure(picture(line("a", 0, A), line("b", 1, B)))


def test_plotly_knows_every_attribute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interactive, "_error_bars", lambda series: {"no_such_attribute": 1})
    with pytest.raises(ValueError, match="no_such_attribute"):
        interactive.low_shot_figure(picture(line("a", 0, A), ticks=(64,)))


def test_no_interval_is_no_bar() -> None:
    assert math.isnan(B.low)
    assert (A.half_width, B.half_width) == (1.5, 0.0)
