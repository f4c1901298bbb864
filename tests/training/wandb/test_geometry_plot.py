from __future__ import annotations

from pathlib import Path

from sentcse.records.metrics_file import MetricsFile
from sentcse.training.wandb.geometry_plot import geometry_rows, plot_geometry


def test_rows_are_the_evaluations_that_have_a_geometry(tmp_path: Path) -> None:
    file = MetricsFile(tmp_path / "metrics.csv")
    file.append({"val/a_spearman": 70.0, "val/alignment": 0.2, "val/uniformity": -2.0}, step=0)
    file.append({"train/loss": 1.0}, step=1)
    file.append({"val/a_spearman": 71.0, "val/uniformity": -2.1}, step=2)
    file.append({"val/b_spearman": 9.0, "val/alignment": 0.3, "val/uniformity": -2.2}, step=3)
    file.append({"val/a_spearman": 72.0, "val/alignment": 0.4, "val/uniformity": -2.3}, step=4)
    assert geometry_rows(file.path, "val/a_spearman") == [(0, 70.0, 0.2, -2.0), (4, 72.0, 0.4, -2.3)]
    assert geometry_rows(file.path, "val/loss") == []


def test_the_picture_shows_every_point_and_marks_the_selected_one() -> None:
    rows = [(0, 70.0, 0.2, -2.0), (10, 72.0, 0.3, -2.5), (20, 71.0, 0.4, -2.7)]
    (axes, bar) = plot_geometry(rows, title="mine", best_step=10).axes
    points, ring = axes.collections
    assert points.get_offsets().tolist() == [[-2.0, 0.2], [-2.5, 0.3], [-2.7, 0.4]]
    assert points.get_array().tolist() == [70.0, 72.0, 71.0]
    assert ring.get_offsets().tolist() == [[-2.5, 0.3]]
    assert [text.get_text() for text in axes.texts] == ["step 0", "step 20"]
    assert axes.get_title() == "mine"
    assert bar.get_ylabel() == "dev Spearman x 100"


def test_one_point_is_drawn_too() -> None:
    (axes, _) = plot_geometry([(5, 70.0, 0.2, -2.0)], title="", best_step=7).axes
    assert len(axes.collections) == 1
    assert [text.get_text() for text in axes.texts] == ["step 5"]


def test_where_no_labels_selected_there_is_no_picture(tmp_path: Path) -> None:
    file = MetricsFile(tmp_path / "metrics.csv")
    file.append({"val/info_nce": 0.5, "val/alignment": 0.2, "val/uniformity": -2.0}, 0)
    assert geometry_rows(file.path, "val/info_nce") == geometry_rows(file.path, None) == []
